"""What the guard cannot do is an error that says so, and what it cannot know of a caller counts as not known."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import PolicyError, TargetError, UsageError
from sealock.guard import archives, gate, installation, listeners, peers
from sealock.guard.archives import read_archive
from sealock.guard.breakglass import NAME, GlassWatch, close_guard, open_guard
from sealock.guard.decision.exchange import (
    Answer,
    ArchiveQuestion,
    Caller,
    Denied,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    NeedsFacts,
)
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.imageevidence import StoredEvidence, StoredImage
from sealock.guard.installation import RECORD, _read, _run, plan_removal
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.log import GuardLog
from sealock.guard.peers import Peer, _groups, _pid, peer
from support.oddcontexts import archive, folder, link, member
from support.waiting import PATIENCE

PING = '[guard]\n[[guard.caller]]\nname = "ci"\nallow = ["ping", "containers"]\n'


# Files.


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "open" / NAME).mkdir(parents=True)
    with pytest.raises(UsageError, match=rf"the guard was not opened: {tmp_path}/file/{NAME}: .*; run this as root"):
        open_guard(str(tmp_path / "file"), 60, "why")
    with pytest.raises(UsageError, match=rf"the guard was not closed: {tmp_path}/open/{NAME}: Is a directory; run"):
        close_guard(str(tmp_path / "open"))
    with pytest.raises(UsageError, match=rf"the log {tmp_path}/none/log cannot be written: No such file or directory"):
        GuardLog(str(tmp_path / "none" / "log"))


def test_what_an_installation_cannot_read_or_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc/group").mkdir(parents=True)
    with pytest.raises(TargetError, match="/etc/group cannot be read: Is a directory"):
        _read(str(tmp_path), "etc/group")
    (tmp_path / "etc/passwd").write_bytes(b"\xff")
    with pytest.raises(TargetError, match="/etc/passwd cannot be read: "):
        _read(str(tmp_path), "etc/passwd")
    record = tmp_path / RECORD
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{")
    with pytest.raises(TargetError, match=r"cannot be read: .*; undo the steps of `sealock guard install` by hand"):
        plan_removal(str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match="`systemctl daemon-reload` could not be run: No such file or directory"):
        _run(("systemctl", "daemon-reload"))
    monkeypatch.setattr(installation, "_COMMAND", 0.01)
    with pytest.raises(TargetError, match=r"`/bin/sleep 60` could not be run: .*timed out"):
        _run(("/bin/sleep", "60"))


def test_a_socket_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    before = os.umask(0o022)
    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(UsageError, match=rf"cannot listen on {tmp_path}/x: Operation not permitted"):
        listeners.listen(str(tmp_path / "x"), listeners.SocketAccess(owner="1"))
    assert list(tmp_path.iterdir()) == []
    assert os.umask(before) == 0o022, "the umask is as before"


def test_evidence_that_cannot_be_stored_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").touch()
    stored = StoredImage(f"sha256:{'a' * 64}", "nginx", datetime.now(UTC), "", ())
    with pytest.raises(UsageError):
        StoredEvidence(str(tmp_path)).store(stored)


def test_a_policy_that_is_gone_or_broken_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "sealock.toml"
    file.write_text(PING)
    policy = LivePolicy(str(file))
    before, heard = policy.current, list[str]()
    policy.announce = lambda event, words: heard.append(f"{event}: {words}")
    file.unlink()
    policy.look()
    assert (policy.current is before, bool(policy.error)) == (True, True)
    for text in ("[guard", "", 'fail-on = "low"\n', "# [guard]\n"):
        file.write_text(text)
        policy.look(force=True)
        assert (policy.current is before, bool(policy.error)) == (True, True), text
    with pytest.raises(PolicyError, match=r"has no table \[guard\]"):
        LivePolicy(str(file))
    file.write_text("[guard]\n")
    assert LivePolicy(str(file)).current.policy.callers == (), "who writes that lets nobody in"
    file.write_text(PING.replace("ci", "dev"))
    policy.look()
    policy.look()
    assert (policy.current is before, policy.error) == (False, "")
    assert [line.partition(":")[0] for line in heard] == ["policy-refused"] * 5 + ["policy-read"]
    assert heard[0].endswith("the policy of before stays in use")


# Archives.


def read(data: bytes, kind: str) -> str:
    descriptor = os.memfd_create("archive")
    try:
        os.write(descriptor, data)
        return read_archive(descriptor, ArchiveQuestion("images" if kind == "images" else "context")).wrong
    finally:
        os.close(descriptor)


def test_an_archive_has_at_most_so_many_links_and_images(monkeypatch: pytest.MonkeyPatch) -> None:
    links = archive(member("Dockerfile", "FROM a\n"), link("a", "x"), link("b", "x"))
    saved = archive(
        folder("blobs"),
        member("manifest.json", '[{"Config": "a.json"}, {"Config": "b.json"}]'),
        member("a.json", "{}"),
        member("b.json", "{}"),
    )
    for most, whys in ((2, ("", "")), (1, ("it has more than 1 links", "it has more than 1 images"))):
        monkeypatch.setattr(archives, "_LINKS", most)
        monkeypatch.setattr(archives, "_MEMBERS", most)
        assert (read(links, "context"), read(saved, "images")) == whys


def test_json_of_an_archive_that_readers_read_differently_is_refused() -> None:
    twice = archive(member("manifest.json", '[{"Config": "a.json", "Config": "b.json"}]'))
    assert read(twice, "images").startswith("manifest.json cannot be read: ")


# Decisions.


def decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decide: Any, request: Any = None) -> gate.GateOutcome:
    """What comes of a request where the decision, or the engine's answer, is this."""
    (tmp_path / "sealock.toml").write_text(PING)

    async def run() -> gate.GateOutcome:
        door = EngineDoor("/nowhere", asyncio.get_running_loop())
        facts = Facts(door, StoredEvidence(str(tmp_path)))
        made = gate.Gate(LivePolicy(str(tmp_path / "sealock.toml")), facts, GlassWatch(str(tmp_path)))
        monkeypatch.setattr(made, "_decide", decide)
        if request is not None:
            monkeypatch.setattr(facts, "answer", request)
        try:
            return await made.decide(EngineRequest("GET", "/_ping"), Caller(uid=1))
        finally:
            facts.close()

    return asyncio.run(run())


