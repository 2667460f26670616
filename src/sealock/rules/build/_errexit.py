"""Whether a RUN's shell stops at the first failure."""

from __future__ import annotations

from sealock.model.build import Run


def stops_at_failure(run: Run) -> bool:
    """Whether -e is on: by SHELL, by `set -e` at the start, or in a here-document's first line."""
    if run.form != "exec" and any(_has_e(word) for word in run.shell[1:]):
        return True
    if run.heredocs and run.heredocs[0].body.startswith("#!"):
        first = run.heredocs[0].body.partition("\n")[0]
        if any(_has_e(word) for word in first.split()[1:]):
            return True
    for pipeline in run.script.pipelines[:8]:
        command = pipeline.commands[0]
        if command.name == "set" and any(_has_e(text) or text == "errexit" for text in command.arguments):
            return True
    return False


def _has_e(word: str) -> bool:
    return word[:1] == "-" and word[1:2] != "-" and "e" in word and word[1:].isalpha()
