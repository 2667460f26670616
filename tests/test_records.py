"""What commands take and print, the guard decides and the service says, and how a machine is read: as the records say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from support import (
    byterecords,
    commandrecords,
    guardexchanges,
    guardrecords,
    historyrecords,
    machinerecords,
    maprecords,
    optionrecords,
    programrecords,
    reportrecords,
    runrecords,
    schemarecords,
    servicerecords,
    showrecords,
    tablerecords,
)
from support.commandrows import COMMANDS


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


@pytest.mark.parametrize("name", byterecords.NAMES)
def test_a_file_with_another_byte_is_read_as_its_record_says(name: str) -> None:
    assert not changes(byterecords.RECORDS / f"{name}.txt", byterecords.record(name))


@pytest.mark.parametrize("name", machinerecords.NAMES)
def test_a_machine_is_read_as_its_record_says(name: str) -> None:
    assert not changes(machinerecords.RECORDS / f"{name}.txt", machinerecords.record(name))


@pytest.mark.parametrize("name", programrecords.NAMES)
def test_a_program_for_the_kernel_is_what_its_record_says(name: str) -> None:
    assert not changes(programrecords.RECORDS / f"{name}.txt", programrecords.record(name))


@pytest.mark.repeats
@pytest.mark.parametrize("name", reportrecords.NAMES)
def test_reports_with_another_field_are_what_their_record_says(name: str) -> None:
    assert not changes(reportrecords.RECORDS / f"{name}.txt", reportrecords.record(name))


@pytest.mark.parametrize("room", tablerecords.ROOMS)
def test_the_tables_of_a_room_are_those_of_its_record(room: str) -> None:
    assert not changes(tablerecords.RECORDS / f"{room}.txt", tablerecords.record(room))


@pytest.mark.parametrize("name", schemarecords.NAMES)
def test_the_tables_of_the_database_are_made_as_their_record_says(name: str) -> None:
    assert not changes(schemarecords.RECORDS / f"{name}.sql", schemarecords.record(name))


@pytest.mark.parametrize("name", maprecords.NAMES)
def test_a_map_is_drawn_as_its_record_says(name: str) -> None:
    assert not changes(maprecords.RECORDS / f"{name}.txt", maprecords.record(name))


@pytest.mark.parametrize("name", showrecords.NAMES)
def test_demonstrations_are_planned_as_their_record_says(name: str) -> None:
    assert not changes(showrecords.RECORDS / f"{name}.txt", showrecords.record(name))


@pytest.mark.parametrize("name", runrecords.NAMES)
def test_a_run_is_made_as_its_record_says(name: str) -> None:
    assert not changes(runrecords.RECORDS / f"{name}.txt", runrecords.record(name))


@pytest.fixture(scope="module")
def place() -> Iterator[commandrecords.CommandWorld]:
    with commandrecords.command_world() as made:
        yield made


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_print_what_their_record_says(place: commandrecords.CommandWorld, name: str) -> None:
    assert not changes(commandrecords.RECORDS / f"{name}.txt", place.record(name))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servicerecords.RecordedService]:
    with servicerecords.recorded_service(tmp_path_factory.mktemp("recorded")) as made:
        yield made


@pytest.mark.repeats
@pytest.mark.parametrize("name", servicerecords.NAMES)
def test_the_service_says_what_its_record_says(service: servicerecords.RecordedService, name: str) -> None:
    assert not changes(servicerecords.RECORDS / f"{name}.txt", service.record(name))


@pytest.mark.repeats
@pytest.mark.parametrize("name", historyrecords.HISTORIES)
def test_a_service_answers_what_the_record_of_its_history_says(name: str) -> None:
    assert not changes(historyrecords.RECORDS / f"{name}.txt", historyrecords.record(name))


@pytest.mark.parametrize(
    ("directory", "names"),
    [
        (servicerecords.RECORDS, servicerecords.NAMES),
        (historyrecords.RECORDS, historyrecords.HISTORIES),
        (commandrecords.RECORDS, COMMANDS),
        (byterecords.RECORDS, byterecords.NAMES),
        (machinerecords.RECORDS, machinerecords.NAMES),
        (programrecords.RECORDS, programrecords.NAMES),
        (maprecords.RECORDS, maprecords.NAMES),
        (reportrecords.RECORDS, reportrecords.NAMES),
        (runrecords.RECORDS, runrecords.NAMES),
        (showrecords.RECORDS, showrecords.NAMES),
        (schemarecords.RECORDS, schemarecords.NAMES),
        (tablerecords.RECORDS, tablerecords.ROOMS),
        (guardrecords.RECORDS, guardrecords.POLICIES),
        (guardexchanges.RECORDS, guardexchanges.POLICIES),
    ],
)
def test_each_record_is_compared(directory: Path, names: Iterable[str]) -> None:
    assert sorted(path.stem for path in directory.iterdir()) == sorted(names)
