"""Whether a RUN's shell stops at the first failure."""

from __future__ import annotations

from collections.abc import Sequence

from sealock.model.build import Run
from sealock.model.shell import Script


def stops_at_failure(run: Run) -> bool:
    """Whether -e is on: by SHELL, by `set -e` at the start, or in a here-document's first line."""
    if run.form != "exec" and any(_has_e(word) for word in run.shell[1:]):
        return True
    if run.heredocs and run.heredocs[0].body.startswith("#!"):
        first = run.heredocs[0].body.partition("\n")[0]
        if any(_has_e(word) for word in first.split()[1:]):
            return True
    return has_errexit(run.script)


def has_errexit(script: Script) -> bool:
    """Whether a script begins with `set -e`."""
    firsts = (pipeline.commands[0] for pipeline in script.pipelines[:8])
    return any(command.name == "set" and has_e(command.arguments) for command in firsts)


def has_e(arguments: Sequence[str]) -> bool:
    """Whether one of a shell's options is -e."""
    return any(_has_e(text) or text == "errexit" for text in arguments)


def _has_e(word: str) -> bool:
    return word[:1] == "-" and word[1:2] != "-" and "e" in word and word[1:].isalpha()
