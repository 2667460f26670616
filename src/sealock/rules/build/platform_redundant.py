from __future__ import annotations

from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class PlatformRedundant(Rule[Build]):
    """Redundant FROM --platform.

    BuildKit pulls the base image for the target platform by default, so --platform=$TARGETPLATFORM changes nothing.
    """

    id = "B151"
    keywords = ("platform", "redundant", "TARGETPLATFORM")
    aliases = ("DL3065", "RedundantTargetPlatform")
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/redundant-target-platform/"),)
    remedy = "Remove --platform."
    bad = ("FROM --platform=$TARGETPLATFORM debian:12\n", "FROM --platform=${TARGETPLATFORM} debian:12 AS a\n")
    good = ("FROM --platform=$BUILDPLATFORM debian:12\n", "FROM debian:12\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            flag = stage.start.flag("platform")
            if (
                flag is not None
                and flag.value is not None
                and flag.value.raw in {"$TARGETPLATFORM", "${TARGETPLATFORM}"}
            ):
                end = flag.place.end + (build.text[flag.place.end : flag.place.end + 1] == " ")
                yield self.finding(
                    "sets --platform to the target platform, which is the default",
                    ("stages", stage.index),
                    place=flag.place,
                    fix=Edit(Place(flag.place.start, end), ""),
                )
