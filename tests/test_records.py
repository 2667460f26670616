"""What the commands take and print, the guard decides and the service says is what the records say: a change that is meant is reviewed there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from support import commandrecords, guardrecords, machinerecords, optionrecords
from support.commandrows import COMMANDS
from support.servicepages import world
from support.servicerecords import API, PAGES, RECORDS, TEXTS, records

NAMES = [*PAGES, *API, *TEXTS]


def changes(known: Path, now: str) -> str:
    """The differences of a record; "" where there are none."""
    before = known.read_text(encoding="utf-8").splitlines()
    lines = "\n".join(unified_diff(before, now.splitlines(), "recorded", "now", lineterm="", n=0))
    return f"if this is meant, run ./dev records and review the diff:\n{lines}" if lines else ""


def test_the_commands_take_what_the_record_lists() -> None:
    assert not changes(optionrecords.RECORD, optionrecords.record())


@pytest.mark.parametrize("name", guardrecords.POLICIES)
def test_the_guard_decides_what_its_record_says(name: str) -> None:
    assert not changes(guardrecords.RECORDS / f"{name}.txt", guardrecords.record(name))


@pytest.mark.parametrize("name", machinerecords.NAMES)
def test_a_machine_is_read_as_its_record_says(name: str) -> None:
    assert not changes(machinerecords.RECORDS / f"{name}.txt", machinerecords.record(name))


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return dict(commandrecords.records())


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_print_what_their_record_says(printed: dict[str, str], name: str) -> None:
    assert not changes(commandrecords.RECORDS / f"{name}.txt", printed[name])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with world(tmp_path_factory.mktemp("recorded")) as started:
        yield dict(records(started))


@pytest.mark.parametrize("name", NAMES)
def test_the_service_says_what_its_record_says(made: dict[str, str], name: str) -> None:
    assert not changes(RECORDS / f"{name}.txt", made[name])


def test_each_record_of_the_service_is_compared() -> None:
    assert sorted(path.stem for path in RECORDS.iterdir()) == sorted(NAMES)
