"""The formats read from their texts what the records say: each field, its place, and each error."""

from __future__ import annotations

import pytest

from support.readvectors import KINDS, RECORDS, changes_of


@pytest.mark.repeats
@pytest.mark.parametrize("name", KINDS)
def test_texts_are_read_as_their_record_says(name: str) -> None:
    changes = changes_of(name)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"


def test_each_record_has_its_texts() -> None:
    assert {path.stem for path in RECORDS.iterdir()} == set(KINDS)
