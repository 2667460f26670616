"""The screen on a container: whatever is known or not, at any width, and whatever a container calls its things."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from reports.inspections import EFFECTIVE, LEARNT, LOOK, MIB, PROCESS
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container, Device, Mount
from sealock.model.enforced import Enforced
from sealock.model.finding import Severity
from sealock.model.inspection import BlockedCalls, Difference, Inspection
from sealock.model.process import IdRange, Limit, Namespace, Process, Socket
from sealock.reports import inspected
from sealock.reports.inspected import render
from sealock.text import width

NOTHING = Inspection(
    enforced=Enforced(name="pid:7", declared=Container(), effective=Container(), process=Process(pid=7))
)


def page(look: Inspection, **how: Any) -> str:
    return render(look, **how)


def words(text: str) -> str:
    """The text without its layout."""
    return " ".join(text.split())


def with_process(**values: Any) -> Inspection:
    return replace(LOOK, enforced=replace(LOOK.enforced, process=replace(PROCESS, **values)))


def with_effective(**values: Any) -> Inspection:
    return replace(LOOK, enforced=replace(LOOK.enforced, effective=replace(EFFECTIVE, **values)))


@pytest.mark.parametrize(
    "expected",
    [
        "── container:web ─",
        "web:1 · Docker 0123456789ab · process 4711, 1 inside",
        "Root read-only",
        "/data ← volume data, writable",
        "/tmp in memory, writable, noexec",
        "shared network, with db, cache",
        "host's PID: it sees every process of the host",
        "own mount, user",
        "? IPC: may be the host's",
        "runs as user 1000, which is 101000:101000 on the host",
        "the user namespace maps 0-65535 to 100000-165535 on the host",
        "only the usual ones",
        "tcp 0.0.0.0:80, tcp [::1]:81",
        "/run/web.sock",
        "60 MiB of 64 MiB, at most 63 MiB so far",
        "reserved 32 MiB",
        "0.10 of 0.5 on average",
        "only on CPUs 0-3",
        "throttled for 4.2 seconds so far",
        "3 of 100 (set by its parent /pods), at most 9 so far",
        "read of device 8:0 1,048,576 a second",
        "nofile 1024 to 4096",
        "kills it sooner than others (+500)",
        "--memory 96m its limit was all but reached",
        "→ docker update --memory 96m web",
        "holds none; a setuid program in it can gain 14, Docker's default set",
        "NET_RAW forge packets",
        "AppArmor: docker-default (enforce)",
        "K010 Contains process 9.",
        "? K012 not compared: the cgroup's device rules could not be read",
        "? its rules on devices: no file shows them",
    ],
)
def test_the_page_shows(expected: str) -> None:
    assert expected in words(page(LOOK, width=100))


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (with_process(bounding=0, effective=0), "none, and none can be gained"),
        (with_process(permitted=0, effective=0, no_new_privileges=True), "none, and none can be gained"),
        (with_process(permitted=1, effective=1, no_new_privileges=True), "holds 1; without 13 of Docker's default"),
        (replace(with_process(bounding=(1 << 41) - 1, effective=0), enforced=replace(with_process(bounding=(1 << 41) - 1, effective=0).enforced, effective=replace(EFFECTIVE, cap_add=("ALL",)))), "holds none; a setuid program in it can gain all of them"),
        (replace(with_process(bounding=(1 << 41) - 1, effective=(1 << 41) - 1), enforced=replace(with_process(bounding=(1 << 41) - 1, effective=(1 << 41) - 1).enforced, effective=replace(EFFECTIVE, cap_add=("ALL",)))), "all of them: root on the host"),
        (with_process(bounding=0xA82425FB, effective=0xA82425FB), "holds 15; 1 more than Docker's default"),
        (with_process(bounding=0x400, effective=0x400), "holds 1; without 13 of Docker's default"),
        (with_process(bounding=1 << 62, effective=1 << 62), "62 newer than this table"),
        (with_process(seccomp=0), "all allowed (no seccomp filter)"),
        (with_process(seccomp=1), "only read, write and exit (seccomp strict mode)"),
        (with_process(seccomp_filters=3), "filtered by 3 seccomp filters"),
        (with_process(no_new_privileges=True), "no program in it can gain any"),
        (with_process(apparmor="unconfined"), "AppArmor: unconfined"),
        (with_process(apparmor=UNSET), "neither AppArmor nor SELinux"),
        (with_process(uid=0, uid_map=(IdRange(0, 0, 4294967295),)), "runs as root, which is root on the host too"),
        (with_process(uid=1000, gid=1000, uid_map=(IdRange(0, 0, 4294967295),)), "runs as user 1000 (group 1000), which is the same on the host root inside would be root on the host"),
        (with_process(uid=5), "runs as an unmapped user"),
        (with_process(listening=()), "no listening sockets in its network namespace"),
        (with_process(listening=tuple(Socket("unix", f"/run/{n}", 0) for n in range(7))), "/run/2 /run/3 and 3 more"),
        (with_process(container_id=""), "in no container, by its"),
        (with_process(id_source="host name"), "(only by its host name)"),
        (with_process(resources=(Limit("memory", None, MIB), Limit("pids", None, 3))), "no limit: 1 MiB of the machine's 8 GiB"),
        (with_effective(device_rules=("a *:* rwm",)), "every device of the host"),
        (with_effective(device_rules=("c 10:229 rwm",)), "the usual ones, and c 10:229 rwm"),
        (with_effective(device_rules=UNKNOWN), "Devices unknown"),
        (with_effective(device_rules=()), "only the usual ones: null, zero, full"),
        (with_effective(device_rules=("c 10:229 rw",), devices=(Device("/dev/fuse", "/dev/fuse", "rw"),)), "the usual ones, and /dev/fuse (rw)"),
        (with_effective(device_rules=("c 10:229 rw", "c 1:* r"), devices=(Device("/dev/fuse", "/dev/fuse", "rw"),)), "the usual ones, and /dev/fuse (rw), c 1:* r"),
        (with_effective(device_rules=("c 10:229 rw", "c 10:230 r"), devices=(Device("/dev/fuse", "/dev/fuse", "rw"),)), "the usual ones, and c 10:229 rw, c 10:230 r"),
        (with_effective(device_rules=("c 1:* r",)), "the usual ones, and c 1:* r"),
        (with_effective(device_rules=tuple(f"c 10:{n} r" for n in range(12))), "c 10:10 r, c 10:11 r"),
        (with_effective(device_rules=tuple(f"c 10:{n} r" for n in range(13))), "c 10:11 r and 1 more"),
        (with_effective(unconfined_paths=True), "open: /proc/sys and others are not masked"),
        (with_effective(mounts=UNSET), "only those that every container has"),
        (with_effective(mounts=(Mount("bind", "/", "/"),)), "all mounts of the host"),
        (with_effective(mounts=tuple(Mount("tmpfs", None, f"/{n}") for n in range(30))), "and 18 more"),
        (with_effective(cpus=UNSET), "no limit: 0.10 on average, on 0-3"),
        (replace(LOOK, differences=()), "No differences in what could be compared"),
        (replace(LOOK, enforced=replace(LOOK.enforced, outside=(9,))), "process 9: in its mount namespace, but not in its cgroup"),
    ],
)  # fmt: skip
def test_other_states_are_shown(look: Inspection, expected: str) -> None:
    assert expected in words(page(look, width=100))


def test_what_is_not_known_is_said_and_nothing_is_claimed() -> None:
    text = words(page(NOTHING))
    assert text.count("unknown") >= 6
    for claim in ("read-only", "writable", "masked", "filtered", "none", "own", "No differences"):
        assert f" {claim}" not in text, claim


@pytest.mark.parametrize("room", [40, 60, 80, 100])
@pytest.mark.parametrize("look", [LOOK, NOTHING], ids=["everything", "nothing"])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(look: Inspection, room: int, unicode: bool) -> None:  # noqa: FBT001  from a table
    assert max(width(line) for line in page(look, width=room, unicode=unicode).split("\n")) <= room


def test_without_unicode_all_is_ascii() -> None:
    assert page(replace(LOOK, differences=()), unicode=False).isascii()


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b" not in page(LOOK)
    coloured = page(LOOK, colour=True)
    assert "\x1b[1;31m" in coloured
    plain = coloured
    for code in ("1", "2", "1;31", "32", "35", "36", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert plain == page(LOOK)


EVIL = "\x1b]0;x\x07\n\u202eevil\udcff"


def test_nothing_that_a_container_says_steers_the_terminal() -> None:
    look = with_process(
        command=(EVIL, EVIL), apparmor=EVIL, container_engine=EVIL, cpuset_cpus=EVIL, listening=(Socket("unix", EVIL, 0),),
        resources=(Limit("memory", 5, 3, group=EVIL), Limit(f"io.read:{EVIL}", 5)),
        namespaces=(Namespace("net", 1, host=False, shared_with=(EVIL,)),),
    )  # fmt: skip
    look = replace(look, image=EVIL, update=f"docker update --memory 5m '{EVIL}'", unseen=(EVIL,))
    look = replace(look, differences=(Difference("K007", EVIL, Severity.HIGH), Difference("K007", EVIL)))
    effective = replace(EFFECTIVE, mounts=(Mount("bind", EVIL, EVIL, propagation=EVIL),), device_rules=(EVIL,))
    look = replace(look, enforced=replace(look.enforced, name=EVIL, effective=effective))
    text = page(look)
    assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(text)
    assert max(width(line) for line in text.split("\n")) <= 80


def test_a_command_is_broken_as_a_shell_takes_it() -> None:
    update = (
        "docker update --memory 96m --memory-swap 96m --memory-reservation 48m --pids-limit 100 --cpuset-cpus 1 web"
    )
    text = page(replace(LOOK, update=update), width=60)
    start = text.index("docker update")
    command = text[start : text.index("\n\n", start)]
    assert command.replace("\\\n", " ").split() == update.split()
    assert command.count("\\\n") >= 1


@pytest.mark.parametrize(
    "expected",
    [
        "Root read-only [C040]",
        "[C014, C015] Namespaces",
        "at most 63 MiB so far [C028]",
        "at most 9 so far [C030]",
        "Docker's default set [C002]",
        "/data ← volume data, writable; its user may read and enter it (0755, owner 0:0)",
        "Interfaces lo, eth0",
        "Names front db, cache back no other container",
    ],
)
def test_the_page_shows_rules_rights_and_names(expected: str) -> None:
    assert expected in words(page(LEARNT, width=160))


@pytest.mark.parametrize(
    "expected",
    [
        "mnt:[1] files and mounts; its own",
        "pid:[3] processes and their pids; the host's",
        "ipc:[6] shared memory, semaphores, message queues; unknown whose",
        "$ ls -l /proc/4711/ns",
        "/x (unified)",
        "the container's id 0123456789ab was read from /proc/4711/cgroup",
        "$ cat /sys/fs/cgroup/x/memory.max",
        "$ bpftool cgroup show /sys/fs/cgroup/x",
        "the OOM killer ends a process in it (exit status 137)",
        "fork fails with EAGAIN",
        "allows 373 of 375 system calls, and blocks 2: mount, reboot",
        "by their arguments too (evaluated with 0): clone",
        "$ sealock rules C040",
    ],
)
def test_with_explain_each_line_has_its_meaning_and_a_command(expected: str) -> None:
    assert expected in words(page(LEARNT, width=160, explain=True))
    assert expected not in words(page(LEARNT, width=160))


def test_a_filter_that_could_not_be_read_is_no_filter_that_blocks_nothing() -> None:
    text = words(page(replace(LEARNT, blocked=BlockedCalls(unread="the filter could not be read: x")), explain=True))
    assert "the filter could not be read: x" in text
    assert "system calls, and blocks" not in text


@pytest.mark.parametrize("room", [40, 80, 200])
def test_no_line_of_an_explained_page_is_wider_than_the_terminal(room: int) -> None:
    assert max(map(len, page(LEARNT, width=room, explain=True).split("\n"))) <= room


def test_every_line_that_names_rules_shows_fields_of_the_noun() -> None:
    shown = {field for fields in inspected.FIELDS.values() for field in fields}
    assert shown <= set(Container.__struct_fields__)
