"""What clients see of a running guard, and what the engine gets and the log says, is as the records have it."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from support.guardexchanges import POLICIES, RECORDS, record


@pytest.mark.parametrize("name", POLICIES)
def test_clients_and_the_engine_get_what_the_record_says(name: str) -> None:
    known = (RECORDS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    lines = "\n".join(unified_diff(known, record(name).splitlines(), "recorded", "now", lineterm="", n=0))
    assert not lines, f"if this is meant, run ./dev records and review the diff:\n{lines}"
