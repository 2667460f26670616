"""A parser whose errors are one line that says what was likely meant."""

from __future__ import annotations

import re
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Container, Iterable
from typing import Any, Final, NoReturn

from sealock.cli.output import write
from sealock.patterns import compile_lazily
from sealock.text import line

_CHOICE: Final = compile_lazily(
    r"(?P<what>.*invalid choice: '(?P<word>.*)') \(choose from (?P<choices>.*)\)", re.DOTALL
)
_UNKNOWN: Final = "unrecognized arguments: "
_REQUIRED: Final = "the following arguments are required: "
_VERB: Final = "VERB"
"""The name of the operand that chooses what a command does, in every command that does several things."""
_LONGEST: Final = 2000


class CommandParser(ArgumentParser):
    """An argument parser for the command line and for each command."""

    shown_in_help: frozenset[str] = frozenset()
    """The names of the only arguments that the help lists, where another command's help has the others."""

    def format_help(self) -> str:
        """The help, with what it shows only."""
        return self._with_shown(super().format_help)

    def format_usage(self) -> str:
        """The usage, likewise."""
        return self._with_shown(super().format_usage)

    def _with_shown(self, form: Callable[[], str]) -> str:
        # argparse has no way to leave an option out of the help and still complete it.
        hidden = [action for action in self._actions if self.shown_in_help and action.dest not in self.shown_in_help]
        words = [action.help for action in hidden]
        for action in hidden:
            action.help = SUPPRESS
        try:
            return form()
        finally:
            for action, text in zip(hidden, words, strict=True):
                action.help = text

    def error(self, message: str) -> NoReturn:
        """Print the error with a suggestion, and end with exit status 2."""
        about_verb = message.startswith((f"{_REQUIRED}{_VERB}", f"argument {_VERB}: "))
        sys.stderr.write(
            f"{self.prog}: {line(self._explain(message), _LONGEST)}\n"
            f"`{self.prog} --help` lists the {'verbs' if about_verb else 'options'}.\n"
        )
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:  # noqa: ANN401  argparse's own
        """Print the help; argparse's own passes over an output that fails, where the text is longer than its buffer."""
        if file is None:
            write(self.format_help())
        else:
            super().print_help(file)

    def _explain(self, message: str) -> str:
        if (choice := _CHOICE.fullmatch(message)) is not None:
            choices = [word.strip(" '\"") for word in choice["choices"].split(",")]
            hint = suggest(choice["word"], choices) or f": choose from {', '.join(choices)}"
            return f"{choice['what']}{hint}"
        if message == f"{_REQUIRED}{_VERB}":
            return f"which verb? Name one of {', '.join(self._verbs)}"
        if message.startswith(_UNKNOWN):
            words = message.removeprefix(_UNKNOWN).split()
            given = [word.partition("=")[0] for word in words if word.startswith("-")]
            return f"{message}{next((hint for word in given if (hint := suggest(word, self.known_options))), '')}"
        return message

    @property
    def _verbs(self) -> list[str]:
        return [str(verb) for action in self._actions if action.metavar == _VERB for verb in action.choices or ()]

    @property
    def known_options(self) -> list[str]:
        """Its options, and those of its verbs: of several verbs, only the one that was given has any."""
        known = [option for action in self._actions for option in action.option_strings]
        for action in self._actions:
            for verb in action.choices.values() if isinstance(action.choices, dict) else ():
                known += verb.known_options if isinstance(verb, CommandParser) else ()
        return known


def late_option(error: Exception, own: Container[str]) -> str:
    """What to add to an error about an option of sealock's own that stands among another client's; "" for any other."""
    name = str(error).removeprefix("unknown option: ")
    return ": sealock's own options come before those of docker run" if name in own else ""


def suggest(word: str, known: Iterable[str]) -> str:
    """What was likely meant, as the end of a sentence; "" where nothing comes close."""
    from difflib import get_close_matches  # noqa: PLC0415  only for a mistyped word

    by_lower = {name.lower(): name for name in known}
    close = [by_lower[name] for name in get_close_matches(word.lower(), by_lower, n=3)]
    return f"; did you mean {' or '.join(close)}?" if close else ""
