from __future__ import annotations

from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker


class WgetAndCurl(Rule[Build]):
    """Both wget and curl are used.

    They do the same job: one of them is an unneeded package, with its libraries and vulnerabilities.
    """

    id = "B118"
    keywords = ("wget", "curl")
    aliases = ("DL4001", "DS-0014")
    differs = (("DL4001", "by stage"),)
    severity = Severity.INFO
    references = (cis_docker("4.3"),)
    remedy = "Use only one of the two."
    bad = ("FROM debian:12\nRUN curl -fsSO https://example.org/a && wget -q https://example.org/b\n",)
    good = (
        "FROM debian:12\nRUN curl -fsSO https://example.org/a && curl -fsSO https://example.org/b\n",
        "FROM debian:12 AS a\nRUN wget -q https://example.org/b\nFROM debian:12\nRUN curl -fsSO https://example.org/a\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        first: dict[int, str] = {}
        reported: set[int] = set()
        for call in sorted(ran(build, "wget", "curl"), key=lambda call: call.command.place.start):
            name, stage = call.command.name, call.stage.index
            if first.setdefault(stage, name) != name and stage not in reported:
                reported.add(stage)
                yield self.finding(
                    f"uses {name} in addition to {first[stage]}", call.at, place=call.command.words[0].place
                )
