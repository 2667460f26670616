"""Records what the command line takes: each argument of each command, how it is stored, its default and its help.

`tests/vectors/commandline.txt` holds the record, and `tests/test_records.py` compares. A change that is meant is
written down with `./dev records` and reviewed in the diff.
"""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

from sealock.cli.commandparser import CommandParser
from sealock.cli.parsers import parser

RECORD = Path(__file__).parent.parent / "vectors" / "commandline.txt"
_HOW = ("dest", "nargs", "const", "default", "choices", "metavar")


def record() -> str:
    """The record of all commands."""
    return "\n".join(_commands(parser())) + "\n"


def _commands(command: ArgumentParser) -> Iterator[str]:
    yield f"{command.prog}: {command.description}"
    assert not command.allow_abbrev, f"{command.prog} takes abbreviated options"
    shown = command.shown_in_help if isinstance(command, CommandParser) else frozenset()
    if shown:
        yield f"  help shows {' '.join(sorted(shown))}"
    alone = {
        id(action): number
        for number, group in enumerate(command._mutually_exclusive_groups, 1)  # noqa: SLF001  argparse has no other way
        for action in group._group_actions  # noqa: SLF001  as above
    }
    verbs: dict[str, ArgumentParser] = {}
    for group in command._action_groups:  # noqa: SLF001  as above
        for action in group._group_actions:  # noqa: SLF001  as above
            yield f"  [{group.title}] {' '.join(action.option_strings) or action.dest}: {', '.join(_how(action))}"
            if id(action) in alone:
                yield f"    excludes the others of group {alone[id(action)]}"
            if action.help != SUPPRESS:
                yield f"    {command._get_formatter()._expand_help(action) if action.help else ''}"  # noqa: SLF001  as above
            if isinstance(action, _SubParsersAction):
                verbs |= action.choices
                yield from (f"    {choice.dest}: {choice.help}" for choice in action._choices_actions)  # noqa: SLF001  as above
    yield from (f"  | {row}".rstrip() for row in (command.epilog or "").splitlines())
    for verb in verbs.values():
        yield ""
        yield from _commands(verb)


def _how(action: Action) -> Iterator[str]:
    yield type(action).__name__.strip("_")
    for name in _HOW:
        if (value := getattr(action, name)) is not None:
            yield f"{name}={list(value) if name == 'choices' else value!r}"
    if action.type is not None:
        yield f"type={getattr(action.type, '__name__', action.type)}"
    if action.required:
        yield "required"


if __name__ == "__main__":
    RECORD.write_text(record(), encoding="utf-8")
