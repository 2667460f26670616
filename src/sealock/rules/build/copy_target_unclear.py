from __future__ import annotations

from sealock.model.build import AddFile, Copy
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class CopyTargetUnclear(Rule[Build]):
    """COPY of several sources to a target without a trailing slash.

    BuildKit rejects it: several files cannot become one, and only the trailing slash makes the target a directory.
    """

    id = "B154"
    keywords = ("COPY", "trailing slash")
    aliases = ("DL3021", "DS-0011")
    severity = Severity.LOW
    safe = True
    references = (docker_docs("reference/dockerfile/#destination-1"),)
    remedy = "End the target with a slash."
    bad = ("FROM debian:12\nCOPY a b /app\n", 'FROM debian:12\nADD ["a", "b c", "/app"]\n')
    good = (
        "FROM debian:12\nCOPY a b /app/\n",
        "FROM debian:12\nWORKDIR /app\nCOPY a b .\n",
        "FROM debian:12\nCOPY a /app\n",
        "FROM debian:12\nARG TO\nCOPY a b $TO\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, copy in build.each(Copy, AddFile):
            if len(copy.sources) > 1 and isinstance(copy.target.value, str):
                target = copy.target.value
                if target.endswith(("/", "\\", "/.")) or target in {".", "..", ""}:
                    continue
                quoted = copy.target.raw[-1:] in {'"', "'"}
                end = copy.target.place.end - quoted
                yield self.finding(
                    f"copies several sources to {target[:80]} without a trailing slash",
                    at,
                    place=copy.target.place,
                    fix=Edit(Place(end, end), "/"),
                )
