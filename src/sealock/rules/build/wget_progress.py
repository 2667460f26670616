from __future__ import annotations

from sealock.model.distributions import distributions
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, man

_QUIET = (
    "-q",
    "--quiet",
    "--no-verbose",
    "--progress",
    "-o",
    "--output-file",
    "-a",
    "--append-output",
    "-b",
    "--background",
)


class WgetProgress(Rule[Build]):
    """wget without --progress fills the build log.

    Without a terminal wget prints a line of dots per 50 KB: thousands of lines for a large file hide the lines that
    matter.
    """

    id = "B120"
    keywords = ("wget", "progress")
    aliases = ("DL3047",)
    differs = (("DL3047", "not on Alpine and busybox, whose wget has no such option"),)
    severity = Severity.INFO
    safe = True
    references = (man("wget", 1),)
    remedy = "Add --progress=dot:giga, or -nv."
    bad = ("FROM debian:12\nRUN wget https://example.org/large.iso\n",)
    good = (
        "FROM debian:12\nRUN wget --progress=dot:giga https://example.org/large.iso\n",
        "FROM debian:12\nRUN wget -qO- https://example.org/x\n",
        "FROM debian:12\nRUN wget -nv https://example.org/x\n",
        "FROM debian:12\nARG OPTIONS=-q\nRUN wget $OPTIONS https://example.org/x\n",
        "FROM alpine:3.20\nRUN wget https://example.org/x\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        below = distributions(build)
        for call in ran(build, "wget"):
            command = call.expanded
            if command.option(*_QUIET) or any(text.startswith("-nv") for text in command.arguments):
                continue
            if len(command.words) > 1 and below[call.stage.index] not in {"alpine", "busybox"}:
                yield self.finding(
                    "prints the progress of wget to the build log",
                    call.at,
                    place=command.words[0].place,
                    fix=insert_after(call.run, command.words[0], "--progress=dot:giga"),
                )
