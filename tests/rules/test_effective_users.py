"""Users and groups as an engine and the kernel know them: numbers, and what the image leaves out."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sealock.model.container import Container, Mount
from sealock.model.finding import Severity
from sealock.rules.catalog import rules

RULES = {rule.id: rule for rule in rules("container")}


@pytest.mark.parametrize(
    ("group", "message", "severity"),
    [
        ("27(sudo)", "belongs to group 27 (sudo on the host): it may become root if sudo is installed", Severity.LOW),
        ("10(wheel)", "belongs to group 10 (wheel on the host): it may become root if sudo is installed", Severity.LOW),
        ("998(docker)", "belongs to group 998 (docker on the host): it may control the engine, which amounts to root on the host", Severity.HIGH),
        ("6(disk)", "belongs to group 6 (disk on the host): it may read and write the host's disks if their devices are passed", Severity.HIGH),
        ("0(root)", "belongs to group 0 (root on the host): it may use every file that root's group can access", Severity.MEDIUM),
        ("sudo", "belongs to group sudo: it may become root if sudo is installed", Severity.HIGH),
        ("27", None, None),
        ("4242", None, None),
        ("1001(people)", None, None),
    ],
)  # fmt: skip
def test_a_group_is_named_by_number_and_source(group: str, message: str | None, severity: Severity | None) -> None:
    faults = list(RULES["C047"].check(Container(groups=(group,))))
    assert [(fault.message, fault.severity) for fault in faults] == ([(message, severity)] if message else [])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        pytest.param(
            "acme/own:1", "runs as root: acme/own:1 does, and no user is set", id="an image that sealock does not know"
        ),
        pytest.param("sha256:0123", "runs as root: sha256:0123 does, and no user is set", id="an image by its id"),
        pytest.param("postgres:16", None, id="an image that starts as root and drops that"),
    ],
)
def test_an_engine_that_reports_no_user_has_merged_the_images(image: str, message: str | None) -> None:
    faults = list(RULES["C046"].check(Container(image=image, user="", entrypoint=(), command=())))
    assert [(fault.message, fault.unknown) for fault in faults] == ([(message, False)] if message else [])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"user": "1000:1000"}, "can write /, as far as its user 1000:1000 may: the host's whole file system", id="an ordinary user"),
        pytest.param({"user": "0"}, "can write /: the host's whole file system", id="root"),
        pytest.param({}, "can write /: the host's whole file system", id="an unknown user"),
        pytest.param({"user": "1000", "cap_held": ("DAC_OVERRIDE",)}, "can write /: the host's whole file system", id="an ordinary user who holds DAC_OVERRIDE"),
    ],
)  # fmt: skip
def test_what_a_user_may_write_is_no_more_than_the_mode_allows(values: dict[str, Any], message: str) -> None:
    (fault,) = RULES["C014"].check(Container(mounts=(Mount("bind", "/", "/h"),), **values))
    assert fault.message == message


PROCESSES: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "root": ({"user": "0"}, {"SYS_NICE", "SYS_PTRACE", "SYS_ADMIN", "ODD"}, set()),
    "an unknown user": ({}, {"SYS_NICE", "SYS_PTRACE", "SYS_ADMIN", "ODD"}, set()),
    "an ordinary user": ({"user": "1000"}, set(), {"SYS_NICE", "SYS_PTRACE", "SYS_ADMIN", "ODD"}),
    "an ordinary user without new privileges": ({"user": "1000", "no_new_privileges": True}, set(), set()),
    "an ordinary user who holds one": (
        {"user": "1000", "cap_held": ("SYS_NICE",), "no_new_privileges": True}, {"SYS_NICE"}, set(),
    ),
    "an ordinary user who holds one and may gain others": (
        {"user": "1000", "cap_held": ("SYS_PTRACE",)}, {"SYS_PTRACE"}, {"SYS_NICE", "SYS_ADMIN", "ODD"},
    ),
    "an ordinary user who holds all": (
        {"user": "1000", "cap_held": ("ALL",), "no_new_privileges": True}, {"SYS_NICE", "SYS_PTRACE", "SYS_ADMIN", "ODD"}, set(),
    ),
}  # fmt: skip
"""How a process runs, which of the capabilities below it holds, and which it could gain."""


@pytest.mark.parametrize("names", list(permutations(("CHOWN", "SYS_NICE", "SYS_PTRACE", "SYS_ADMIN", "ODD"), 2)))
@pytest.mark.parametrize("process", PROCESSES)
def test_a_capability_counts_where_a_process_holds_it_or_could_gain_it(process: str, names: tuple[str, str]) -> None:
    values, held, gainable = PROCESSES[process]
    container = Container(cap_add=names, **values)
    faults = [fault for rule in ("C002", "C003") for fault in RULES[rule].check(container)]
    said = {fault.message.partition(":")[0]: fault.severity for fault in faults}
    assert len(said) == len(faults)
    gained = {f"holds no {name} as an ordinary user, but a setuid program could gain it" for name in gainable}
    assert said.keys() == {
        words for words in {f"holds {name}" for name in held} | gained if set(words.split()) & set(names)
    }
    of_gained = {severity for words, severity in said.items() if words in gained}
    assert of_gained <= {Severity.MEDIUM if "SYS_ADMIN" in names else Severity.LOW, Severity.LOW}
