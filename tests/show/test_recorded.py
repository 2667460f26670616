"""The records of demonstrations on the rules' pages are of the commands that would run now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sealock.scan.manual import pages
from sealock.show.catalog import demonstrations
from sealock.show.faults import own_fault

SHOWN = demonstrations()
PAGES = {page.id: page for page in pages()}
UNRECORDED = frozenset({"C034"})
"""Recorded only where root may make a process harder to kill, which the machine that recorded forbids."""


@pytest.fixture(scope="module")
def recording() -> ModuleType:
    path = Path(__file__).parents[2] / "docs" / "record.py"
    spec = importlib.util.spec_from_file_location("record", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rule", sorted(SHOWN.keys() - UNRECORDED))
def test_a_record_is_of_the_current_plan(rule: str, recording: ModuleType) -> None:
    record = PAGES[rule].shown
    assert record is not None, "run docs/record.py"
    outputs = [printed for _, printed in (*record.done, *record.refused)]
    assert recording.written(SHOWN[rule], own_fault(SHOWN[rule]), outputs) == record, "run docs/record.py"


def test_no_other_rule_has_a_record() -> None:
    assert {page.id for page in PAGES.values() if page.shown} <= SHOWN.keys()


@pytest.mark.parametrize("rule", sorted(SHOWN.keys() - UNRECORDED))
def test_a_record_shows_the_harm_and_the_refusal(rule: str) -> None:
    record, about = PAGES[rule].shown, SHOWN[rule]
    assert record is not None
    assert about.refused in "".join(printed for _, printed in record.refused)
    assert record.done != record.refused
