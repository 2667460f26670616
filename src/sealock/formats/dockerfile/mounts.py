"""Reads `RUN --mount=…`."""

from __future__ import annotations

import csv
from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.scope import ParseState
from sealock.model.absent import Absent
from sealock.model.build import Flag, RunMount
from sealock.model.location import Place

_TYPES: Final = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_SWITCHES: Final = frozenset({"readonly", "ro", "readwrite", "rw", "required"})
_KEYS: Final = _SWITCHES | {
    "type", "from", "source", "src", "target", "dst", "destination", "id", "sharing", "size", "mode", "uid", "gid",
    "env",
}  # fmt: skip


def parse_run_mount(flag: Flag, ground: ParseState) -> RunMount:
    """Read the flag; Broken for keys and types that BuildKit does not have."""
    kind = "bind"
    options: list[tuple[str, str]] = []
    text = flag.value.text if flag.value else ""
    for field in _fields(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if key not in _KEYS or not (equals or key in _SWITCHES):
            message = (
                f"--mount has no option {key[:40]}" if key not in _KEYS else f"--mount's option {key} needs a value"
            )
            raise DockerfileSyntaxError(message, flag.place)
        if key == "from" and "$" in value[:-1]:
            message = "--mount=from=… takes no variables: name a stage for it"
            raise DockerfileSyntaxError(message, flag.place)
        value = _value(value, flag.place, ground)
        if key == "type":
            kind = value.lower()
            if kind not in _TYPES and "$" not in kind:
                message = f"--mount has no type {kind[:40]}"
                raise DockerfileSyntaxError(message, flag.place)
        options.append((key, value if equals else "true"))
    return RunMount(kind, tuple(options), flag.place)


def _fields(text: str) -> list[str]:
    """Fields between commas; a quoted one may hold commas."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        message = f"--mount cannot be taken apart: {error}"
        raise DockerfileSyntaxError(message) from None


def _value(raw: str, place: Place, ground: ParseState) -> str:
    value = ground.value(raw, place)
    return raw if isinstance(value, Absent) else value
