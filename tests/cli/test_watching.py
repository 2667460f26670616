"""`profile trial` and `profile watch` with a made kernel: what they report, write, refuse and end with."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from sealock.cli import trial, watching
from sealock.cli.trial import run_trial_of
from sealock.cli.watching import follow_container
from sealock.errors import TargetError, UsageError
from sealock.formats.profile import write_profile
from sealock.model.profile import ArchitectureCalls
from sealock.runtime.watch.auditlog import SeccompAction, SeccompRecord
from sealock.runtime.watch.described import DescribedContainer
from sealock.runtime.watch.refusedcalls import RefusedCall
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.targets.profiles import open_profile
from support.profiles import DIGEST, OTHER, web

CALLS = (ArchitectureCalls("x86_64", ("read",), ("fork",)),)
PROFILE = web(syscalls=CALLS)
MACHINE = RunMachine(2, 4 << 30, "6.18.5", "runc")


def logged(number: int, action: SeccompAction = "logged") -> SeccompRecord:
    return SeccompRecord(1, "x86_64", number, action, program="/bin/x")


FORK, MKDIR, MOUNT, CLONE, REFUSED = logged(57), logged(83), logged(165), logged(435), logged(83, "refused")
ADDED = "add it to syscalls (x86_64)"


class Facts:
    """An engine that has the image or not."""

    def __init__(self, image: RunImage | None) -> None:
        self.known, self.closed = image, False

    def image(self, _text: str) -> RunImage | None:
        return self.known

    def machine(self) -> RunMachine:
        return MACHINE

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "web.json"
    path.write_text(write_profile(PROFILE), encoding="utf-8")
    return str(path)


def tried(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    *records: SeccompRecord,
    status: int = 0,
    lost: int = 0,
    image: RunImage | None = RunImage(DIGEST),  # noqa: B008  it never changes
    words: tuple[str, ...] = ("docker", "run", "--rm", "web:1"),
    accepted: tuple[str, ...] = (),
    apply: bool = False,
) -> tuple[int, tuple[str, ...]]:
    """How a trial ends, and the command that ran."""
    facts, ran = Facts(image), list[Any]()

    def run_logged(_text: str, prepare: Callable[[Path, Path], Any], report: Callable[[SeccompRecord], None]) -> Any:
        ran.append(tuple(prepare(Path("/f.json"), Path("/id"))))
        for each in records:
            report(each)
        return status, lost

    monkeypatch.setattr(trial, "run_logged", run_logged)
    monkeypatch.setattr(trial, "engine_facts", lambda _client: facts)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="x86_64"))
    try:
        made = run_trial_of(PROFILE, words, file, accepted=accepted, apply=apply)
    finally:
        assert facts.closed or len(words) < 3 or words[1] != "run" or words[0] not in trial.CLIENTS
    return made, ran[0]


def test_a_trial_that_meets_nothing_new_ends_with_0(
    monkeypatch: pytest.MonkeyPatch, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, words = tried(monkeypatch, file, REFUSED, CLONE)
    assert status == 0
    assert words == ("docker", "run", "--cidfile", "/id", "--security-opt", "seccomp=/f.json", "--rm", "web:1")
    assert capsys.readouterr().err == "sealock: the profile refuses nothing of what it did\n"


@pytest.mark.parametrize(
    ("accepted", "ends"),
    [
        (None, ([], {"read"})),
        (
            (),
            (
                ["added 1 system call; left out mkdir, which no file of the image is known to call (--accept never)"],
                {"read", "fork"},
            ),
        ),
        (("never",), (["added 2 system calls"], {"read", "fork", "mkdir"})),
    ],
)
def test_each_call_that_would_be_refused_is_reported_once(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    capsys: pytest.CaptureFixture[str],
    accepted: tuple[str, ...] | None,
    ends: tuple[list[str], set[str]],
) -> None:
    """With `accepted` what was met is applied; `ends` are what is printed of that, and the calls of the profile then."""
    calls = (FORK, MKDIR, FORK, MOUNT)
    assert tried(monkeypatch, file, *calls, apply=accepted is not None, accepted=accepted or ())[0] == 1
    added, seen = ends
    assert capsys.readouterr().err.splitlines() == [
        f"sealock: would refuse fork by /bin/x: {ADDED}; an exercise that does it was missing",
        f"sealock: would refuse mkdir by /bin/x: {ADDED}; no file of the image is known to call it: find out which program does before you allow it",
        "sealock: would refuse mount by /bin/x: the engine's own filter refuses it too, with the capabilities of the profile",
        *(f"sealock: {file}: {line}" for line in added),
    ]  # fmt: skip
    assert {name for each in open_profile(file).syscalls for name in each.seen} == seen


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"words": ("docker", "run")}, "write the command to run after --"),
        ({"words": ("docker", "exec", "web")}, "write the command to run after --"),
        ({"words": ("/bin/ls", "run", "web")}, "write the command to run after --"),
        ({"image": RunImage(OTHER)}, r"it was learned from another image: .* \(--accept image\)"),
        ({"status": 125}, "docker could not start the container"),
        ({"status": 127}, "ended with status 127, as if the program could not be started: nothing was tried"),
        ({"status": 126}, "nothing was tried"),
        ({"lost": 3}, "the kernel dropped records 3 times: repeat the trial with less load"),
        ({"image": None, "apply": True}, "the engine has no image web:1: pull or build it first"),
    ],
)
def test_a_trial_that_proves_nothing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, file: str, more: dict[str, Any], why: str
) -> None:
    with pytest.raises((TargetError, UsageError), match=why):
        tried(monkeypatch, file, **more)


@pytest.mark.parametrize(
    "more",
    [{"image": None}, {"image": RunImage(OTHER), "accepted": ("image",)}, {"image": None, "apply": True, "accepted": ("image",)}, {"words": ("/usr/bin/podman", "run", "web:1")}],
)  # fmt: skip
def test_these_trials_run(monkeypatch: pytest.MonkeyPatch, file: str, more: dict[str, Any]) -> None:
    assert tried(monkeypatch, file, **more)[0] == 0


def test_an_architecture_that_has_no_calls_is_an_error(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setattr(trial, "write_seccomp", lambda *_: (_ for _ in ()).throw(ValueError("no calls")))
    with pytest.raises(UsageError, match="no calls"):
        tried(monkeypatch, file)


WEB = DescribedContainer("c" * 64, "web", image_id=DIGEST, pid=7, running=True)


class Watcher:
    """A watcher that gives these calls at its first look."""

    def __init__(self, *calls: RefusedCall, found: bool = True) -> None:
        self.calls, self.added, self.closed, self.found = calls, list[Any](), False, found

    def add(self, container: Any) -> bool:
        self.added.append(container)
        return self.found

    def read(self) -> Iterator[RefusedCall]:
        calls, self.calls = self.calls, ()
        yield from calls

    def close(self) -> None:
        self.closed = True


def watched(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    *calls: RefusedCall,
    lives: tuple[str, ...] = ("",),
    described: tuple[Any, ...] = (WEB,),
    **more: Any,
) -> tuple[int, Watcher]:
    """How it ends: the container lives for as many looks; `described` is what the engine says one after the other."""
    watcher, now = Watcher(*calls, found=more.get("found", True)), [0.0]
    looks, answers = iter(lives), iter(described)

    def describe(_client: str, _name: str) -> DescribedContainer:
        answer = next(answers, None)
        if answer is None:
            message = "no such container"
            raise TargetError(message)
        return cast("DescribedContainer", answer)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if more.get("interrupted") and now[0] > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(watching, "find_client", lambda _client: "docker")
    monkeypatch.setattr(watching, "describe", describe)
    monkeypatch.setattr(watching, "digests", lambda _client, image: (image,))
    monkeypatch.setattr(watching, "RefusalWatcher", lambda: watcher)
    monkeypatch.setattr(watching, "container_of", lambda _pid: next(looks, ""))
    monkeypatch.setattr(watching, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: now[0]))
    words: dict[str, Any] = {"file": file, "container": "web", "client": None, "accept": [], "apply": False}
    return follow_container(
        PROFILE, Namespace(**{**words, **{key: more[key] for key in more.keys() & words.keys()}})
    ), watcher


@pytest.mark.parametrize(
    ("described", "why"),
    [
        (replace(WEB, running=False), "the container web does not run, so there is nothing to watch"),
        (replace(WEB, filtered=False), "the container web runs without a seccomp filter, so nothing is refused"),
        (replace(WEB, image_id=OTHER), r"it was learned from another image than that of web \(--accept image\)"),
    ],
)
def test_a_container_that_cannot_be_watched_is_an_error(
    monkeypatch: pytest.MonkeyPatch, file: str, described: DescribedContainer, why: str
) -> None:
    with pytest.raises(TargetError, match=why):
        watched(monkeypatch, file, described=(described,))


def test_a_container_whose_cgroup_is_not_found_is_an_error_unless_it_ended(
    monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    with pytest.raises(TargetError, match="the cgroup of web was not found, so what is refused is not seen"):
        watched(monkeypatch, file, lives=(WEB.id, WEB.id), found=False)
    assert watched(monkeypatch, file, found=False)[0] == 0


def test_another_image_may_be_accepted(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    status, watcher = watched(monkeypatch, file, described=(replace(WEB, image_id=OTHER),), accept=["image"])
    assert (status, watcher.closed, len(watcher.added)) == (0, True, 1)


@pytest.mark.parametrize(("apply", "interrupted"), [(False, False), (True, False), (True, True)])
def test_each_refused_call_is_printed_once(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    capsys: pytest.CaptureFixture[str],
    apply: bool,  # noqa: FBT001  a row
    interrupted: bool,  # noqa: FBT001  a row
) -> None:
    calls = [RefusedCall("x86_64", name, "sh") for name in ("clone3", "fork", "fork", "mount")]
    lives = (WEB.id,) * (99 if interrupted else 2)
    status, watcher = watched(monkeypatch, file, *calls, lives=lives, apply=apply, interrupted=interrupted)
    assert (status, watcher.closed) == (1, True)
    assert capsys.readouterr().err.splitlines() == [
        f"sealock: refused fork by sh: {ADDED}; an exercise that does it was missing",
        "sealock: refused mount by sh: the engine's own filter refuses it too, with the capabilities of the profile",
        *([f"sealock: {file}: added 1 system call; write its filter again, and start the container with it"] if apply else []),
    ]  # fmt: skip
    assert "fork" in str(open_profile(file).syscalls[0].seen) or not apply


def test_a_profile_is_not_written_for_what_it_cannot_allow(
    monkeypatch: pytest.MonkeyPatch, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(file).read_text(encoding="utf-8")
    assert watched(monkeypatch, file, RefusedCall("x86_64", "mount", "sh"), apply=True)[0] == 1
    assert Path(file).read_text(encoding="utf-8") == before
    assert "added" not in capsys.readouterr().err


def test_a_container_that_starts_again_is_watched_again(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    ended, again = replace(WEB, running=False, pid=0), replace(WEB, pid=8)
    status, watcher = watched(monkeypatch, file, lives=(WEB.id, "", WEB.id, ""), described=(WEB, ended, WEB, again))
    assert status == 0
    assert [each.pid for each in watcher.added] == [7, 8]
    # One that does not start again in time is not waited for longer.
    never = watched(monkeypatch, file, described=(WEB, *[ended] * 10_000))[1]
    assert [each.pid for each in never.added] == [7]
