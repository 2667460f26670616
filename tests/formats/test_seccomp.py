"""A filter lets through what a profile has and what starting it needs, and never more than the engine's own filter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.capabilities import DEFAULT
from sealock.model.profile import ArchitectureCalls, GrantedRights
from sealock.model.runtimecalls import BASIC, CLOSED, NEWER, RUNTIMES, runtime_calls
from sealock.model.systemcalls import system_calls
from support.profiles import web

NAMES = sorted(system_calls("x86_64").values())


def rules(text: str) -> dict[str, list[dict[str, object]]]:
    """The rules by the names that they are for."""
    by_name: dict[str, list[dict[str, object]]] = {}
    for rule in json.loads(text)["syscalls"]:
        for name in rule["names"]:
            by_name.setdefault(name, []).append(rule)
    return by_name


def test_filter_has_the_profile_the_basics_and_the_runtime() -> None:
    made = write_seccomp(web(), "x86_64", FilterOptions("runc 1.1.15"))
    seen = {"accept4", "clone", "read", "socket"}
    assert set(made.allowed) == seen | {"shutdown"} | BASIC | runtime_calls("runc", no_new_privileges=True)
    assert set(rules(made.text)) == {*made.allowed, "clone3"}
    plain = json.loads(made.text)
    assert (plain["defaultAction"], plain["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert plain["architectures"] == ["SCMP_ARCH_X86_64"]


def test_arguments_keep_the_conditions_of_the_engines_filter() -> None:
    profile = web(syscalls=(ArchitectureCalls("x86_64", ("clone", "clone3", "personality", "socket")),))
    by_name = rules(write_seccomp(profile, "x86_64", FilterOptions()).text)
    assert by_name["clone"][0]["args"] == [{"index": 0, "value": 0x7E020000, "op": "SCMP_CMP_MASKED_EQ", "valueTwo": 0}]
    assert by_name["socket"][0]["args"] == [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]
    assert len(by_name["personality"]) == 5
    assert by_name["clone3"] == [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]


def test_what_the_engine_refuses_stays_refused_unless_a_capability_opens_it() -> None:
    profile = web(syscalls=(ArchitectureCalls("x86_64", ("chroot", "io_uring_setup", "mount", "unshare")),))
    made = write_seccomp(profile, "x86_64", FilterOptions())
    assert made.refused == ("chroot", "io_uring_setup", "mount", "unshare")
    assert not set(made.refused) & set(made.allowed)
    opened = write_seccomp(
        web(syscalls=profile.syscalls, capabilities=("SYS_ADMIN", "SYS_CHROOT"), granted=GrantedRights()),
        "x86_64",
        FilterOptions(),
    )
    assert opened.refused == ("io_uring_setup",)
    assert {"chroot", "mount", "unshare"} <= set(opened.allowed)
    assert "args" not in rules(opened.text).get("clone", [{}])[0]


def test_trial_logs_what_it_would_refuse_and_opens_nothing_that_was_closed() -> None:
    made = write_seccomp(web(), "x86_64", FilterOptions(trial=True))
    assert json.loads(made.text)["defaultAction"] == "SCMP_ACT_LOG"
    by_name = rules(made.text)
    for name in CLOSED:
        assert [rule["action"] for rule in by_name[name]] == ["SCMP_ACT_ERRNO"], name
    actions = [rule["action"] for rule in by_name["clone"]]
    assert actions == ["SCMP_ACT_ALLOW", *["SCMP_ACT_ERRNO"] * 7]


def test_filter_of_all_calls_lets_through_as_many_as_the_engines_own() -> None:
    profile = web(
        syscalls=(ArchitectureCalls("x86_64", tuple(NAMES)),), capabilities=tuple(DEFAULT), granted=GrantedRights()
    )
    # Counted with Docker 26.1 on Linux 6.18.
    assert len(write_seccomp(profile, "x86_64", FilterOptions()).allowed) == 301


def test_call_that_is_newer_than_the_engines_filter_does_not_exist_in_a_trial() -> None:
    by_name = rules(write_seccomp(web(), "x86_64", FilterOptions(trial=True)).text)
    assert {rule["errnoRet"] for name in NEWER for rule in by_name[name]} == {38}
    assert by_name["mount"][0]["errnoRet"] == 1


def test_possible_calls_are_let_through_on_request() -> None:
    assert not {"fork", "mkdir"} & set(write_seccomp(web(), "x86_64", FilterOptions()).allowed)
    assert {"fork", "mkdir"} <= set(write_seccomp(web(), "x86_64", FilterOptions(possible=True)).allowed)


@pytest.mark.parametrize("runtime", ["", "kata", "/usr/bin/youki 0.5"])
def test_unknown_runtime_gets_what_any_runtime_needs(runtime: str) -> None:
    needed = runtime_calls(runtime, no_new_privileges=True)
    assert needed == frozenset().union(*(runtime_calls(name, no_new_privileges=True) for name in RUNTIMES))


@pytest.mark.parametrize("name", ["runc", "/usr/sbin/runc", "runc 1.1.15", "crun"])
def test_without_no_new_privileges_the_runtime_changes_users_under_the_filter(name: str) -> None:
    more = runtime_calls(name, no_new_privileges=False) - runtime_calls(name, no_new_privileges=True)
    assert {"capset", "setuid", "setgid", "setgroups", "chdir"} <= more


def test_tables_name_real_calls() -> None:
    named = BASIC | CLOSED | runtime_calls("", no_new_privileges=False)
    assert named <= set(NAMES)


def test_unknown_architecture_is_an_error() -> None:
    with pytest.raises(ValueError, match="filters for vax are not known; known are x86_64, "):
        write_seccomp(web(), "vax", FilterOptions())


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(["SYS_ADMIN", "SYS_CHROOT", "CHOWN"])), st.booleans())
def test_no_filter_lets_through_what_neither_profile_nor_table_has(
    seen: set[str],
    capabilities: set[str],
    trial: bool,  # noqa: FBT001  hypothesis passes them by place
) -> None:
    calls = (ArchitectureCalls("x86_64", tuple(seen)),)
    profile = web(syscalls=calls, capabilities=tuple(capabilities), granted=GrantedRights())
    made = write_seccomp(profile, "x86_64", FilterOptions("runc", trial=trial))
    through = {
        name for name, its in rules(made.text).items() if any(rule["action"] == "SCMP_ACT_ALLOW" for rule in its)
    }
    assert through == set(made.allowed) <= seen | {"shutdown"} | BASIC | runtime_calls("runc", no_new_privileges=True)
    assert set(made.refused) == seen - through - {"clone3"}


def test_a_capability_that_it_was_not_granted_opens_nothing() -> None:
    profile = web(syscalls=(ArchitectureCalls("x86_64", ("mount",)),), capabilities=("CHOWN", "SYS_ADMIN"))
    assert profile.needed == ("CHOWN",)
    assert write_seccomp(profile, "x86_64", FilterOptions()).refused == ("mount",)
