from __future__ import annotations

from sealock.rules.images import unpinned
from sealock.rules.kit import UNKNOWN, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class ImageUnpinned(Rule[Container]):
    """Image is not pinned by digest.

    A tag is a name that its owner, or whoever has taken over the account, can move to another image at any time. A
    digest is the hash of the image itself: what runs is what was looked at. `sealock pin` writes digests and renews
    them, so that updates still arrive, as changes that can be read.
    """

    id = "C081"
    severity = Severity.LOW
    reads = ("image", "privileged")
    references = (cis_docker("6.1"), cwe(494), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "`sealock pin FILE` writes the digest behind the tag, and renews it later: nginx:1.27.2@sha256:…."
    bad = ("docker run nginx:1.27.2", "docker run ghcr.io/acme/app:1")
    good = (
        "docker run nginx:1.27.2@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
        "docker run nginx@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.detach is UNKNOWN or not isinstance(container.image, str):
            return
        if (message := unpinned(container.image)) is not None:
            yield self.finding(message, "image")