def reasons(outcome: gate.GateOutcome) -> list[tuple[str, str]]:
    assert isinstance(outcome.result, Denied)
    return [(reason.rule, reason.why) for reason in outcome.result.reasons]


def test_a_fault_of_the_guard_denies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")  # noqa: EM101  a fault

    outcome = decided(tmp_path, monkeypatch, fail)
    assert reasons(outcome) == [("G000", "the guard could not evaluate it, by a fault of its own")]
    assert outcome.error.startswith("KeyError: 'x' (test_refusals.py:")


def test_a_fault_is_placed_where_it_arose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = decided(tmp_path, monkeypatch, lambda *_: json.loads("{"))
    assert "(decoder.py:" in outcome.error


def test_a_decision_that_never_ends_is_a_denial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def more(*_: object) -> NeedsFacts:
        asked.append(1)
        return NeedsFacts((EngineQuestion(f"/{len(asked)}"),))

    async def answer(_: object) -> Answer:
        return EngineAnswer(404)

    assert reasons(decided(tmp_path, monkeypatch, more, answer)) == [
        ("G000", "it rests on more facts than the guard asks for")
    ]
    assert len(asked) == 9, "the rounds, and the first decision"
    again: list[int] = []

    def same(*_: object) -> NeedsFacts:
        again.append(1)
        return NeedsFacts((EngineQuestion("/1"),))

    assert reasons(decided(tmp_path, monkeypatch, same, answer)) == [
        ("G000", "it rests on more facts than the guard asks for")
    ]
    assert len(again) == 2, "what was answered already is not asked again"


