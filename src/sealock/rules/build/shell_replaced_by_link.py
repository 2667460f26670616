from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._ran import once_each, ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class ShellReplacedByLink(Rule[Build]):
    """/bin/sh is replaced by a symbolic link.

    The scripts of the distribution expect the shell that it ships, and installing a package runs them. SHELL changes
    only the shell of this Dockerfile.
    """

    id = "B122"
    keywords = ("/bin/sh", "SHELL", "ln")
    aliases = ("DL4005",)
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#shell"),)
    remedy = 'Use SHELL ["/bin/bash", "-c"] for the instructions that need it.'
    bad = (
        "FROM debian:12\nRUN ln -sf /bin/bash /bin/sh\n",
        "FROM debian:12\nRUN rm /bin/sh && ln -s /bin/bash /bin/sh\n",
    )
    good = ('FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN echo\n', "FROM debian:12\nRUN ln -s /bin/bash /opt/sh\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        removed = once_each(_removed)
        for call in ran(build, "ln", "update-alternatives"):
            names = {"/bin/sh", "/usr/bin/sh"}.intersection(call.command.arguments[1:])
            # Without -f a link replaces nothing: there was no such file, as in images without a distribution.
            if names and (call.command.name != "ln" or call.command.option("-f", "--force") or removed(call) & names):
                yield self.finding("replaces /bin/sh of the distribution", call.at, place=call.command.place)


def _removed(run: Run) -> set[str]:
    commands = run.script.commands()
    return {text for command in commands if command.name in {"rm", "mv", "unlink"} for text in command.arguments}
