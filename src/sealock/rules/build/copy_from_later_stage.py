from __future__ import annotations

from sealock.model.build import Copy
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CopyFromLaterStage(Rule[Build]):
    """COPY --from a later stage.

    Older builders know only the stages above: they take the name for an image and pull whatever exists under that name
    on Docker Hub. Other builders run the stages in a different order than the file shows.
    """

    id = "B156"
    keywords = ("COPY --from", "stage")
    severity = Severity.LOW
    references = (docker_docs("build/building/multi-stage/"),)
    remedy = "Move the stage above the one that copies from it."
    bad = ("FROM debian:12 AS app\nCOPY --from=assets /a /\nFROM debian:12 AS assets\nRUN make\n",)
    good = ("FROM debian:12 AS assets\nRUN make\nFROM debian:12\nCOPY --from=assets /a /\nCOPY --from=0 /b /\n",)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, stage, copy in build.each(Copy):
            if copy.source_image is not None and copy.stage is not None and copy.stage > stage.index:
                yield self.finding(
                    f"copies from {copy.source_image.text}, a later stage", at, place=copy.source_image.place
                )
