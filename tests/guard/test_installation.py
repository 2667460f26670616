"""The guard is installed step by step, and what was installed is undone; systemctl and the like are simulated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.errors import FormatError
from sealock.guard import installation
from sealock.guard.running import PLUGIN, SOCKET
from sealock.guard.units import plugin_units, proxy_units, with_plugin, without_plugin
from support.guardproxy import guard
from support.scriptedengine import scripted
from support.waiting import PATIENCE

POLICY = '[guard]\n[[guard.caller]]\nname = "all"\nallow = ["ping"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine's directory, whose programs note what they are called with."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemctl", "useradd", "groupadd", "userdel", "groupdel", "id"):
        script = programs / name
        script.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n[ ! -e {tmp_path}/fail-$1 ] || {{ echo no >&2; exit 1; }}\n'
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(installation, "_PROBE", PATIENCE)
    # The path of a socket is short.
    folder = tempfile.mkdtemp(prefix="sealock-", dir="/tmp")
    machine = Path(folder)
    for path in ("etc/sealock", "etc/docker", "run/docker/plugins", "run/sealock"):
        (machine / path).mkdir(parents=True)
    (machine / "etc/sealock/sealock.toml").write_text(POLICY)
    (machine / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n")
    yield machine
    shutil.rmtree(folder)


def called(root: Path) -> list[str]:
    file = Path(os.environ["PATH"].partition(":")[0]).parent / "called"
    assert root.exists()
    return file.read_text().splitlines() if file.exists() else []


def texts(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def install(root: Path, *words: str) -> int:
    return main(["guard", "install", "--root", str(root), *words])


def test_the_steps_are_printed_and_nothing_is_done(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = texts(root)
    assert install(root) == 0
    shown = capsys.readouterr().out
    for words in (
        "useradd --system",
        "sealock-guard.socket",
        "guard proxy",
        "--leave-streams",
        "gpasswd -d",
        "DOCKER_HOST=unix://",
    ):
        assert words in shown
    assert install(root, "--form", "plugin") == 0
    assert '"authorization-plugins"' in capsys.readouterr().out
    assert (texts(root), called(root)) == (before, [])


def test_the_policy_is_named_by_a_whole_path_and_is_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install(root, "--policy", "sealock.toml") == 2
    assert capsys.readouterr() == (
        "", "sealock: --policy sealock.toml is no absolute path, and systemd starts the guard in /: write it whole\n",
    )  # fmt: skip
    assert install(root, "--policy", "/absent.toml") == 0
    assert "absent.toml could not be read: No such file or directory: the guard needs it" in capsys.readouterr().err
    assert install(root, "--policy", "/absent.toml", "--apply", "--yes") == 2


def test_the_proxy_is_installed_and_removed(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = texts(root)
    with scripted(tmp_path / "e.sock") as engine, guard(engine.path, POLICY, where=root / SOCKET.lstrip("/")):
        assert install(root, "--apply", "--yes") == 0
        assert called(root)[0].startswith("groupadd")
        assert "systemctl enable --now sealock-guard.socket" in called(root)
        unit = (root / "etc/systemd/system/sealock-guard.service").read_text()
        assert "User=sealock-guard" in unit
        assert "KillMode=process" in unit
    capsys.readouterr()
    assert main(["guard", "uninstall", "--root", str(root)]) == 0
    assert "Stop the guard" in capsys.readouterr().out
    assert main(["guard", "uninstall", "--root", str(root), "--apply", "--yes"]) == 0
    assert texts(root) == before
    assert main(["guard", "uninstall", "--root", str(root)]) == 2


@pytest.mark.parametrize(
    ("groups", "gone", "kept"),
    [
        ("sealock:x:990:\n", ["userdel sealock-guard", "groupdel sealock"], ""),
        ("sealock:x:990:ann,bob\n", ["userdel sealock-guard"], "Keep the group sealock, which has members: ann,bob"),
        ("", ["userdel sealock-guard"], ""),
    ],
    ids=["nobody else", "others", "gone already"],
)
def test_the_accounts_that_install_made_go_with_it(
    *, groups: str, gone: list[str], kept: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(tmp_path / "e.sock") as engine, guard(engine.path, POLICY, where=root / SOCKET.lstrip("/")):
        assert install(root, "--apply", "--yes") == 0
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nsealock-guard:x:991:991::/:/bin/false\n")
    (root / "etc/group").write_text(groups)
    (tmp_path / "fail-sealock").touch()  # groupdel fails: the rest goes on
    capsys.readouterr()
    before = len(called(root))
    assert main(["guard", "uninstall", "--root", str(root), "--apply", "--yes"]) == 0
    shown = capsys.readouterr()
    assert kept in shown.out
    assert [line for line in called(root)[before:] if "del " in line] == gone
    assert ("run it by hand" in shown.err) == ("groupdel sealock" in gone)


def test_accounts_that_were_there_stay(root: Path, tmp_path: Path) -> None:
    rows = {"passwd": "sealock-guard:x:991:991::/:/bin/false\n", "group": "sealock:x:990:\n"}
    for name, text in rows.items():
        (root / "etc" / name).write_text(text)
    with scripted(tmp_path / "e.sock") as engine, guard(engine.path, POLICY, where=root / SOCKET.lstrip("/")):
        assert install(root, "--apply", "--yes") == 0
    assert main(["guard", "uninstall", "--root", str(root), "--apply", "--yes"]) == 0
    assert not [line for line in called(root) if "del " in line]


def test_the_engine_hears_of_the_plugin_only_after_it_answered(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "etc/docker/daemon.json").write_text('{\n  "log-level": "warn"\n}\n')
    before = texts(root)
    with monkeypatch.context() as hasty:
        hasty.setattr(installation, "_PROBE", 0.3)
        assert install(root, "--form", "plugin", "--apply", "--yes") == 2
    assert texts(root) == before, "all is undone"
    with guard(tmp_path / "none", POLICY, form="plugin", where=root / PLUGIN.lstrip("/")):
        assert install(root, "--form", "plugin", "--apply", "--yes") == 0
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == {
        "log-level": "warn",
        "authorization-plugins": ["sealock"],
    }
    assert called(root)[-1] == "systemctl reload docker"
    # What somebody else changed meanwhile stays.
    (root / "etc/docker/daemon.json").write_text(
        '{"log-level": "info", "authorization-plugins": ["other", "sealock"]}\n'
    )
    assert main(["guard", "uninstall", "--root", str(root), "--apply", "--yes"]) == 0
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == {
        "log-level": "info",
        "authorization-plugins": ["other"],
    }


def test_a_daemon_json_that_was_not_there_goes_again(root: Path, tmp_path: Path) -> None:
    before = texts(root)
    with guard(tmp_path / "none", POLICY, form="plugin", where=root / PLUGIN.lstrip("/")):
        assert install(root, "--form", "plugin", "--apply", "--yes") == 0
    assert (root / "etc/docker/daemon.json").exists()
    assert main(["guard", "uninstall", "--root", str(root), "--apply", "--yes"]) == 0
    assert texts(root) == before


def test_a_step_that_fails_undoes_those_before(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = texts(root)
    (tmp_path / "fail-daemon-reload").touch()
    assert install(root, "--apply", "--yes") == 2
    assert texts(root) == before
    assert "`systemctl daemon-reload` failed: no" in capsys.readouterr().err
    assert not [words for words in called(root) if "disable" in words]


def test_a_guard_that_does_not_answer_is_stopped_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts(root)
    monkeypatch.setattr(installation, "_PROBE", 0.3)
    assert install(root, "--apply", "--yes") == 2
    assert texts(root) == before
    assert called(root)[-2:] == [
        "systemctl disable --now sealock-guard.socket sealock-guard.service",
        "systemctl daemon-reload",
    ]


@pytest.mark.live
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    words = (sys.executable, "/etc/sealock/sealock.toml", "/run/docker.sock")
    made = (*proxy_units(*words, "sealock"), *plugin_units(*words))
    paths = [tmp_path / Path(unit.path).name for unit in made]
    for path, unit in zip(paths, made, strict=True):
        path.write_text(unit.text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_cannot_be_done_is_not_begun(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "etc/sealock/sealock.toml").write_text("[guard\n")
    assert install(root, "--apply", "--yes") == 2
    (root / "etc/sealock/sealock.toml").write_text(POLICY)
    (root / "etc/docker/daemon.json").write_text("{")
    assert install(root, "--form", "plugin", "--apply", "--yes") == 2
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    assert install(root, "--apply") == 1
    assert called(root) == []
    assert "nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param('{"hosts": 3, "debug": "x"}', "debug should be true or false", id="the first of two errors"),
        pytest.param('{"a": 1', "not valid JSON", id="a file that ends early"),
    ],
)
def test_settings_of_the_engine_that_are_not_understood_stay_as_they_are(text: str, why: str) -> None:
    for change in (with_plugin, without_plugin):
        with pytest.raises(FormatError, match=f"^/etc/docker/daemon.json cannot be read: {why}"):
            change(text, "etc/docker/daemon.json")
