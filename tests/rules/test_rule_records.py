"""Every rule reports about its own vectors what its record says: which finding, where, and the fixed text."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.rules.catalog import every_rule
from sealock.rules.rule import Rule
from support.rulevectors import RECORDS, changes_of


@pytest.mark.repeats
@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in every_rule()])
def test_a_rule_reports_what_its_record_says(rule: Rule[Any]) -> None:
    changes = changes_of(rule)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"


def test_each_record_belongs_to_a_rule() -> None:
    assert {path.stem for path in RECORDS.iterdir()} == {rule.id for rule in every_rule()}
