"""Each thing of a container that does not go with remapping, from the words of `docker run`."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.userns.plan import MachineFacts, Owned, PlannedContainer, plan
from sealock.userns.plan.blockers import blockers, unread


def runs(words: str, name: str = "web") -> PlannedContainer:
    document = formats.read("run", Source("run", f"docker run {words} box"))
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)
    return PlannedContainer(name, noun, id=f"{name}-id")


SEEN = (
    Owned(path="/dev/vda", kind="device", mode=0o660),
    Owned(path="/dev/fuse", kind="device", mode=0o666),
    Owned(path="/run/closed.sock", kind="socket", mode=0o660),
    Owned(path="/run/open", kind="socket", mode=0o666),
    Owned(path="/run/shut", kind="socket", mode=0o600),
    Owned(path="/srv/file.sock", kind="file", mode=0o600),
)
MACHINE = MachineFacts(kernel="6.18.0", owned=SEEN, limits={"nofile": 20_000, "core": -1})


OUT = "do without it, or opt out (--userns=host)"


@pytest.mark.parametrize(
    ("words", "what", "effect", "remedy"),
    [
        ("--privileged", "--privileged", "refused", f"grant only the capability or device that it needs; else {OUT}"),
        ("--network host", "--network host", "refused", f"publish its ports; else {OUT}"),
        ("--pid host", "--pid host", "refused", OUT),
        ("--ipc host", "--ipc host", "fails", OUT),
        ("--ulimit nofile=30000", "--ulimit nofile=30000", "fails", "the engine's own limit is 20000: raise that in its unit (LimitNOFILE=)"),
        ("--ulimit nofile=100:-1", "--ulimit nofile=100:-1", "fails", "the engine's own limit is 20000: raise that in its unit (LimitNOFILE=)"),
        ("--ulimit memlock=-1", "--ulimit memlock=-1", "may fail", "it must not be above the engine's own limit"),
        ("--oom-score-adj -500", "--oom-score-adj -500", "fails", "a container may only raise its own OOM score"),
        ("--cap-add SYS_TIME", "--cap-add SYS_TIME", "fails", f"it cannot set the clock; {OUT}"),
        ("--cap-add MKNOD", "--cap-add MKNOD", "fails", f"it cannot make device nodes; {OUT}"),
        ("--cap-add ALL", "--cap-add ALL", "may fail", f"capabilities apply only inside its user namespace, not to the machine; {OUT}"),
        ("-u 70000", "--user 70000", "fails", "only ids up to 65535 are mapped: use a lower one"),
        ("-u 65536:0", "--user 65536", "fails", "only ids up to 65535 are mapped: use a lower one"),
        ("-u 0:70000", "--user 70000", "fails", "only ids up to 65535 are mapped: use a lower one"),
        ("--group-add 70000", "--group-add 70000", "fails", "only ids up to 65535 are mapped: use a lower one"),
        ("--device /dev/vda", "--device /dev/vda", "fails", f"its mode is 660, and the container's root is an ordinary user to it; {OUT}"),
        ("--device /dev/unseen", "--device /dev/unseen", "may fail", "all users must be able to read and write the device"),
        ("--device /dev/fuse:/dev/other", "--device /dev/fuse:/dev/other", "fails", "a device cannot be renamed: the engine would mount the host's device of the new name"),
        ("-v /run/closed.sock:/s", "socket /run/closed.sock", "fails", f"its mode is 660, and the container's root is an ordinary user to it; {OUT}"),
        ("-v data:/data --tmpfs /tmp -v /srv/file.sock:/f -v /run/shut:/s", "socket /run/shut", "fails", f"its mode is 600, and the container's root is an ordinary user to it; {OUT}"),
        ("-v /run/shut:/s", "socket /run/shut", "fails", f"its mode is 600, and the container's root is an ordinary user to it; {OUT}"),
        ("-v /run/unseen.sock:/s", "socket /run/unseen.sock", "may fail", f"the container's root is an ordinary user to it; {OUT}"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_found(words: str, what: str, effect: str, remedy: str) -> None:
    found = blockers(MachineFacts(kernel="6.18.0", owned=SEEN, limits=MACHINE.limits, containers=(runs(words),)))
    assert [(one.container, one.what, one.effect, one.remedy) for one in found] == [("web", what, effect, remedy)]


def test_only_containers_that_surely_fail_are_refused() -> None:
    containers = (runs("--cap-add ALL", "may"), runs("--privileged", "cannot"), runs("", "can"))
    made = plan(MachineFacts(kernel="6.18.0", containers=containers))
    assert {one.container for one in made.blockers} == {"may", "cannot"}
    assert made.refused == ("cannot",)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--userns host --privileged --network host --pid host",
        "--uts host",
        "--cgroupns host",
        "--ulimit nofile=20000",
        "--ulimit core=-1",
        "--oom-score-adj 500",
        "--cap-add SYS_ADMIN",
        "--cap-add NET_ADMIN",
        "-u 65535:65535",
        "-u www-data",
        "--device /dev/fuse",
        "-v /run/open:/s",
        "-v /srv/file.sock:/s",
        "-v data:/data.sock",
        "--network container:db",
        "--sysctl net.ipv4.ip_forward=1",
        "--sysctl kernel.shmmax=1",
        "--read-only --tmpfs /tmp --init",
    ],
)
def test_what_works_is_left_only(words: str) -> None:
    assert not blockers(MachineFacts(kernel="6.18.0", owned=SEEN, limits=MACHINE.limits, containers=(runs(words),)))


@pytest.mark.parametrize(
    ("kernel", "effect"),
    [("6.9.1", "fails"), ("6.10.0-1-amd64", None), ("5.15.0", "fails"), ("7.0", None), ("", "may fail"), ("x.y", "may fail"), ("6.1.0-rc1+", "fails")],
)  # fmt: skip
@pytest.mark.parametrize("sysctl", ["kernel.shmmax", "kernel.msgmax", "kernel.sem", "fs.mqueue.msg_max"])
def test_limits_of_ipc_can_be_set_from_linux_6_10_on(kernel: str, effect: str | None, sysctl: str) -> None:
    found = blockers(MachineFacts(kernel=kernel, containers=(runs(f"--sysctl {sysctl}=1"),)))
    assert [one.effect for one in found] == ([effect] if effect else [])


@pytest.mark.parametrize("flag", ["network", "pid", "ipc"])
@pytest.mark.parametrize("name", ["db", "db-id"])
def test_who_joins_one_that_opts_out_must_opt_out_too(flag: str, name: str) -> None:
    held = (runs("--userns host", "db"), runs(f"--{flag} container:{name}"))
    assert [(blocker.container, blocker.effect) for blocker in blockers(MachineFacts(containers=held))] == [
        ("web", "fails")
    ]


def test_a_container_of_which_nothing_is_known_is_reported() -> None:
    assert unread(MachineFacts(containers=(PlannedContainer("web", Container()), runs("", "db")))) == ("web",)
