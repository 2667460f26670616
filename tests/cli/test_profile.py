"""`sealock profile` on files: exit statuses, and what it prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sealock.cli import profile
from sealock.cli.main import main
from sealock.cli.trial import apply_proposals
from sealock.formats.profile import write_profile
from sealock.model.profile import ArchitectureCalls
from sealock.scan.profilecheck import UsePlace
from sealock.scan.proposals import propose
from sealock.targets.profiles import add_to_profile, open_profile
from support.profiles import web


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    calls = (ArchitectureCalls(os.uname().machine, ("accept4", "mount", "read"), ("fork",)),)
    (tmp_path / "web.json").write_text(write_profile(web(syscalls=calls)), encoding="utf-8")
    more = (ArchitectureCalls(os.uname().machine, ("accept4", "mount", "ptrace", "read")),)
    (tmp_path / "more.json").write_text(write_profile(web(syscalls=more, excluded=(), runs=())), encoding="utf-8")
    (tmp_path / "bad.json").write_text('{"schema": 1, "profile": {"image": 3}}', encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "status", "out", "err"),
    [
        ("show web.json", 0, "Complete: it met every phase", ""),
        ("show more.json", 0, "it was learned from no run", ""),
        ("diff web.json more.json", 1, "+ ptrace", ""),
        ("diff more.json web.json", 0, "- ptrace", ""),
        ("check web.json", 0, "", ""),
        ("check more.json", 1, "", "more.json: it never met the phase 'stop' (--accept incomplete)"),
        ("check more.json --accept incomplete", 0, "", ""),
        ("check web.json --image=", 2, "", "--image is empty: name the image"),
        ("check bad.json", 2, "", "bad.json:1:36: not a profile: expected `str`, got `int`"),
        ("check gone.json", 2, "", "gone.json"),
        ("seccomp web.json", 0, '"accept4"', "stays refused, as the engine's own filter refuses it: mount"),
        ("seccomp web.json --architecture vax", 2, "", "it saw no system calls of vax"),
        ("apparmor web.json", 0, "profile sealock-web flags", "this policy is not proven: try it without enforcing"),
        ("apparmor more.json --name x", 0, "profile x flags", "it never met the phase 'stop': what it did not meet"),
        ("selinux web.json", 0, "(block sealock_web\n", "label=type:sealock_web.process"),
        ("selinux web.json --name 1", 2, "", "--name: '1' cannot name a policy"),
        ("apparmor bad.json", 2, "", "bad.json:1:36"),
        ("trial web.json", 2, "", "write the command to run after --"),
        ("trial web.json -- docker ps -a", 2, "", "write the command to run after --"),
        ("trial bad.json -- docker run x", 2, "", "bad.json:1:36"),
        ("watch bad.json web", 2, "", "bad.json:1:36"),
        ("chek web.json", 2, "", "did you mean check?"),
    ],
)
def test_status_and_output(capsys: pytest.CaptureFixture[str], words: str, status: int, out: str, err: str) -> None:
    assert main(["profile", *words.split()]) == status
    captured = capsys.readouterr()
    assert out in captured.out
    assert err in captured.err
    assert bool(captured.err) == bool(err)


@pytest.mark.parametrize(("name", "err"), [("none.json", "none.json could not be read"), ("bad.json", "bad.json:1:36")])
def test_check_refuses_a_profile_that_no_target_needs_too(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, err: str
) -> None:
    (here / "Dockerfile").write_text("FROM scratch\nUSER 7\n", encoding="utf-8")
    assert main(["check", "Dockerfile", "--profile", name]) == 2
    assert err in capsys.readouterr().err


def test_options_choose_what_a_filter_lets_through(here: Path) -> None:
    def allowed(*words: str) -> set[str]:
        assert main(["profile", "seccomp", "web.json", "--output", "out.json", *words]) == 0
        filters = json.loads((here / "out.json").read_text(encoding="utf-8"))
        return {name for rule in filters["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}

    assert allowed("--possible") - allowed() == {"fork"}
    assert {"setuid", "capset"} <= allowed("--with-new-privileges") - allowed()
    assert "close_range" in allowed("--runtime", "crun") - allowed("--runtime", "runc")
    assert allowed("--log") == allowed()


def test_what_a_trial_met_is_added_to_the_file_as_it_is_by_then(here: Path) -> None:
    machine = os.uname().machine
    at_start = open_profile("web.json")
    add_to_profile("web.json", web(syscalls=(ArchitectureCalls(machine, ("chmod",)),)))
    proposals = [propose(at_start, machine, name) for name in ("mkdir", "reboot")]
    added = apply_proposals("web.json", at_start, proposals, "a trial", strange=True)
    assert added == "added 1 system call"
    assert open_profile("web.json").calls(machine).seen == ("accept4", "chmod", "mkdir", "mount", "read")
    assert [path.name for path in here.iterdir() if "web" in path.name] == ["web.json"]


@pytest.mark.parametrize(("name", "status"), [("web.json", 0), ("none.json", 1)])
def test_a_profile_without_calls_of_this_machine_fails_for_an_image(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, status: int
) -> None:
    (here / "none.json").write_text(write_profile(web(syscalls=())), encoding="utf-8")
    monkeypatch.setattr(profile, "_place", lambda *_: UsePlace())
    assert main(["profile", "check", name, "--image", "web"]) == status
    assert ("none.json: it saw no system calls of " in capsys.readouterr().err) == bool(status)
