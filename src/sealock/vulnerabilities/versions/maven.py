"""The order of Maven's versions by ComparableVersion of Maven 3.9.

A version is a list of numbers and words that may end in a nested list: `-`, and a change from digits to letters or
back, begin one. Missing items count as nothing, so each item is before or after the end.

Maven's own comparison is not transitive for a few texts that never occur (1 < 1-sp < 1.0.alpha.1 < 1). Here such an
item keeps its side of the end, and its place among those on the same side:

    words before the end, lists before it, zeros and then a word before it, the end,
    words after the end, lists after it, numbers
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import LOW, Codes, number

_PIECES: Final = compile_lazily(r"[0-9]+|[^0-9.-]+|[.-]")
_ALIASES: Final = {"ga": "", "final": "", "release": "", "cr": "rc"}
_ABBREVIATIONS: Final = {"a": "alpha", "b": "beta", "m": "milestone"}
_EARLY: Final = {"alpha": b"\x01", "beta": b"\x02", "milestone": b"\x03", "rc": b"\x04", "snapshot": b"\x05"}
_RELEASE: Final = {False: b"\x06", True: b"\x0a"}
_LIST: Final = {False: b"\x07", True: b"\x0d"}
_ZEROS: Final = b"\x08"
_END: Final = b"\x09"
_SP: Final = b"\x0b"
_WORD: Final = b"\x0c"

_NEW_LIST: Final = "-"
_ZERO_CODE: Final = number("", LOW)
_numbers: Final = Codes(lambda digits: number(digits, LOW)).__getitem__


def key(version: str) -> bytes:
    """Give the key of a version. Maven accepts any text; raises ValueError for text that is not ASCII or has a NUL."""
    if not version.isascii() or "\0" in version:
        raise ValueError(version)
    parts = version.split(".")
    if all(map(str.isdigit, parts)):
        codes = list(map(_numbers, parts))
        while codes and codes[-1] == _ZERO_CODE:
            codes.pop()
        codes.append(_END)
        return b"".join(codes)
    return _encode(_items(version.lower()))


def _items(version: str) -> list[str]:
    """Give the items in order, without those that count as nothing; "-" begins a list."""
    lists: list[list[str]] = [[]]
    pending = ""
    for piece in _PIECES.findall(version):
        if piece in ".-":
            lists[-1].append(_item(pending))
            pending = ""
            if piece == "-":
                lists.append([])
        elif pending:
            if piece.isdigit():
                # Letters before digits begin a nested list, unless they are the first item of one.
                if lists[-1]:
                    lists.append([])
                lists[-1].append(_item(_ABBREVIATIONS.get(pending, pending)))
            else:
                lists[-1].append(_item(pending))
            lists.append([])
            pending = piece
        else:
            pending = piece
    if pending:
        if not pending.isdigit() and lists[-1]:
            lists.append([])
        lists[-1].append(_item(pending))
    return _flattened(lists)


def _item(text: str) -> str:
    if text.isdigit():
        return text.lstrip("0") or "0"
    return _ALIASES.get(text, text) if text else "0"


def _flattened(lists: list[list[str]]) -> list[str]:
    items: list[str] = []
    for content in lists:
        while content and content[-1] in {"0", ""}:
            content.pop()
    while lists and not lists[-1]:
        lists.pop()
    for content in lists:
        if items or content is not lists[0]:
            items.append(_NEW_LIST)
        items.extend(content)
    return items


def _encode(items: list[str]) -> bytes:
    codes = [_END]
    after = False
    # From the end, since the first item that counts decides which side of the end a list is on.
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if item == _NEW_LIST:
            codes.append(_LIST[after])
        elif item == "":
            codes.append(_RELEASE[after])
        elif item == "0":
            if after:
                codes.append(_ZERO_CODE)
            elif items[index - 1 : index] != ["0"]:
                run = next(place for place in range(index, len(items)) if items[place] != "0") - index
                codes.append(_ZEROS + run.to_bytes(2, "big"))
        elif item.isdigit():
            codes.append(_numbers(item))
            after = True
        else:
            early = _EARLY.get(item)
            after = early is None
            codes.append(early or (_SP if item == "sp" else _WORD + item.encode("ascii") + b"\0"))
    codes.reverse()
    return b"".join(codes)
