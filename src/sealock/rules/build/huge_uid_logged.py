from __future__ import annotations

from sealock.model.shell import Command
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import ran
from sealock.rules.downloads import option_text
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs

_LARGE = 100_000


class HugeUidLogged(Rule[Build]):
    """useradd with a large UID without --no-log-init.

    useradd reserves space for the UID in /var/log/lastlog and faillog: sparse files that look hundreds of megabytes
    long and that the layer's tar archive stores in full.
    """

    id = "B119"
    keywords = ("useradd", "UID", "no-log-init")
    aliases = ("DL3046",)
    severity = Severity.LOW
    safe = True
    references = (docker_docs("build/building/best-practices/#user"),)
    remedy = "Add --no-log-init, or use a smaller UID."
    bad = ("FROM debian:12\nRUN useradd -u 1000730000 app\n", "FROM debian:12\nRUN useradd --uid=1000730000 -m app\n")
    good = (
        "FROM debian:12\nRUN useradd --no-log-init -u 1000730000 app\n",
        "FROM debian:12\nRUN useradd -lu 1000730000 app\n",
        "FROM debian:12\nRUN useradd -u 10001 app\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "useradd"):
            number = _number(call.command)
            if number >= _LARGE and not call.command.option("-l", "--no-log-init"):
                yield self.finding(
                    f"creates a huge lastlog for UID {number}",
                    call.at,
                    place=call.command.place,
                    fix=insert_after(call.run, call.command.words[0], "--no-log-init"),
                )


def _number(command: Command) -> int:
    text = option_text(command, "-u", "--uid")
    return int(text) if text and len(text) < 12 and text.isascii() and text.isdigit() else 0
