from __future__ import annotations

import re

from sealock.model.shell import Command, Word
from sealock.rules.build._commands import bundled, drop, known, line, rewrite
from sealock.rules.build._ran import calls
from sealock.rules.build._written import writings
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_OPTIONS: Final = frozenset({"--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", "--allow-releaseinfo-change-insecure"})  # fmt: skip  # noqa: E501  a list of options
_SETTING: Final = re.compile(
    r"(?:AllowUnauthenticated|AllowInsecureRepositories|AllowDowngradeToInsecureRepositories|AllowWeakRepositories|force-yes)"
    r"[\s=\"']+(?:true|1|yes|on)\b|Verify-(?:Peer|Host)[\s=\"']+(?:false|0|no|off)\b",
    re.IGNORECASE,
)


class AptUnauthenticated(Rule[Build]):
    """apt installs packages without checking their signatures.

    The signatures are what makes a mirror harmless. `--allow-unauthenticated`, `--force-yes` and their like in
    settings take any package from anybody on the way. Fetch the repository's key instead and name it with
    `signed-by`.
    """

    id = "B030"
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(347),
        page("apt-secure(8)", "https://manpages.debian.org/stable/apt/apt-secure.8.en.html"),
    )
    remedy = "Leave the option out; give the repository's key with signed-by=/usr/share/keyrings/NAME.gpg."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y --allow-unauthenticated x\n",
        "FROM debian:12\nRUN apt-get --force-yes install x\n",
        "FROM debian:12\nRUN apt-get -y -o APT::Get::AllowUnauthenticated=true install x\n",
        "FROM debian:12\nRUN apt-get -oAcquire::https::Verify-Peer=false update\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
        (
            "FROM debian:12\n"
            "RUN apt-get -o Acquire::Check-Valid-Until=false -o APT::Get::AllowUnauthenticated=false update\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, ("apt-get", "apt", "aptitude")):
            command = call.ran.command
            for index, word in enumerate(command.words):
                if word.text in _OPTIONS or _SETTING.search(word.text):
                    yield self.finding(
                        "takes packages that nobody has signed",
                        call.ran.at,
                        place=known(word.place),
                        evidence=line(command),
                        fix=_without(build, command, index, word),
                    )
        for writing in writings(build):
            if "/apt" in writing.file and (match := _SETTING.search(writing.text)):
                yield self.finding(
                    "tells apt to take packages that nobody has signed",
                    writing.at,
                    place=known(writing.place),
                    evidence=match[0],
                )


def _without(build: Build, command: Command, index: int, word: Word) -> tuple[Edit, ...]:
    if word.text == "--force-yes" and bundled(command, "y") is None and command.option("--yes", "--assume-yes") is None:
        # It implied a yes to all questions, and that part may stay.
        return rewrite(build, word, "-y")
    before = command.words[index - 1]
    return drop(build, command, before, word) if before.text in {"-o", "--option"} else drop(build, command, word)
