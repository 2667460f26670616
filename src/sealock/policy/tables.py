"""Typed fields of sealock.toml's tables; an error names the line."""

from __future__ import annotations

import math
import re
from datetime import date, time
from typing import Any, Final

from sealock.errors import PolicyError
from sealock.model.location import Source
from sealock.patterns import compile_lazily


class TableReader:
    """Takes known keys out of a table, each with its type, and rejects the rest."""

    def __init__(self, source: Source, table: dict[str, Any], where: str = "") -> None:
        self.source, self.table, self.where = source, dict(table), where

    def fail(self, key: str, what: str) -> PolicyError:
        """Make the error for a key, with its line."""
        line = _line_of(self.source, key.rpartition(".")[2])
        return PolicyError(f"{self.source.name}{f':{line}' if line else ''}: {self.where}{key} {what}")

    def take(self, key: str, kind: type, default: Any) -> Any:  # noqa: ANN401  a TOML value
        """Take a value of this type, or the default where the key is missing."""
        value = self.table.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(key, f"should be {_KINDS[kind]}, and is {as_toml(value)}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Take a list of strings, or a single one."""
        value = self.table.pop(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, f"should be a list of strings, and is {as_toml(value)}")
        return tuple(value)

    def done(self) -> None:
        """Reject the keys that were not taken."""
        for key in self.table:
            raise self.fail(key, "is not a setting of sealock")


def as_toml(value: Any) -> str:  # noqa: ANN401  a TOML value
    """A value as TOML writes it, for messages: they show what stands in the file."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'" if "'" not in value and value.isprintable() else quoted(value)
        case float() if not math.isfinite(value):
            return str(value)
        case date() | time():  # a date with a time is a date
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(as_toml, value))}]"
        case dict():
            pairs = [
                f"{key if _BARE.fullmatch(key) else as_toml(key)} = {as_toml(item)}" for key, item in value.items()
            ]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case _:
            return str(value)


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def file_of_policy(path: str, directory: str) -> str:
    """Resolve a path relative to the policy's directory."""
    return path if not path or path.startswith("/") or directory in {"", "."} else f"{directory}/{path}"


_BARE: Final = compile_lazily(r"[A-Za-z0-9_-]+")
_KINDS: Final = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    dict: "a table",
    list: "a list of tables",
}


def _line_of(source: Source, key: str) -> int:
    match = re.search(rf"^[ \t]*\[*[ \t]*{re.escape(key)}\b", source.text, re.MULTILINE)
    return source.position(match.start())[0] if match else 0
