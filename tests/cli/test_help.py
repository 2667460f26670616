"""Each --help fits 80 columns and ends with an example."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator

import pytest

from sealock.cli.helptext import EXAMPLES
from sealock.cli.parsers import parse, parser


def parsers(of: ArgumentParser) -> Iterator[ArgumentParser]:
    """A parser and those of its commands."""
    yield of
    for action in of._actions:  # noqa: SLF001  argparse has no other way
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield from parsers(command)


PARSERS = {command.prog: command for command in parsers(parser())}


@pytest.mark.parametrize("name", PARSERS)
def test_a_commands_help_fits_and_ends_with_an_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = PARSERS[name].format_help()
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert text.endswith(f"\nexample:\n  {EXAMPLES[name]}\n")
    assert "%(" not in text


def test_every_example_belongs_to_a_command() -> None:
    assert set(EXAMPLES) == set(PARSERS)


@pytest.mark.parametrize(
    "name", [name for name in PARSERS if name not in {"sealock", "sealock trust", "sealock userns"}]
)
def test_an_example_is_a_command_line_that_is_understood(name: str) -> None:
    _, *words = shlex.split(EXAMPLES[name].removeprefix("source <(").removesuffix(")").partition(" > ")[0])
    assert vars(parse(words))["command"] == words[0]
