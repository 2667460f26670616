"""Typed fields of sealock.toml's tables; an error names the line."""

from __future__ import annotations

import re
from typing import Any, Final

from sealock.errors import PolicyError
from sealock.model.location import Source


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
            raise self.fail(key, f"should be {_KINDS[kind]}, and is {value!r}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Take a list of strings, or a single one."""
        value = self.table.pop(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, f"should be a list of strings, and is {value!r}")
        return tuple(value)

    def done(self) -> None:
        """Reject the keys that were not taken."""
        for key in self.table:
            raise self.fail(key, "is not a setting of sealock")


def file_of_policy(path: str, directory: str) -> str:
    """Resolve a path relative to the policy's directory."""
    return path if not path or path.startswith("/") or directory in {"", "."} else f"{directory}/{path}"


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
