"""Keeps the values of variables out of messages: a secret may stand where another value was expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sealock.patterns import compile_lazily

_NAME: Final = compile_lazily(r"\$\{?([a-zA-Z_][a-zA-Z0-9_]*)")
_SHORTEST: Final = 4
"""The length from which a part of a value is masked; a shorter value only as a whole word."""
_LONGEST: Final = 2000
"""The length of message and value up to which parts of the value are looked for."""


def mask(message: str, text: str, variables: Mapping[str, str]) -> str:
    """Replace what the variables of a text put into a message by their names."""
    names = dict.fromkeys(match[1] for match in _NAME.finditer(text))
    values = {name: variables[name] for name in names if variables.get(name)}
    for name, value in sorted(values.items(), key=lambda pair: -len(pair[1])):
        shown = f"${{{name}}}"
        if len(value) < _SHORTEST:
            message = shown.join(re.split(rf"(?<![\w$]){re.escape(value)}(?!\w)", message))
        else:
            message = message.replace(value, shown)
            if len(message) <= _LONGEST and len(value) <= _LONGEST:
                message = _mask_parts(message, value, shown)
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def _mask_parts(message: str, value: str, shown: str) -> str:
    """Replace each part of a message that is a part of the value."""
    pieces: list[str] = []
    at = 0
    while at < len(message):
        length = _SHORTEST
        if message.startswith(shown, at):
            pieces.append(shown)
            at += len(shown)
        elif len(part := message[at : at + length]) == length and part in value:
            while at + length < len(message) and message[at : at + length + 1] in value:
                length += 1
            pieces.append(shown)
            at += length
        else:
            pieces.append(message[at])
            at += 1
    return "".join(pieces)
