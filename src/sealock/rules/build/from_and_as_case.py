from __future__ import annotations

from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class FromAndAsCase(Rule[Build]):
    """FROM and AS are not written in the same case.

    BuildKit warns of `FROM … as`: the eye looks for keywords in one spelling.
    """

    id = "B146"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/from-as-casing/"),)
    remedy = "Write both in upper case."
    bad = ("FROM debian:12 as build\nRUN make\n",)
    good = ("FROM debian:12 AS build\nRUN make\n", "FROM debian:12\nRUN make\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            start = stage.start
            if start.alias is None:
                continue
            between = Place(start.image.place.end, start.alias.place.start)
            text = build.excerpt(between)
            found = text.lower().find("as")
            if found < 0:
                continue
            word = text[found : found + 2]
            lower = build.excerpt(start.keyword_place).islower()
            if word.islower() != lower or word not in {"as", "AS"}:
                at = between.start + found
                yield self.finding(
                    f"writes {build.excerpt(start.keyword_place)} and {word}",
                    ("stages", stage.index),
                    place=Place(at, at + 2),
                    fix=Edit(Place(at, at + 2), "as" if lower else "AS"),
                )
