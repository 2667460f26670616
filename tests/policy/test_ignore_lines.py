"""Which lines an inline ignore covers: its own, or in a comment of its own the statement after it."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from sealock.policy.ignores import inline

MARK = "# sealock: ignore[C001] r"
TOP = "services:\n"


def covered(kind: DocumentKind, name: str, text: str) -> list[tuple[int, int] | None]:
    source = Source(name, text)
    ignores, errors = inline(source, formats.comments(kind, source))
    assert errors == ()
    return [ignore.lines for ignore in ignores]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(f"{TOP}  a: 1 {MARK}\n  b: 2\n", (2, 2), id="behind a line"),
        pytest.param(f"{TOP}  a: {MARK}\n    b: 2\n  c: 3\n", (2, 2), id="behind a key with a value below it"),
        pytest.param(f"{TOP}  {MARK}\n  a: 1\n  b: 2\n", (3, 3), id="above a line"),
        pytest.param(
            f"{TOP}  {MARK}\n  a:\n    b: 1\n    c: 2\n  d: 3\n", (3, 5), id="above a key with lines below it"
        ),
        pytest.param(
            f"{TOP}  {MARK}\n  a:\n    b:\n      c: 1\n    d: 2\n", (3, 6), id="above a key with deeper lines"
        ),
        pytest.param(f"{TOP}  {MARK}\n  a:\n    b: 1\n\n    c: 2\n", (3, 4), id="up to a blank line"),
        pytest.param(f"{TOP}  {MARK}\n\n  a: 1\n  b: 2\n", (4, 4), id="above a blank line"),
        pytest.param(f"{TOP}  {MARK}\n  # why\n  a: 1\n  b: 2\n", (4, 4), id="above another comment"),
        pytest.param(f"{TOP}  {MARK}\n  # why\n\n  # and\n  a: 1\n", (6, 6), id="above comments and blank lines"),
        pytest.param(f"{TOP}  {MARK}\n  a:\n    # why\n    b: 1\n  c: 2\n", (3, 5), id="a comment within"),
        pytest.param(f"{TOP}  # why\n  {MARK}\n  a: 1\n", (4, 4), id="below another comment"),
        pytest.param(f"{MARK}\n{TOP}  a: 1\n  b: 2\n", (2, 4), id="above all"),
        pytest.param(f"{TOP}  a: 1\n  {MARK}\n", (5, 5), id="at the end"),
        pytest.param(f"{TOP}  a: 1\n  {MARK}", (4, 4), id="at the end, without a line's end"),
        pytest.param(f"{TOP}  a: 1\n{MARK.replace('ignore', 'ignore-file')}\n  b: 2\n", None, id="of the file"),
    ],
)
def test_an_ignore_in_yaml_covers_lines(text: str, lines: tuple[int, int] | None) -> None:
    assert covered("compose", "compose.yaml", text) == [lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(f"FROM a\n{MARK}\nRUN b\nRUN c\n", [(3, 3)], id="an instruction"),
        pytest.param(f"FROM a\n{MARK}\nRUN b \\\n  c \\\n  d\nRUN e\n", [(3, 5)], id="its continuations"),
        pytest.param(f"FROM a\n{MARK}\nRUN b \\\n# why\n  c\nRUN e\n", [(3, 5)], id="a comment within"),
        pytest.param(f"FROM a\n{MARK}\nRUN b \\\n{MARK}\n  c\n", [(3, 5), (5, 5)], id="two of them"),
        pytest.param(f"FROM a\n{MARK}\n{MARK}\nRUN b\n", [(4, 4), (4, 4)], id="one above the other"),
        pytest.param(f"# escape=`\nFROM a\n{MARK}\nRUN b `\n  c\nRUN d\n", [(4, 5)], id="another escape"),
    ],
)
def test_an_ignore_in_a_dockerfile_covers_lines(text: str, lines: list[tuple[int, int]]) -> None:
    assert covered("dockerfile", "Dockerfile", text) == lines
