"""Headers as in mail and manifests: up to the first empty line, long ones in several lines."""

from __future__ import annotations

import pytest

from sealock.inventory import _headers
from sealock.inventory._headers import headers

READ: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "nothing": ("", []),
    "a name and a value": ("Name: x", [("name", "x")]),
    "names in any case, in order, more than once": ("B: 1\na: 2\nb: 3", [("b", "1"), ("a", "2"), ("b", "3")]),
    "what follows an empty line is no header": ("A: 1\n\nB: 2", [("a", "1")]),
    "nor what follows later": ("A: 1\n\nB: 2\n\nC: 3\n D", [("a", "1")]),
    "empty lines before the first": ("\n\nA: 1\nB: 2", [("a", "1"), ("b", "2")]),
    "line breaks of Windows": ("A: 1\r\nB: 2\r\n\r\nC: 3", [("a", "1"), ("b", "2")]),
    "a line that goes on": ("A: 1\n 2\n\t3\nB: 4", [("a", "1+2+3"), ("b", "4")]),
    "a line that goes on from none": (" x\nA: 1", [("a", "1")]),
    "a line without a colon": ("x\nA: 1\ny\n 2", [("a", "1+2")]),
    "a value with a colon": ("A: b: c", [("a", "b: c")]),
    "spaces around": ("A :  1 \n", [("a", "1")]),
}


@pytest.mark.parametrize(("text", "expected"), READ.values(), ids=READ)
def test_headers_are_read(text: str, expected: list[tuple[str, str]]) -> None:
    assert headers(text, glue="+") == expected


def test_so_many_lines_are_read_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_headers, "LINES", 2)
    assert headers("A: 1\nB: 2\nC: 3", glue="") == [("a", "1"), ("b", "2")]
