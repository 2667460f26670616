from __future__ import annotations

from sealock.model.build import Cmd
from sealock.rules.build._fixes import delete_instruction
from sealock.rules.kit import At, Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CommandRepeated(Rule[Build]):
    """Several CMD or ENTRYPOINT instructions in one stage.

    Only the last one takes effect. Earlier ones never run, although the file suggests that they do.
    """

    id = "B137"
    keywords = ("CMD", "ENTRYPOINT")
    aliases = ("DL4003", "DL4004", "DS-0007", "DS-0016", "MultipleInstructionsDisallowed")
    severity = Severity.LOW
    safe = True
    references = (docker_docs("reference/build-checks/multiple-instructions-disallowed/"),)
    remedy = "Keep the last one; to start several programs, use an init or let one program start the others."
    bad = (
        'FROM debian:12\nCMD ["a"]\nCMD ["b"]\n',
        'FROM debian:12\nENTRYPOINT ["a"]\nRUN true\nENTRYPOINT ["b"]\nCMD ["c"]\n',
    )
    good = ('FROM debian:12 AS one\nCMD ["a"]\nFROM one\nCMD ["b"]\n', 'FROM debian:12\nENTRYPOINT ["a"]\nCMD ["b"]\n')

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        last: dict[tuple[int, str], At] = {}
        commands = [(at, stage, command) for at, stage, command in build.each(Cmd) if not command.onbuild]
        for at, stage, command in commands:
            last[stage.index, command.keyword] = at
        for at, stage, command in commands:
            if last[stage.index, command.keyword] != at:
                yield self.finding(
                    f"sets {command.keyword}, which a later one overrides", at, fix=delete_instruction(build, command)
                )
