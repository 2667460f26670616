from __future__ import annotations

from sealock.rules.images import unpinned
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class ServiceImageUnpinned(Rule[Project]):
    """Service's image is not pinned by digest.

    A tag is a name that its owner, or whoever has taken over the account, can move to another image at any time. A
    digest is the hash of the image itself: what runs is what was looked at. `sealock pin` writes digests and renews
    them, so that updates still arrive, as changes that can be read.
    """

    id = "P021"
    severity = Severity.LOW
    references = (cis_docker("6.1"), cwe(494), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "`sealock pin FILE` writes the digest behind the tag, and renews it later: nginx:1.27.2@sha256:…."
    bad = ("services:\n  web:\n    image: nginx:1.27.2\n",)
    good = (
        (
            "services:\n  app:\n    build: .\n    image: app:1\n  web:\n"
            "    image: nginx:1.27@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        built = {service.container.image for service in project.services if service.build}
        for service in project.services if project.kind == "compose" else ():
            image = service.container.image
            if service.build is None and isinstance(image, str) and image not in built and (words := unpinned(image)):
                yield self.finding(words, ("services", service.name, "image"))
