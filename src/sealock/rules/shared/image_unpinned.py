from __future__ import annotations

from sealock.rules.images import moves
from sealock.rules.kit import Build, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.shared._images import named_images


class ImageUnpinned(Rule[Build | Container]):
    """Image is not pinned by digest.

    Its owner, or an attacker with the owner's account, can move a tag to another image at any time. A digest is the
    hash of the image itself, so you always pull the image that you checked. `sealock pin` writes digests and renews
    them, so that updates still arrive, as changes that you can review. (C080 reports images without a tag and with a
    moving one.)
    """

    id = "C081"
    keywords = ("digest", "pin", "sha256")
    aliases = ("CKV_K8S_43",)
    differs = (("CKV_K8S_43", "C080 reports a tag that moves instead"),)
    kinds = ("build", "container")
    severity = Severity.LOW
    reads = ("image",)
    references = (cis_docker("6.1"), cwe(494), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "`sealock pin FILE` adds the digest of the tag, and renews it later: `debian:12.8@sha256:…`."
    fixable = False
    bad = (
        "FROM debian:12.8\n",
        "FROM golang:1.23 AS build\nRUN go build\nFROM scratch\nCOPY --from=build /x /x\n",
        "docker run nginx:1.27.2",
        "docker run ghcr.io/acme/app:1",
        "services:\n  web:\n    image: nginx:1.27.2\n",
    )
    good = (
        "FROM debian:12.8@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
        "FROM scratch\n",
        "docker run nginx:1.27.2@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
        "docker run nginx@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
        (
            "services:\n  app:\n    build: .\n    image: app:1\n  web:\n"
            "    image: nginx:1.27@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n"
        ),
    )

    def check(self, noun: Build | Container, /) -> Iterator[RuleFinding]:
        for named in named_images(noun):
            if named.image is None:
                yield self.skip(named.unclear, named.at)
            elif named.image.digest is None and moves(named) is None:
                yield self.finding(f"{named.use} {named.text} by tag, without a digest", named.at, place=named.place)
