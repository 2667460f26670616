from __future__ import annotations

from sealock.rules.build._images import base_images
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs

_MOVING: Final = frozenset({"edge", "nightly", "main", "master", "dev", "devel", "develop", "unstable", "rolling", "canary", "next", "snapshot", "sid", "rawhide", "tip", "head"})  # fmt: skip  # noqa: E501  a list of names


class BaseImageLatest(Rule[Build]):
    """Base image tag is latest, or another that moves by design.

    `latest` says nothing of what is inside: it is whatever was pushed last, and so are `edge`, `nightly` or `main`.
    Builds cannot be repeated, and a broken or hostile push is taken at once. Name a version, and pin its digest.
    """

    id = "B002"
    severity = Severity.MEDIUM
    references = (cis_docker("5.28"), cwe(1357), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "Name the version that you build on, as in `node:22.11-slim`, and pin its digest: `sealock pin FILE`."
    fixable = False
    bad = ("FROM node:latest\n", "ARG TAG=latest\nFROM ghcr.io/acme/base:${TAG}\n", "FROM alpine:edge\n")
    good = (
        "FROM node:22.11-slim\n",
        "FROM node:latest@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for named in base_images(build):
            if named.image is None:
                yield self.skip(f"the image {named.text} hangs on a build argument", named.at)
            elif named.image.digest is None and named.image.tag is not None:
                tag = named.image.tag.lower()
                if tag == "latest" or tag.startswith("latest-") or tag.endswith("-latest"):
                    yield self.finding(f"builds on {named.text}, whatever that is today", named.at, place=named.place)
                elif tag in _MOVING:
                    yield self.finding(
                        f"builds on {named.text}, a tag that moves by design",
                        named.at,
                        place=named.place,
                        severity=Severity.LOW,
                    )
