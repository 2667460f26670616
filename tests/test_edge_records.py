"""Texts on which single conditions decide are read, reported on and changed as their record says."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from support.edgerecords import NAMES, RECORDS, record


@pytest.mark.parametrize("name", NAMES)
def test_texts_at_the_edges_are_decided_as_their_record_says(name: str) -> None:
    before = (RECORDS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    changes = "\n".join(unified_diff(before, record(name).splitlines(), "recorded", "now", lineterm="", n=1))
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"
