"""Version orders a second time, plainly, from the specifications: two versions are walked side by side, without keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, Final

from sealock.vulnerabilities.versions import VersionScheme


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def dpkg(one: str, other: str) -> int:
    """deb-version(7), "Sorting algorithm"."""

    def parts(version: str) -> tuple[int, str, str]:
        epoch, colon, rest = version.partition(":")
        rest = rest if colon else version
        upstream, dash, revision = rest.rpartition("-")
        return int(epoch) if colon else 0, upstream if dash else rest, revision if dash else ""

    def weight(character: str) -> int:
        return -1 if character == "~" else 0 if not character else ord(character) + (0 if character.isalpha() else 256)

    def walk(left: str, right: str) -> int:
        while left or right:
            while (left and not left[0].isdigit()) or (right and not right[0].isdigit()):
                first = left[:1] if not left[:1].isdigit() else ""
                second = right[:1] if not right[:1].isdigit() else ""
                if weight(first) != weight(second):
                    return _sign(weight(first), weight(second))
                left, right = left[1:], right[1:]
            digits, others = re.match("[0-9]*", left), re.match("[0-9]*", right)
            assert digits is not None
            assert others is not None
            if int(digits[0] or 0) != int(others[0] or 0):
                return _sign(int(digits[0] or 0), int(others[0] or 0))
            left, right = left[digits.end() :], right[others.end() :]
        return 0

    left, right = parts(one), parts(other)
    return _sign(left[0], right[0]) or walk(left[1], right[1]) or walk(left[2], right[2])


def rpm(one: str, other: str) -> int:
    """rpm-version(7), as lists of what counts; missing epochs are 0, no release is before any."""

    def walk(left: str, right: str) -> int:
        ranks = {"~": -1, "": 0, "^": 1}
        pieces = zip_longest(*(re.findall(r"[0-9]+|[A-Za-z]+|~|\^", text) for text in (left, right)), fillvalue="")
        for first, second in pieces:
            kinds = [ranks.get(piece, 3 if piece.isdigit() else 2) for piece in (first, second)]
            if kinds[0] != kinds[1]:
                return _sign(*kinds)
            result = _sign(int(first), int(second)) if kinds[0] == 3 else _sign(first, second)
            if result:
                return result
        return 0

    def parts(version: str) -> tuple[str, str, str | None]:
        match = re.match("([0-9]*):", version)
        rest = version[match.end() :] if match else version
        upstream, dash, release = rest.rpartition("-")
        return (match and match[1]) or "0", upstream if dash else rest, release if dash else None

    left, right = parts(one), parts(other)
    result = walk(left[0], right[0]) or walk(left[1], right[1])
    if result or left[2] is None or right[2] is None:
        return result or _sign(left[2] is not None, right[2] is not None)
    return walk(left[2], right[2])


def semver(one: str, other: str) -> int:
    """Semantic Versioning 2.0.0, item 11."""

    def parts(version: str) -> tuple[list[int], list[str]]:
        numbers, _, pre = version.partition("+")[0].partition("-")
        return [int(number) for number in numbers.split(".")], pre.split(".") if pre else []

    (numbers, pre), (other_numbers, other_pre) = parts(one), parts(other)
    if numbers != other_numbers or not (pre and other_pre):
        return _sign(numbers, other_numbers) or _sign(not pre, not other_pre)
    for first, second in zip(pre, other_pre, strict=False):
        if first.isdigit() and second.isdigit():
            result = _sign(int(first), int(second))
        else:
            result = _sign((not first.isdigit(), first), (not second.isdigit(), second))
        if result:
            return result
    return _sign(len(pre), len(other_pre))


def gem(one: str, other: str) -> int:
    """Gem::Version: zeros before the first word that they stand before count for nothing; missing segments are 0."""

    def segments(version: str) -> list[int | str]:
        version = re.sub(r"(^|\.)[0.]+(?=[A-Za-z])", r"\1", version.replace("-", ".pre."), count=1)
        return [int(piece) if piece.isdigit() else piece for piece in re.findall("[0-9]+|[A-Za-z]+", version)]

    for first, second in zip_longest(segments(one), segments(other), fillvalue=0):
        if (isinstance(first, int) and isinstance(second, int)) or (isinstance(first, str) and isinstance(second, str)):
            result = _sign(first, second)
        else:
            result = _sign(isinstance(first, int), isinstance(second, int))
        if result:
            return result
    return 0


def maven(one: str, other: str) -> int:
    """The POM reference, "Version Order Specification", for numbers, a qualifier at the end, and its number.

    Such versions are a prefix of numbers, then at most one word; Maven's whole grammar is in the recorded versions.
    """
    words = {
        "alpha": 0,
        "beta": 1,
        "milestone": 2,
        "rc": 3,
        "cr": 3,
        "snapshot": 4,
        "": 5,
        "ga": 5,
        "final": 5,
        "sp": 6,
    }

    def parts(version: str) -> tuple[list[int], Sequence[Any], int]:
        match = re.fullmatch(r"([0-9.]+)(?:[.-]([a-z]+)([0-9]*))?", version.lower())
        assert match is not None
        numbers = [int(number) for number in match[1].split(".")]
        while numbers and numbers[-1] == 0:
            numbers.pop()
        word, count = match[2] or "", int(match[3] or 0)
        if match[3]:
            word = {"a": "alpha", "b": "beta", "m": "milestone"}.get(word, word)
        return numbers, (words.get(word, 7), "" if word in words else word), count

    left, right = parts(one), parts(other)
    for first, second in zip(left[0], right[0], strict=False):
        if first != second:
            return _sign(first, second)
    return _sign(len(left[0]), len(right[0])) or _sign(left[1], right[1]) or _sign(left[2], right[2])


ORDERS: Final[dict[VersionScheme, Callable[[str, str], int]]] = {
    "dpkg": dpkg,
    "rpm": rpm,
    "npm": semver,
    "cargo": semver,
    "go": semver,
    "nuget": lambda one, other: semver(one.upper(), other.upper()),
    "gem": gem,
    "maven": maven,
}
