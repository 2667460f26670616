"""Writes callers of the policy: routes as the fewest words of `allow`, values as TOML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import Any

from sealock.guard.decision.routes import GROUPS, ROUTES
from sealock.policy.tables import as_toml, quoted
from sealock.text import line

_WIDTH = 110
_COMMENTS = 80
"""Columns of comments."""


def words_for(routes: Iterable[str]) -> tuple[str, ...]:
    """The routes ("GET /info") as words of `allow`; a group stands for its routes only where all of them are given."""
    given = set(routes)
    words: list[str] = []
    for group in GROUPS:
        parts = {access: {route.name for route in ROUTES if route.group == group and route.access == access}
                 for access in ("read", "write")}  # fmt: skip
        whole = [access for access, names in parts.items() if names and names <= given]
        every = all(not names or names <= given for names in parts.values())
        words += [group] if every and whole else [f"{group}:{access}" for access in whole]
        words += sorted(name for access, names in parts.items() if access not in whole for name in names & given)
    return tuple(words)


def caller_table(name: str, settings: Mapping[str, Any], notes: Iterable[str] = ()) -> str:
    """A [[guard.caller]] of the policy, with notes as comments before it."""
    rows = [row for note in notes for row in _comment(note)]
    rows += ["[[guard.caller]]", f"name = {quoted(name)}"]
    rows += [f"{key} = {_value(value, len(key) + 3)}" for key, value in settings.items()]
    return "\n".join(rows) + "\n"


def _comment(note: str) -> list[str]:
    """A note as comments; a word that is longer than a row stays whole."""
    return wrap(
        line(note),
        _COMMENTS,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(value: Any, start: int) -> str:  # noqa: ANN401  what TOML holds
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{quoted(key)} = {_scalar(item)}" for key, item in value.items()) + " }"
    if isinstance(value, str | int | float):
        return _scalar(value)
    items = [_scalar(item) for item in value]
    flat = f"[{', '.join(items)}]"
    return flat if start + len(flat) <= _WIDTH else "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _scalar(value: Any) -> str:  # noqa: ANN401  what TOML holds
    return quoted(value) if isinstance(value, str) else as_toml(value)
