"""Without root the kernel hides much of a container: a rule that cannot see what it compares is skipped, never passed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.container import Container, Mount, Sysctl, container
from sealock.model.enforced import Enforced
from sealock.model.process import NAMESPACES, IdRange, Namespace, Process
from sealock.rules.catalog import rules

RULES = {rule.id: rule for rule in rules("enforced")}
STRICT = container(
    privileged=False,
    cap_drop=("ALL",),
    apparmor="docker-default",
    seccomp="builtin",
    no_new_privileges=True,
    user="1000",
    read_only=True,
    memory=1 << 26,
    mounts=(Mount("bind", "/etc", "/etc2", read_only=True),),
    sysctls=(Sysctl("net.ipv4.ip_forward", "0"),),
)
UNREAD = Enforced(name="web", declared=STRICT, effective=Container(), process=Process(pid=7), hidden=True)
SPACES = tuple(Namespace(kind, 4026532000 + index, host=False) for index, kind in enumerate(NAMESPACES[:6]))
OWN = Container(pid="private", ipc="private", uts="private", cgroupns="private", network_mode="bridge")
READ = Enforced(name="web", declared=STRICT, effective=OWN, process=Process(pid=7, namespaces=SPACES))


def results(rule: str, enforced: Enforced) -> tuple[list[str], list[str]]:
    faults = list(RULES[rule].check(enforced))
    return [fault.message for fault in faults if not fault.unknown], [
        fault.message for fault in faults if fault.unknown
    ]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_reads_nothing_is_skipped(rule: str) -> None:
    findings, skipped = results(rule, UNREAD)
    assert findings == []
    assert skipped, f"{rule} passes in silence"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("pid", "its PID namespace"),
        ("ipc", "its IPC namespace"),
        ("uts", "its UTS namespace"),
        ("network_mode", "its network namespace"),
        ("cgroupns", "its cgroup namespace"),
    ],
)
def test_each_namespace_that_is_hidden_is_named_and_each_that_is_the_hosts_is_reported(field: str, words: str) -> None:
    enforced = replace(READ, declared=replace(STRICT, cgroupns="private"))
    assert results("K008", enforced) == ([], [])
    hidden = replace(enforced, effective=Container(**{name: getattr(OWN, name) for name in NAMES if name != field}))
    assert results("K008", hidden) == ([], [f"whether it is the host's could not be read: {words}"])
    shared = replace(enforced, effective=replace(OWN, **{field: "host"}))
    assert results("K008", shared) == ([f"shares {words} with the host"], [])


NAMES = ("pid", "ipc", "uts", "network_mode", "cgroupns")


@pytest.mark.parametrize("mode", ["host", "container:other"])
def test_a_namespace_that_the_settings_share_needs_no_look(mode: str) -> None:
    enforced = replace(
        READ,
        declared=replace(STRICT, pid=mode),
        effective=Container(ipc="private", uts="private", network_mode="bridge"),
    )
    assert results("K008", enforced) == ([], [])


FULL = (IdRange(0, 0, 4294967295),)
FIRST = Process(pid=7, uid=1000, uid_map=FULL, bounding=0, effective=0, permitted=0, seccomp=2, no_new_privileges=True)
THREAD = replace(FIRST, pid=9, thread_of=8, name="sh")


@pytest.mark.parametrize(
    ("rule", "others", "outside", "message"),
    [
        ("K010", {"effective": 1 << 21}, (), "contains thread 9 (sh) of process 8, which holds SYS_ADMIN"),
        ("K010", {"permitted": 1 << 12}, (), "contains thread 9 (sh) of process 8, which holds NET_ADMIN"),
        ("K010", {"seccomp": 0}, (), "contains thread 9 (sh) of process 8, which runs without a seccomp filter"),
        ("K018", {"uid": 0}, (), "contains thread 9 (sh) of process 8, which runs as root"),
        ("K011", {}, (9,), "has process 9 outside its cgroup, without its limits"),
    ],
)
def test_a_thread_counts_as_a_process_and_what_is_seen_is_reported_beside_what_is_hidden(
    rule: str, others: dict[str, Any], outside: tuple[int, ...], message: str
) -> None:
    enforced = replace(READ, process=FIRST, others=(replace(THREAD, **others),), outside=outside)
    assert results(rule, enforced) == ([message], [])
    assert results(rule, replace(enforced, hidden=True)) == (
        [message],
        ["processes that left its cgroup are visible only to root"],
    )
    assert results(rule, replace(READ, process=FIRST)) == ([], [])