def test_a_decision_that_waits_too_long_is_a_denial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: object) -> Answer:
        await asyncio.sleep(PATIENCE)
        raise AssertionError

    monkeypatch.setattr(gate, "DEADLINE", 0.01)
    outcome = decided(tmp_path, monkeypatch, lambda *_: NeedsFacts((EngineQuestion("/1"),)), never)
    assert reasons(outcome) == [("G000", "no decision within 0.01 seconds")]
    assert outcome.error == ""


# Who calls.


class Kernel(socket.socket):
    """A socket whose kernel answers by a table of options."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(socket.AF_UNIX)
        self.answers = answers

    def getsockopt(self, _level: int, option: int, size: int = 0, /) -> Any:
        name = {socket.SO_PEERCRED: "credentials", 59: "groups", 77: "process"}[option]
        answer = self.answers.get(name, OSError(errno.ENOPROTOOPT, "old"))
        if isinstance(answer, OSError):
            raise answer
        assert name != "groups" or size == 1024
        return answer


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def credentials(pid: int) -> bytes:
    return struct.pack("3i", pid, 12, 34)


GROUPS = struct.pack("=3I", 5, 6, 4_000_000_000)
PEERS: dict[str, tuple[dict[str, Any], Peer | int]] = {
    "a process that this namespace does not see": ({"credentials": credentials(0), "groups": GROUPS}, Peer(12, 34, 0, None, (5, 6, 4_000_000_000))),
    "a process that ended": ({"credentials": credentials(999_999_999)}, Peer(12, 34, 999_999_999, None)),
    "this process, of a kernel without groups and processes": ({"credentials": credentials(os.getpid())}, Peer(12, 34, os.getpid(), "")),
    "a process that ended, whose pid another one has": ({"credentials": credentials(os.getpid()), "process": error(errno.EINVAL)}, Peer(12, 34, os.getpid(), None)),
    "the same, as newer kernels say it": ({"credentials": credentials(os.getpid()), "process": error(errno.ESRCH)}, Peer(12, 34, os.getpid(), None)),
    "a socket without a peer": ({"credentials": error(errno.EINVAL)}, errno.EINVAL),
    "no descriptor for the process": ({"credentials": credentials(1), "process": error(errno.EMFILE)}, errno.EMFILE),
    "no descriptors at all": ({"credentials": credentials(1), "process": error(errno.ENFILE)}, errno.ENFILE),
    "no memory": ({"credentials": credentials(1), "process": error(errno.ENOMEM)}, errno.ENOMEM),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "expected"), PEERS.values(), ids=PEERS)
def test_a_client_is_who_the_kernel_says(
    answers: dict[str, Any], expected: Peer | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "_groups", lambda _: {"": "/user.slice"})
    with Kernel(**answers) as sock:
        if isinstance(expected, Peer):
            assert peer(sock) == expected
        else:
            with pytest.raises(OSError) as refused:  # noqa: PT011  its number
                peer(sock)
            assert refused.value.errno == expected


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOBUFS])
@pytest.mark.parametrize("place", ["pidfd_open", "open"])
def test_a_process_is_not_unknown_because_descriptors_ran_out(
    place: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error(number)

    if place == "open":
        monkeypatch.setattr(peers, "open", refuse, raising=False)
    else:
        monkeypatch.setattr(os, "pidfd_open", refuse)
    with Kernel(credentials=credentials(os.getpid())) as sock, pytest.raises(OSError, match=os.strerror(number)):
        peer(sock)


def test_the_cgroups_of_a_process_that_ended_name_no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _groups(999_999_999) == {}
    descriptor = os.open("/dev/null", os.O_RDONLY)
    try:
        assert _pid(descriptor) == -1
    finally:
        os.close(descriptor)
    monkeypatch.setattr(peers, "_groups", lambda _: {})
    with Kernel(credentials=credentials(os.getpid())) as sock:
        assert peer(sock).container is None
    monkeypatch.setattr(peers, "_groups", lambda _: {"": f"/docker/{'c' * 64}"})
    with Kernel(credentials=credentials(os.getpid())) as sock:
        assert peer(sock).container == "c" * 64
        monkeypatch.setattr(peers, "_pid", lambda _: -1)
        assert peer(sock).container is None, "it ended meanwhile, so that the pid may be another's"
