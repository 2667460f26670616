"""JSON from elsewhere: what is of the expected type is taken, and what lies beside it is left out."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.guard.decision.jsonvalues import as_object, as_objects, as_texts, labels_of, text_of

ODD: list[Any] = [None, 1, True, "a", [], {}, ["b"], {"c": "d"}]


def test_of_a_list_only_the_elements_of_the_type_are_taken() -> None:
    assert as_objects(ODD) == [{}, {"c": "d"}]
    assert as_texts(ODD) == ["a"]


def test_of_labels_only_strings_are_taken() -> None:
    assert labels_of({"Labels": {"a": "1", "b": 2, "c": None, "d": ""}}) == {"a": "1", "d": ""}


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_what_is_of_another_type_is_empty(value: Any) -> None:
    assert as_object(value) == (value if isinstance(value, dict) else {})
    assert as_objects(value) == []
    assert as_texts(value) == (["b"] if value == ["b"] else [])
    assert (text_of(value, "x"), text_of({"x": value}, "x")) == ("", "a" if value == "a" else "")
    assert (labels_of(value), labels_of({"Labels": value})) == ({}, value if isinstance(value, dict) else {})
