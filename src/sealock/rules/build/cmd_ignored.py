from __future__ import annotations

from sealock.model.build import Cmd
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CmdIgnored(Rule[Build]):
    """CMD is ignored by a shell-form ENTRYPOINT.

    A shell-form ENTRYPOINT takes no arguments: neither CMD nor the arguments of `docker run` reach the program.
    """

    id = "B164"
    keywords = ("ENTRYPOINT", "CMD", "shell form")
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#understand-how-cmd-and-entrypoint-interact"),)
    remedy = "Write ENTRYPOINT as a JSON array."
    bad = ('FROM debian:12\nENTRYPOINT /app\nCMD ["--port", "80"]\n',)
    good = (
        'FROM debian:12\nENTRYPOINT ["/app"]\nCMD ["--port", "80"]\n',
        "FROM debian:12\nENTRYPOINT /app\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            starts = [
                (index, command)
                for index, command in enumerate(stage.instructions)
                if isinstance(command, Cmd) and not command.onbuild
            ]
            entry = [command for _, command in starts if command.keyword == "ENTRYPOINT"]
            commands = [index for index, command in starts if command.keyword == "CMD"]
            if entry and commands and entry[-1].form == "shell" and not (entry[-1].line or "").startswith("["):
                yield self.finding(
                    "sets a CMD that the shell-form ENTRYPOINT ignores",
                    ("stages", stage.index, "instructions", commands[-1]),
                )
