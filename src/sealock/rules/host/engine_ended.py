from __future__ import annotations

from sealock.rules.kit import (
    Confidence,
    Final,
    Host,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    docker_docs,
    given,
)

_SUPPORTED: Final = 25


class EngineEnded(Rule[Host]):
    """Docker Engine has reached end of support.

    Holes in it are found and published, and no version of that line is mended any more. Distributions keep some old
    versions alive with patches of their own: theirs count by the distribution's support.
    """

    id = "H006"
    keywords = ("end of support", "end of life", "EOL", "Docker version")
    severity = Severity.MEDIUM
    reads = ("components",)
    references = (cis_docker("1.2.2"), docker_docs("engine/release-notes/"))
    remedy = 'Update the engine; with "live-restore" containers run on meanwhile.'
    fixable = False
    confidence = Confidence.HIGH
    bad = ('{"observed": {"host": {"components": [{"name": "engine", "version": "20.10.5"}]}}}',)
    good = (
        '{"observed": {"host": {"components": [{"name": "engine", "version": "28.1.0"}]}}}',
        '{"observed": {"host": {"components": [{"name": "podman", "version": "4.3.1"}]}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for one in given(host.components, ()):
            major = one.version.partition(".")[0]
            if one.name == "engine" and major.isdigit() and int(major) < _SUPPORTED:
                own = "+" in one.version or "~" in one.version or "-" in one.version
                yield self.finding(
                    f"runs Docker {one.version}, whose line gets no updates from Docker",
                    evidence=major,
                    confidence=Confidence.MEDIUM if own else None,
                )
