"""Every rule on what runs is shown, or there is a reason why not."""

from __future__ import annotations

import pytest

from sealock.formats.runargs.writer import options
from sealock.model.container import FIELDS
from sealock.rules.catalog import every_rule, kinds_of
from sealock.show.catalog import demonstrations, find
from sealock.show.faults import own_fault
from sealock.show.reasons import REASONS, SAME
from sealock.show.setting import focused

SHOWN = demonstrations()
RULES = {rule.id: rule for rule in every_rule() if set(kinds_of(rule)) & {"container", "enforced", "network", "daemon"}}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_on_what_runs_is_shown_or_says_why_not(rule: str) -> None:
    assert [rule in SHOWN, rule in SAME, rule in REASONS].count(True) == 1
    demonstration, why = find(rule)
    assert (demonstration is None) is bool(why)


def test_no_reason_is_for_a_rule_that_is_gone_and_none_leads_nowhere() -> None:
    assert SAME.keys() | REASONS.keys() | SHOWN.keys() == RULES.keys()
    assert set(SAME.values()) <= SHOWN.keys()


def test_there_are_enough() -> None:
    assert len(SHOWN) >= 30


@pytest.mark.parametrize("rule", SHOWN)
def test_a_demonstration_has_the_fault_and_its_fix_changes_the_setting(rule: str) -> None:
    demonstration = SHOWN[rule]
    assert 1 <= len(demonstration.steps) <= 3
    assert set(demonstration.fields) <= set(FIELDS)
    assert demonstration.harm.endswith(".")
    assert demonstration.refused_because.endswith(".")
    fault = own_fault(demonstration)
    assert fault.diff
    before, after = focused(demonstration, fault.before, fault.after)
    assert options(before) != options(after)


@pytest.mark.parametrize("rule", [rule for rule in SHOWN if not SHOWN[rule].remedy])
def test_without_a_remedy_of_its_own_the_rule_has_a_fix(rule: str) -> None:
    assert RULES[rule].fixable
