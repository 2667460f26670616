"""Headers like those of mail, in Python's METADATA and Java's MANIFEST.MF."""

from __future__ import annotations

from typing import Final

LINES: Final = 100_000
"""Maximum lines of headers to read."""


def headers(text: str, *, glue: str) -> list[tuple[str, str]]:
    """Names in lower case and values, up to the first empty line. `glue` joins continuation lines."""
    fields: list[tuple[str, list[str]]] = []
    for line in (line.removesuffix("\r") for line in text.split("\n", LINES)[:LINES]):
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
