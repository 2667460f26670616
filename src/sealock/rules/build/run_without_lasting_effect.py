from __future__ import annotations

from sealock.model.build import Run
from sealock.model.shell import Command
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_INSTEAD: Final = {
    "cd": "use WORKDIR",
    "pushd": "use WORKDIR",
    "export": "use ENV",
    "": "use ENV or ARG",
    "source": "load it in the RUN that needs it",
    ".": "load it in the RUN that needs it",
    "alias": "write a script",
    "ulimit": "set limits when you start the container",
    "umask": "set it in the RUN that needs it",
    "set": "use SHELL, or set it in the RUN that needs it",
    "shopt": "use SHELL",
    "unset": "do it in the RUN that needs it",
}


class RunWithoutLastingEffect(Rule[Build]):
    """RUN has no lasting effect (cd, export, source).

    Each RUN has its own shell: a changed directory, an exported variable or a sourced file ends with it, and the next
    instruction starts fresh.
    """

    id = "B141"
    keywords = ("no lasting effect", "cd", "export", "RUN", "source")
    aliases = ("DL3003", "DS-0013")
    differs = (
        ("DL3003", "B142 only with `--pedantic`, where cd comes first; B141 where cd has no effect at all"),
        ("DS-0013", "B142 only with `--pedantic`"),
    )
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#run"),)
    remedy = "Use WORKDIR for the directory and ENV for variables, or do it in the RUN that needs it."
    bad = (
        "FROM debian:12\nRUN cd /srv/app\n",
        "FROM debian:12\nRUN export A=b\n",
        "FROM debian:12\nRUN export A='b c'\n",
    )
    good = (
        "FROM debian:12\nRUN cd /srv && make\n",
        "FROM debian:12\nRUN export A=b && make\n",
        "FROM debian:12\nRUN export A=$(date) && echo $A > /built\n",
        "FROM debian:12\nRUN . /srv/configure.sh /srv/config.yml\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            if run.form == "exec" or not run.script.pipelines or not run.script.is_whole:
                continue
            commands = [command for line in run.script.pipelines for command in line.commands]
            if all(map(_only_sets, commands)):
                only = commands[0] if len(commands) == 1 else None
                name = next((command.name for command in commands if command.name), "NAME=value")
                yield self.finding(
                    f"loses the effect of `{name}` at the end of this RUN: {_INSTEAD[commands[0].name]}",
                    at,
                    fix=_instruction(build, run, only) if only is not None and run.form == "shell" else (),
                )


def _only_sets(command: Command) -> bool:
    """Whether a command changes only the shell; a file that is sourced with arguments is a program, which does more."""
    if command.name in {"source", "."} and len(command.words) > 2:
        return False
    return command.name in _INSTEAD and not command.redirects and not command.nested


def _instruction(build: Build, run: Run, command: Command) -> tuple[Edit, ...]:
    """The instruction with the same effect on all later ones."""
    if run.flags or run.onbuild or run.heredocs:
        return ()
    if command.name == "cd" and len(command.words) == 2 and command.words[1].literal:
        path = command.words[1].text
        if path[:1] != "~" and path != "-":
            return (Edit(run.place, f"WORKDIR {build.excerpt(command.words[1].place)}"),)
    if command.name == "export" and len(command.assignments) == len(command.words) - 1 == 1:
        (assignment,) = command.assignments
        if assignment.value is not None and assignment.value.literal:
            return (Edit(run.place, f"ENV {build.excerpt(assignment.place)}"),)
    return ()
