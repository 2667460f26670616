from __future__ import annotations

from sealock.rules.kit import (
    Confidence,
    DatedRule,
    Host,
    Iterator,
    RuleFinding,
    Severity,
    cis_docker,
    docker_docs,
    given,
)


class EngineEnded(DatedRule[Host]):
    """Docker Engine has reached end of support.

    Vulnerabilities in it are found and published, but Docker no longer fixes them in that line. Distributions patch
    some old versions themselves; for those, the distribution's support counts.
    """

    id = "H006"
    keywords = ("end of support", "end of life", "EOL", "Docker version")
    severity = Severity.MEDIUM
    reads = ("components",)
    references = (cis_docker("1.2.2"), docker_docs("engine/release-notes/"))
    remedy = 'Update the engine; with "live-restore" containers keep running.'
    fixable = False
    confidence = Confidence.HIGH
    bad = (
        '{"observed": {"host": {"components": [{"name": "engine", "version": "20.10.5"}]}}}',
        '{"observed": {"host": {"components": [{"name": "engine", "version": "20.10.5+dfsg1"}]}}}',
    )
    good = (
        '{"observed": {"host": {"components": [{"name": "engine", "version": "29.1.0"}]}}}',
        '{"observed": {"host": {"components": [{"name": "podman", "version": "4.3.1"}]}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for component in given(host.components, ()):
            version = component.version.removeprefix("v")
            if component.name == "engine" and (day := self.support.ended("docker", version, self.today)):
                distribution = "+" in version or "~" in version or "-" in version
                yield self.finding(
                    f"runs Docker {component.version}, which has had no updates from Docker since {day}",
                    evidence=version.partition(".")[0],
                    confidence=Confidence.MEDIUM if distribution else None,
                )
