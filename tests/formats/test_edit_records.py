"""Changes of texts make of them what the records say: each line that goes, comes or stays beside it, and each refusal."""

from __future__ import annotations

import pytest

from support.editrecords import GROUPS, RECORDS, changes_of


@pytest.mark.repeats
@pytest.mark.parametrize("name", GROUPS)
def test_texts_are_changed_as_their_record_says(name: str) -> None:
    changes = changes_of(name)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"


def test_each_record_has_its_texts() -> None:
    assert {path.stem for path in RECORDS.iterdir()} == set(GROUPS)
