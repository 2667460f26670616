"""Numbers and sentences as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.text import count, fit, format_size, list_first, only_first, read_number, sentence


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("4294967295", 4294967295), ("9" * 11, None), ("9" * 5000, None), ("²", None), ("٣", None), ("", None), ("-1", None), ("1.5", None)],
)  # fmt: skip
def test_a_number_is_a_few_ascii_digits(text: str, number: int | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (10_695_475, "10.2 MiB"), (512 << 20, "512 MiB"),
        ((1 << 30) - 1, "1 GiB"), (5 << 30, "5 GiB"), (3 << 40, "3 TiB"), (5 << 50, "5120 TiB"),
    ],
)  # fmt: skip
def test_sizes_in_binary_units(number: int, text: str) -> None:
    assert format_size(number) == text


@given(st.integers(0, 10**18))
def test_sizes_are_short(size: int) -> None:
    assert re.fullmatch(r"\d{1,4}(\.\d)? ([KMG]iB|B)|\d+(\.\d)? TiB", format_size(size))


def test_a_noun_follows_its_number() -> None:
    assert list_first("abc", 3) == "a, b, c"
    assert list_first(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert [count(number, "layer") for number in (0, 1, 2)] == ["0 layers", "1 layer", "2 layers"]
    assert [count(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


def test_what_is_read_of_some_is_said_in_words() -> None:
    assert only_first(1, 2, "layer") == "only the first of 2 layers is read"
    assert only_first(2, 3, "layer") == "only the first 2 of 3 layers are read"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("drop it", "Drop it."),
        ("Drop it.", "Drop it."),
        ("Is it known?", "Is it known?"),
        ("Drop it (or keep it)", "Drop it (or keep it)."),
        ("Drop it. (Others keep it.)", "Drop it. (Others keep it.)"),
        ("(Others keep it.)", "(Others keep it.)"),
        ("Drop apt (curl, wget, etc.)", "Drop apt (curl, wget, etc.)."),
        ('It says "no."', 'It says "no."'),
        ('It says "no"', 'It says "no".'),
        ("Run `ls .`", "Run `ls .`."),
        ("Take )", "Take )."),
        ("docker-compose.yml has it", "docker-compose.yml has it."),
        ("", ""),
    ],
)
def test_a_sentence_has_one_end(text: str, shown: str) -> None:
    assert sentence(text) == shown


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdefgh", 6, "abc…gh"), ("abcdefgha世b", 6, "abcd…b"), ("世世世世ab", 6, "世…ab")],
)
def test_a_text_without_room_loses_its_middle(text: str, room: int, shown: str) -> None:
    """A sign of two columns that no longer fits ends the part that is kept."""
    assert fit(text, room) == shown
