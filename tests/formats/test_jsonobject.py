"""Members of decoded JSON: what is missing or of a wrong type is UNKNOWN, or empty."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.formats.jsonobject import JsonObject, decode_object, decode_objects
from sealock.model.absent import UNKNOWN, UNSET


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        ("maybe_text", "a", "a"),
        ("maybe_text", "", UNSET),
        ("maybe_text", None, UNKNOWN),
        ("maybe_text", 1, UNKNOWN),
        ("maybe_bool", False, False),
        ("maybe_bool", 0, UNKNOWN),
        ("maybe_int", 0, 0),
        ("maybe_int", True, UNKNOWN),
        ("maybe_int", 1.0, UNKNOWN),
        ("maybe_texts", ["a"], ("a",)),
        ("maybe_texts", [], UNSET),
        ("maybe_texts", None, UNSET),
        ("maybe_texts", ["a", 1], UNKNOWN),
        ("maybe_texts", "a", UNKNOWN),
        ("text", 1, ""),
        ("texts", ["a", 1], ()),
        ("elements", {"a": 1}, []),
        ("pairs", {"a": "b", "c": 1}, (("a", "b"),)),
        ("pairs", ["a"], ()),
    ],
)
def test_member(read: str, value: Any, expected: object) -> None:
    result = getattr(JsonObject({"member": value}), read)("member")
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize("read", ["maybe_text", "maybe_bool", "maybe_int", "maybe_texts"])
def test_missing_member_is_unknown(read: str) -> None:
    assert getattr(JsonObject({}), read)("member") is UNKNOWN


def test_objects_of_a_list_have_their_indexes() -> None:
    document = decode_object('{"rows": [1, {"a": "b"}, [], {}]}')
    assert [(index, row.members) for index, row in document.numbered("rows")] == [(1, {"a": "b"}), (3, {})]


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_other_text_has_no_members(text: str) -> None:
    assert not decode_object(text)
    assert decode_objects(text) == []
