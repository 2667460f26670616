from __future__ import annotations

from sealock.model.build import StopSignal
from sealock.rules.build._fixes import delete_instruction
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class UnhandledStopSignal(Rule[Build]):
    """STOPSIGNAL cannot be handled (SIGKILL, SIGSTOP).

    SIGKILL ends the program at once and SIGSTOP only freezes it: it cannot close files and connections cleanly.
    """

    id = "B162"
    keywords = ("STOPSIGNAL", "SIGKILL")
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#stopsignal"),)
    remedy = "Remove it (Docker then sends SIGTERM), or name the signal on which the program shuts down."
    bad = ("FROM debian:12\nSTOPSIGNAL SIGKILL\n", "FROM debian:12\nSTOPSIGNAL 9\nCMD x\n")
    good = ("FROM debian:12\nSTOPSIGNAL SIGQUIT\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, stop in build.each(StopSignal):
            if stop.signal.text.upper().removeprefix("SIG") in {
                "KILL",
                "9",
                "STOP",
                "19",
            }:
                yield self.finding(
                    f"stops with {stop.signal.text}, which the program cannot handle",
                    at,
                    place=stop.signal.place,
                    fix=delete_instruction(build, stop),
                )
