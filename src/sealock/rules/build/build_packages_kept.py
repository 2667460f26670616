from __future__ import annotations

from sealock.rules.build._ran import Call, calls, reaches_image
from sealock.rules.downloads import option_text
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker


class BuildPackagesKept(Rule[Build]):
    """Virtual build packages are not removed (apk --virtual).

    `apk add --virtual NAME` names a group of packages so that `apk del NAME` can remove them after the build. This
    Dockerfile never removes them, or only in a later layer, which does not make the image smaller.
    """

    id = "B190"
    keywords = ("apk", "--virtual", "build dependencies")
    severity = Severity.INFO
    references = (cis_docker("4.3"),)
    remedy = "End the same RUN with `&& apk del NAME`, or build in a separate stage."
    bad = (
        "FROM alpine:3.20\nRUN apk add --no-cache --virtual .build gcc && make\n",
        "FROM alpine:3.20\nRUN apk add --no-cache -t .build gcc && make\nRUN apk del .build\n",
    )
    good = (
        "FROM alpine:3.20\nRUN apk add --no-cache --virtual .build gcc && make && apk del .build\n",
        "FROM alpine:3.20\nRUN apk add --no-cache --virtual .app-rundeps libpq\n",
        "FROM alpine:3.20 AS build\nRUN apk add --no-cache --virtual .build gcc && make\nFROM alpine:3.20\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        removed = {(call.ran.at, word.text) for call in calls(build, ("apk",), ("del",)) for word in call.operands}
        for call in calls(build, ("apk",), ("add",)):
            name = _group(call)
            # By convention a group with "run" in its name has run-time dependencies.
            if name and "run" not in name and call.ran.stage.index in reaching and (call.ran.at, name) not in removed:
                yield self.finding(
                    f"keeps the build packages of {name[:40]}", call.ran.at, place=call.ran.command.place
                )


def _group(call: Call) -> str:
    return option_text(call.ran.command, "--virtual", "-t") or ""
