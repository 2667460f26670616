from __future__ import annotations

from sealock.rules.build._images import copied_images, is_context
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class CopiedImageUnpinned(Rule[Build]):
    """COPY --from or RUN --mount uses an unpinned image.

    `COPY --from=IMAGE` and `RUN --mount=…,from=IMAGE` copy programs of another image into yours, or run them. Without a
    digest you get whatever the tag points to today; without a tag, whatever was pushed last.
    """

    id = "B010"
    keywords = ("unpinned", "COPY --from", "digest", "pin")
    aliases = ("DL3022",)
    differs = (("DL3022", "a pinned image is fine, since COPY --from accepts images too"),)
    severity = Severity.LOW
    references = (cis_docker("4.2"), cwe(494), docker_docs("reference/dockerfile/#copy---from"))
    remedy = "Pin the image by tag and digest (`sealock pin FILE` does it), or give it its own FROM."
    fixable = False
    bad = (
        "FROM python:3.12\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv\n",
        "FROM debian:12\nCOPY --from=busybox:1.36 /bin/busybox /bin/\n",
        "FROM debian:12\nRUN --mount=type=bind,from=golang,source=/x,target=/x go build\n",
    )
    good = (
        "FROM golang:1.23 AS build\nFROM debian:12\nCOPY --from=build /x /x\nCOPY --from=0 /y /y\n",
        (
            "FROM debian:12\n"
            "COPY --from=busybox@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778 /x /\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for named in copied_images(build):
            if named.image is None or named.image.digest is not None:
                continue
            moving = named.image.tag in {None, "latest"}
            how = "without a fixed tag or digest" if moving else "by a tag that can move"
            yield self.finding(
                f"uses {named.text} {how}",
                named.at,
                place=named.place,
                severity=Severity.MEDIUM if moving else Severity.LOW,
                confidence=Confidence.LOW if is_context(named) else Confidence.HIGH,
            )
