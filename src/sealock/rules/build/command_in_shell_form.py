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

    The shell is process 1 and gets the signals: `docker stop` waits ten seconds and kills, so the program never
    closes its files. Arguments given to an ENTRYPOINT in this form are dropped. The exec form starts the program
    itself.
    """

    id = "B136"
    keywords = ("shell form", "CMD", "ENTRYPOINT", "exec form", "JSON")
    aliases = ("DL3025", "JSONArgsRecommended")
    differs = (("DL3025", "not HEALTHCHECK, which is sent no signals; not where SHELL is set or `exec` hands over"),)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/json-args-recommended/"),)
    remedy = 'Write it as a JSON array, ["program", "argument"]; where a shell is needed, let it `exec` the program.'
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
                "puts a shell between Docker and the program",
                at,
                fix=_exec_form(instruction),
                safe=_keeps_meaning(stage, instruction, has_command=has_command),
            )


def _broken_json(instruction: Cmd) -> bool:
    """Whether it was meant to be an exec form; that is another rule's matter."""
    line = (instruction.line or "").strip()
    return line.startswith("[") and line.endswith("]")


def _exec_form(instruction: Cmd) -> tuple[Edit, ...]:
    """The words as JSON, where no shell is needed to make sense of them."""
    pipelines = instruction.script.pipelines
    if len(pipelines) != 1 or len(pipelines[0].commands) != 1 or instruction.script.broken or instruction.onbuild:
        return ()
    command = pipelines[0].commands[0]
    if command.assignments or command.redirects or command.nested or not command.words or command.name in _BUILTIN:
        return ()
    if not all(word.literal for word in command.words) or command.place.end != instruction.place.end:
        return ()
    line = instruction.line or ""
    if not _SPECIAL.isdisjoint(line) or "\\" in line or "\n" in line:
        return ()
    words = json.dumps([word.text for word in command.words], ensure_ascii=False)
    return (Edit(Place(command.words[0].place.start, command.place.end), words),)


def _keeps_meaning(stage: Stage, instruction: Cmd, *, has_command: Callable[[Stage], bool]) -> bool:
    """Whether CMD and ENTRYPOINT still go together as before: an exec ENTRYPOINT takes CMD's words as arguments."""
    if instruction.keyword == "CMD":
        return stage.container.entrypoint is UNSET
    return not has_command(stage) and stage.container.command in {UNSET, ()}
