"""The filters under which containers are watched report what the engine's own lets through, and refuse the rest."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.absent import UNSET
from sealock.model.capabilities import DEFAULT, NAMES
from sealock.model.container import Container
from sealock.model.profile import ArchitectureCalls, Profile
from sealock.model.systemcalls import system_calls
from sealock.runtime.watch.auditlog import SeccompRecord
from sealock.runtime.watch.filemarks import OVERFLOW, FileEvent, read_events
from sealock.runtime.watch.learningfilter import declared_capabilities, learning_filter
from sealock.runtime.watch.notifications import read_notification, read_state
from sealock.runtime.watch.observations import WatchedContainer

ID = "ab" * 32


def names(text: str, action: str) -> set[str]:
    return {name for rule in json.loads(text)["syscalls"] if rule["action"] == action for name in rule["names"]}


def test_what_is_let_through_is_logged_and_nothing_more() -> None:
    every = ArchitectureCalls("x86_64", tuple(system_calls("x86_64").values()))
    allowed = write_seccomp(Profile("", capabilities=tuple(DEFAULT), syscalls=(every,)), "x86_64", FilterOptions()).text
    learning = learning_filter(DEFAULT, "x86_64", "SCMP_ACT_LOG")
    assert json.loads(learning)["defaultAction"] == "SCMP_ACT_ERRNO"
    assert names(learning, "SCMP_ACT_LOG") == names(allowed, "SCMP_ACT_ALLOW")
    assert names(learning, "SCMP_ACT_ALLOW") == set()
    assert {"mount", "unshare", "bpf", "keyctl"}.isdisjoint(names(learning, "SCMP_ACT_LOG"))
    # Conditions on arguments stay.
    with_arguments = {rule["names"][0] for rule in json.loads(learning)["syscalls"] if rule.get("args")}
    assert with_arguments >= {"clone", "socket", "personality"}


def test_a_listener_is_asked_for_all_but_what_hands_it_over() -> None:
    learning = learning_filter(DEFAULT, "x86_64", "SCMP_ACT_NOTIFY", "/run/listener")
    assert json.loads(learning)["listenerPath"] == "/run/listener"
    assert names(learning, "SCMP_ACT_ALLOW") == {"write"}
    assert "write" not in names(learning, "SCMP_ACT_NOTIFY")
    assert {"read", "openat", "execve"} <= names(learning, "SCMP_ACT_NOTIFY")


def test_a_machine_without_a_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="s390x"):
        learning_filter(DEFAULT, "s390x", "SCMP_ACT_LOG")


@pytest.mark.parametrize(
    ("container", "capabilities"),
    [
        (Container(cap_add=UNSET, cap_drop=UNSET), DEFAULT),
        (Container(cap_drop=("ALL",), cap_add=("CAP_CHOWN",)), {"CHOWN"}),
        (Container(cap_drop=("CHOWN",), cap_add=("SYS_ADMIN",)), DEFAULT - {"CHOWN"} | {"SYS_ADMIN"}),
        (Container(cap_add=("ALL",), cap_drop=("BPF",)), frozenset(NAMES) - {"BPF"}),
        (Container(privileged=True), frozenset(NAMES)),
    ],
)
def test_the_capabilities_of_a_container(container: Container, capabilities: frozenset[str]) -> None:
    assert declared_capabilities(container) == capabilities


def notification(number: int, arch: int = 0xC000003E) -> bytes:
    return struct.pack("=QIIiIQ6Q", 7, 4711, 0, number, arch, 0, *range(6))


def test_a_notification_says_which_call_waits() -> None:
    assert read_notification(notification(39)) == (7, SeccompRecord(4711, "x86_64", 39, "logged"))
    assert read_notification(notification(39 | 0x40000000)) == (7, SeccompRecord(4711, "x32", 39, "logged"))
    assert read_notification(notification(20, 0x40000003)) == (7, SeccompRecord(4711, "i386", 20, "logged"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes_are_a_notification_or_none(junk: bytes) -> None:
    read = read_notification(junk)
    assert (read is None) == (len(junk) != len(notification(0)))


def test_the_message_of_a_runtime_names_its_container() -> None:
    state = {"ociVersion": "0.2.0", "fds": ["seccompFd"], "pid": 7, "state": {"id": ID, "status": "creating"}}
    assert read_state(json.dumps(state).encode()) == WatchedContainer(ID, 7)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["state", "id", "pid"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_message_names_a_container_or_none(data: bytes) -> None:
    container = read_state(data)
    assert container is None or (len(container.id) <= 128 and container.pid >= 0)


def event(mask: int, descriptor: int = -1, pid: int = 7, more: bytes = b"") -> bytes:
    return struct.pack("=IBBHQii", 24 + len(more), 3, 0, 24, mask, descriptor, pid) + more


def test_events_of_files_are_read_one_after_the_other() -> None:
    data = event(0x20, 9) + event(0x1008, 11, 8, b"more") + event(0x4000, -1, 0)
    assert [*read_events(data)] == [FileEvent(0x20, 9, 7), FileEvent(0x1008, 11, 8), FileEvent(OVERFLOW, -1, 0)]
    assert [*read_events(data[:-1])] == [*read_events(data)][:2]
    assert [*read_events(struct.pack("=I", 3) + bytes(40))] == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes_are_events_as_long_as_they_last(junk: bytes) -> None:
    assert len([*read_events(junk)]) <= len(junk) // 24
