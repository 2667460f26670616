from __future__ import annotations

import json
from collections.abc import Callable

from sealock.model.build import Cmd, Shell, Stage
from sealock.rules.build._ran import inherited, once
from sealock.rules.kit import UNSET, Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, docker_docs

_BUILTIN: Final = frozenset({
    ".", ":", "[", "alias", "bg", "cd", "command", "eval", "exit", "export", "fg", "jobs", "read", "set", "shift",
    "source", "trap", "type", "ulimit", "umask", "unset", "wait", "[[", "declare", "local", "time",
})  # fmt: skip
_SPECIAL: Final = frozenset("*?[]{}~!#`$")


class CommandInShellForm(Rule[Build]):
    """CMD or ENTRYPOINT in shell form.

    The shell runs as PID 1 and receives the signals: `docker stop` waits ten seconds and then kills the program, which
    cannot shut down cleanly. A shell-form ENTRYPOINT also drops its arguments. The exec form starts the program
    directly.
    """

    id = "B136"
    keywords = ("shell form", "CMD", "ENTRYPOINT", "exec form", "JSON")
    aliases = ("DL3025", "JSONArgsRecommended")
    differs = (("DL3025", "not HEALTHCHECK, which gets no signals; not if SHELL is set or the shell runs `exec`"),)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/json-args-recommended/"),)
    remedy = 'Write a JSON array, ["program", "argument"]; if you need a shell, `exec` the program in it.'
    bad = (
        "FROM debian:12\nENTRYPOINT /app --port 80\n",
        "FROM debian:12\nCMD nginx -g 'daemon off;'\n",
    )
    good = (
        'FROM debian:12\nENTRYPOINT ["/app", "--port", "80"]\n',
        "FROM debian:12\nCMD exec app --port $PORT\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nCMD app $PORT\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        chosen = inherited(build, lambda stage: any(True for _ in stage.of(Shell)))
        has_command = once(lambda stage: any(cmd.keyword == "CMD" for cmd in stage.of(Cmd)))
        for at, stage, instruction in build.each(Cmd):
            if instruction.form != "shell" or not (instruction.line or "").strip():
                continue
            script = instruction.script
            if chosen(stage) or _broken_json(instruction):
                continue
            if script.pipelines and script.pipelines[-1].commands[-1].name == "exec":
                continue
            yield self.finding(
                "starts the program through a shell, which swallows signals",
                at,
                fix=_exec_form(instruction),
                safe=_keeps_meaning(stage, instruction, has_command=has_command),
            )


def _broken_json(instruction: Cmd) -> bool:
    """Whether it is a malformed exec form, which MalformedExecForm reports."""
    line = (instruction.line or "").strip()
    return line.startswith("[") and line.endswith("]")


def _exec_form(instruction: Cmd) -> tuple[Edit, ...]:
    """The words as JSON, if they need no shell."""
    pipelines = instruction.script.pipelines
    if not pipelines or not instruction.script.is_whole or instruction.onbuild:
        return ()
    command = pipelines[0].commands[0]
    if command.assignments or command.redirects or command.nested or not command.words or command.name in _BUILTIN:
        return ()
    if command.place.end != instruction.place.end:  # others follow, or a pipe, a semicolon or &
        return ()
    line = instruction.line or ""
    if not _SPECIAL.isdisjoint(line) or "\\" in line:
        return ()
    words = json.dumps([word.text for word in command.words], ensure_ascii=False)
    return (Edit(Place(command.words[0].place.start, command.place.end), words),)


def _keeps_meaning(stage: Stage, instruction: Cmd, *, has_command: Callable[[Stage], bool]) -> bool:
    """Whether the exec form keeps the behaviour: an exec-form ENTRYPOINT takes the words of CMD as arguments."""
    if instruction.keyword == "CMD":
        return stage.container.entrypoint is UNSET
    return not has_command(stage) and stage.container.command in {UNSET, ()}
