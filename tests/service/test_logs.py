"""What a service logs of what comes from outside: nothing makes a line of its own or controls a terminal."""

from __future__ import annotations

import logging
from contextlib import suppress

from sealock.service.logs import VisibleFormatter

BAD = "\x1b[2J\nsealock: ERROR: all is well\u202e"


def entry(message: str, *values: object, error: BaseException | None = None) -> str:
    caught = (type(error), error, error.__traceback__) if error is not None else None
    made = logging.LogRecord("sealock.service", logging.WARNING, __file__, 1, message, values, caught)
    return VisibleFormatter().format(made)


def test_an_entry_is_one_line_whatever_is_in_it() -> None:
    assert entry("the database failed: %s", BAD) == (
        "sealock: WARNING: the database failed: \\e[2J\\nsealock: ERROR: all is well\\u202e"
    )


def test_the_lines_of_an_error_are_indented_and_show_what_is_invisible() -> None:
    error = ValueError(BAD)
    with suppress(ValueError):
        raise error
    first, *lines = entry("an error that sealock did not expect", error=error).split("\n")
    assert first == "sealock: WARNING: an error that sealock did not expect"
    assert len(lines) >= 3
    assert all(line.startswith("  ") and line.isprintable() for line in lines)
    assert "\\e[2J" in lines[-2]
