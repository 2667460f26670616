"""What engines report of themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealock.show.belongings import run_of
from sealock.show.facts import EngineFacts, read_facts
from sealock.show.tools import is_static

OBSTACLES = ("rootless", "remapped", "apparmor", "selinux", "seccomp")
NAMES = st.sampled_from(
    [
        "ServerVersion",
        "Name",
        "SecurityOptions",
        "Swarm",
        "ControlAvailable",
        "host",
        "version",
        "security",
        "remoteSocket",
    ]
)
DOCKER = {"ServerVersion": "26.1.5", "Name": "vm", "SecurityOptions": [], "Swarm": {"ControlAvailable": False}}
PODMAN = {"host": {"hostname": "vm", "security": {}, "remoteSocket": {}}, "version": {"Version": "5.4.2"}}


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        (DOCKER, EngineFacts("docker", "26.1.5", "vm")),
        (
            DOCKER | {"SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=rootless"]},
            EngineFacts("docker", "26.1.5", "vm", frozenset({"apparmor", "seccomp", "rootless"})),
        ),
        (DOCKER | {"SecurityOptions": ["name=userns"]}, EngineFacts("docker", "26.1.5", "vm", frozenset({"remapped"}))),
        (DOCKER | {"Swarm": {"ControlAvailable": True}}, EngineFacts("docker", "26.1.5", "vm", manages_swarm=True)),
        (PODMAN, EngineFacts("podman", "5.4.2", "vm")),
        (
            PODMAN
            | {"host": {"security": {"rootless": True}, "remoteSocket": {"path": "unix:///r/p", "exists": True}}},
            EngineFacts("podman", "5.4.2", "", frozenset({"rootless"}), socket="/r/p"),
        ),
        ({}, None),
        ([], None),
        ({"ServerVersion": 1}, None),
    ],
)
def test_what_an_engine_reports(answer: object, facts: EngineFacts | None) -> None:
    assert read_facts(json.dumps(answer)) == facts


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("show-abc123", "abc123"),
        ("show-abc123-other", "abc123"),
        ("show-abc123-net", "abc123"),
        ("sealock-show:abc123", "abc123"),
        ("localhost/sealock-show:abc123", "abc123"),
    ],
)
def test_whose_a_name_is(name: str, run: str) -> None:
    assert run_of(name) == run


def test_which_program_is_static(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert not is_static(str(script))
    empty = tmp_path / "empty"
    empty.write_bytes(b"\x7fELF")
    assert not is_static(str(empty))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=6,
)


@given(JSON | st.dictionaries(NAMES, JSON))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_engine_may_answer_anything(answer: object) -> None:
    facts = read_facts(json.dumps(answer))
    assert facts is None or facts.obstacles <= {*OBSTACLES}


@given(st.text())
@settings(deadline=None)
def test_an_engine_may_answer_no_json(text: str) -> None:
    facts = read_facts(text)
    assert facts is None or text.lstrip().startswith("{")
