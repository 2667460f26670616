"""Shakes the text that an analyzer reads: values of another shape, bytes of any kind, an early end."""

from __future__ import annotations

import random
import re
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.model.inventory import Package

TOKEN: Final = re.compile(r'"[^"\n]*"|[\w./@+-]+|[\[\]{}():=]')
SHAPES: Final = (
    "7", "[]", "{}", '""', "null", "true", "[[]]", "[{}]", '{"a": []}', "-", "[", "}", "1e999", '"' + "x" * 600 + '"',
    '"../../x"', '"@"', '"a@"', '"#"', "\n", "\0", "\u2028",
)  # fmt: skip


def survives(analyzer: Analyzer, path: str, text: str, *, times: int = 1500) -> None:
    """Whatever the text is: packages with a name and of this path, or Broken, and nothing else."""
    chance = random.Random(7)  # noqa: S311  the same texts at each run
    tokens = [match.span() for match in TOKEN.finditer(text)]
    assert tokens
    for _ in range(times):
        start, end = chance.choice(tokens)
        data = (text[:start] + chance.choice(SHAPES) + text[end:]).encode()
        if chance.random() < 0.3:
            at = chance.randrange(len(data))
            data = data[:at] + bytes(chance.choices(range(256), k=chance.randint(0, 4))) + data[at + 2 :]
        if chance.random() < 0.1:
            data = data[: chance.randrange(len(data))]
        try:
            facts = list(analyzer.join(list(analyzer.read(AnalyzedFile(path, data)))))
        except BrokenFileError as broken:
            assert str(broken)  # noqa: PT017  either way is right
            continue
        for fact in facts:
            assert isinstance(fact, Package)
            assert fact.name
            assert fact.path == path
            assert not any(file.startswith(("/", "..")) for file in fact.files)
