from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import calls, mounted, once_each, reaches_image, removes
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, page


class ApkCacheKept(Rule[Build]):
    """Package index of apk stays in the image.

    `apk add` keeps the index that it fetched in /var/cache/apk, unless told --no-cache: weight that the program never
    reads.
    """

    id = "B111"
    severity = Severity.INFO
    safe = True
    references = (page("Alpine wiki, apk", "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"),)
    remedy = "Add --no-cache, which also makes `apk update` needless."
    bad = (
        "FROM alpine:3.20\nRUN apk add curl\n",
        "FROM alpine:3.20\nRUN apk update && apk add curl git\n",
        "FROM alpine:3.20\nRUN apk --update add curl\n",
    )
    good = (
        "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
        "FROM alpine:3.20\nRUN apk --no-cache add curl\n",
        "FROM alpine:3.20\nRUN apk add --update curl && rm -rf /var/cache/apk/*\n",
        "FROM alpine:3.20\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        kept = once_each(_kept)
        for call in calls(build, ("apk",), ("add", "update", "upgrade")):
            run = call.ran.run
            if call.ran.stage.index not in reaching or call.has("--no-cache"):
                continue
            if kept(call.ran):
                yield self.finding(
                    f"`apk {call.verb.text}` leaves its index in the layer",
                    call.ran.at,
                    place=call.verb.place,
                    fix=insert_after(run, call.verb, "--no-cache"),
                )


def _kept(run: Run) -> bool:
    return not mounted(run, "/var/cache/apk", "/etc/apk/cache") and not removes(run, "/var/cache/apk")
