"""Headers in the manner of mail, as Python's METADATA and Java's MANIFEST.MF have them."""

from __future__ import annotations

from typing import Final

LINES: Final = 100_000
"""Lines of headers that are read at all."""


def headers(text: str, *, glue: str) -> list[tuple[str, str]]:
    """Names in lower case and values, up to the first empty line. `glue` joins a value's further lines to its first."""
    fields: list[tuple[str, list[str]]] = []
    for line in text.split("\n", LINES)[:LINES]:
        line = line.removesuffix("\r")  # noqa: PLW2901  strip either line ending
        if not line:
            if fields:
                break
        elif line[0] in " \t":
            if fields:
                fields[-1][1].append(line[1:])
        else:
            name, colon, value = line.partition(":")
            if colon:
                fields.append((name.strip().lower(), [value.strip()]))
    return [(name, glue.join(lines)) for name, lines in fields]
