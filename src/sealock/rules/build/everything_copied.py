from __future__ import annotations

from sealock.model.build import Copy
from sealock.rules.build._ran import bases
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_FILES_ONLY: Final = frozenset({"tonistiigi/xx"})
"""Images without a distribution, which are there to be copied whole."""


class EverythingCopied(Rule[Build]):
    """Whole file system is copied from another stage.

    `COPY --from=build / /` copies the build tools, caches, sources and credentials of the other stage into the image,
    which multi-stage builds exist to prevent. Copy only the files that the program needs. (Onto an empty image it
    squashes layers, and from a stage on an empty image it copies only what was put there: both are fine.)
    """

    id = "B011"
    keywords = ("stage", "COPY --from", "root file system")
    aliases = ("DL3067",)
    severity = Severity.LOW
    references = (docker_docs("build/building/multi-stage/"),)
    remedy = "Copy the finished program and its dependencies by path."
    fixable = False
    bad = ("FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:12\nCOPY --from=build / /\n",)
    good = (
        "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:12\nCOPY --from=build /app /app\n",
        "FROM debian:12 AS all\nFROM scratch\nCOPY --from=all / /\n",
        "FROM scratch AS files\nCOPY a /a\nFROM debian:12\nCOPY --from=files / /\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        images = bases(build)
        for at, stage, copy in build.each(Copy):
            if copy.source_image is None or stage.start.image.text == "scratch":
                continue
            base = copy.source_image.text if copy.stage is None else (images[copy.stage : copy.stage + 1] or [""])[0]
            if base != "scratch" and base.partition(":")[0] not in _FILES_ONLY:
                for source in copy.sources:
                    if source.text in {"/", "/*", "/."}:
                        origin = copy.source_image.text
                        yield self.finding(f"copies everything from {origin}", at, place=source.place, evidence=origin)
