from __future__ import annotations

from sealock.model.imagename import parse
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs

_DOCKERS: Final = frozenset({"docker/dockerfile", "docker/dockerfile-upstream"})


class UntrustedFrontend(Rule[Build]):
    """Untrusted or unpinned Dockerfile frontend (# syntax).

    `# syntax=` names an image that runs before anything else: it reads the whole build context and decides what is
    built. Anyone who can push to its name controls the build. Use Docker's frontend (`docker/dockerfile:1`), or pin
    another by digest.
    """

    id = "B007"
    keywords = ("frontend", "syntax", "BuildKit")
    severity = Severity.MEDIUM
    references = (cis_docker("4.2"), cwe(829), docker_docs("build/buildkit/frontend/"))
    remedy = "Use `# syntax=docker/dockerfile:1`, or pin the frontend by digest."
    fixable = False
    bad = (
        "# syntax=images.example.net/frontend:1\nFROM scratch\n",
        "# syntax=docker/dockerfile\nFROM scratch\n",
        "# syntax=docker/dockerfile:latest\nFROM scratch\n",
    )
    good = (
        "# syntax=docker/dockerfile:1\nFROM scratch\n",
        "# syntax=acme/front@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\nFROM scratch\n",
        "FROM scratch\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for directive in build.directives:
            name = parse(directive.value.split(" ")[0]) if directive.name == "syntax" else None
            if name is None or name.digest is not None:
                continue
            if name.registry != "docker.io" or name.repository not in _DOCKERS:
                yield self.finding(f"runs the unpinned frontend {name.familiar} in every build", place=directive.place)
            elif name.tag in {None, "latest", "master"}:
                yield self.finding(
                    f"uses the frontend {name.familiar} without a version", place=directive.place, severity=Severity.LOW
                )
