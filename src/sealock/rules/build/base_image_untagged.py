from __future__ import annotations

from sealock.rules.build._images import base_images
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class BaseImageUntagged(Rule[Build]):
    """Base image has no tag.

    Without a tag the registry's "latest" is taken: whatever was pushed last. Two builds of one Dockerfile then
    start from different images, and a bad push reaches you at once and unseen. Name a version, and pin its digest:
    `FROM debian:12.8@sha256:…`.
    """

    id = "B001"
    severity = Severity.MEDIUM
    references = (cis_docker("5.28"), cwe(1357), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "Name the version that you build on, as in `debian:12.8`, and pin its digest: `sealock pin FILE`."
    fixable = False
    bad = ("FROM debian\nUSER nobody\n", "FROM golang AS build\nFROM alpine:3.20\nCOPY --from=build /x /x\n")
    good = (
        "FROM debian:12.8\n",
        "FROM scratch\nCOPY x /\n",
        "ARG TAG=3.20\nFROM alpine:${TAG} AS base\nFROM base\n",
        "FROM debian@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for named in base_images(build):
            if named.image is None:
                yield self.skip(f"the image {named.text} hangs on a build argument", named.at)
            elif named.image.tag is None and named.image.digest is None:
                yield self.finding(f"builds on {named.text} without a tag", named.at, place=named.place)
