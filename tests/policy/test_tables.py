"""Messages show a value of the policy as it stands in the file."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.policy.tables import as_toml

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    KEYS
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(VALUES)
def test_a_value_is_written_as_toml_reads_it(value: object) -> None:
    text = as_toml(value)
    assert tomllib.loads(f"key = {text}") == {"key": value}
    assert text.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.5, "0.5"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
        ("odd", "'odd'"),
        ("it's", '"it\'s"'),
        ("\"'\\", '"\\"\'\\\\"'),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\U000e0001", '"\\U000e0001"'),
        ([1, ["a"]], "[1, ['a']]"),
        ({}, "{}"),
        ({"a-1": 1, "b c": []}, "{ a-1 = 1, 'b c' = [] }"),
        (date(2027, 1, 31), "2027-01-31"),
        (datetime(2027, 1, 31, 7, tzinfo=UTC), "2027-01-31T07:00:00+00:00"),
        (time(7, 32), "07:32:00"),
    ],
)
def test_a_value_is_written_in_one_way(value: object, text: str) -> None:
    assert as_toml(value) == text
