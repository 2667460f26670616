from __future__ import annotations

from sealock.model.imagename import parse
from sealock.rules.images import moves
from sealock.rules.kit import UNKNOWN, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class ImageMoves(Rule[Container]):
    """Image has no version.

    Without a tag, or with `latest`, you get whatever was pushed last: two hosts run different programs under one name,
    an update comes unasked, and after it nobody can say what ran before. Name a version; better, its digest too.
    """

    id = "C080"
    severity = Severity.MEDIUM
    reads = ("image", "privileged")
    references = (cis_docker("5.28"), cwe(1357), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "Name the version that you mean, as in nginx:1.27.2, and pin its digest: `sealock pin FILE`."
    bad = ("docker run nginx", "docker run ghcr.io/acme/app:latest", "docker run alpine:edge")
    good = (
        "docker run nginx:1.27.2",
        "docker run nginx@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if not isinstance(container.image, str) or container.detach is UNKNOWN:
            return
        if parse(container.image) is None:
            yield self.skip(f"{container.image} is no image name", "image")
        elif (promise := moves(container.image)) is not None:
            yield self.finding(promise.message, "image", severity=promise.severity, confidence=promise.confidence)
