from __future__ import annotations

from sealock.rules.build._images import base_images
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class BaseImageUndigested(Rule[Build]):
    """Base image is not pinned by digest.

    A tag is a name that its owner, or whoever has taken over the account, can move to another image at any time. A
    digest is the hash of the image itself: what is pulled is what was looked at. `sealock pin` writes digests and
    renews them, so that updates still arrive, as changes that can be read. (Images without a tag, and with
    `latest`, have rules of their own.)
    """

    id = "B003"
    severity = Severity.LOW
    references = (cis_docker("6.1"), cwe(494), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "`sealock pin FILE` writes the digest behind the tag, and renews it later: `debian:12.8@sha256:…`."
    fixable = False
    bad = ("FROM debian:12.8\n", "FROM golang:1.23 AS build\nRUN go build\nFROM scratch\nCOPY --from=build /x /x\n")
    good = (
        "FROM debian:12.8@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
        "FROM scratch\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for named in base_images(build):
            if named.image is None:
                yield self.skip(f"the image {named.text} hangs on a build argument", named.at)
            elif named.image.digest is None and named.image.tag not in {None, "latest"}:
                yield self.finding(f"takes {named.text} by a tag that can be moved", named.at, place=named.place)
