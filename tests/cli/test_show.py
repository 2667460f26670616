"""`sealock show` with a client of no engine: when it starts nothing, and how each outcome is told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from sealock.cli.workshop import NAMES
from sealock.show import tools
from support.commandline import sealock
from support.simulators.engineclient import INFO, ClientStandIn

HARMED_THEN_REFUSED = """\
here=/tmp/none
case "$*" in
  "exec "*) [ -e {0}/fixed ] && {{ echo "sh: you need to specify whom to kill"; exit 1; }}; echo process-{1} ;;
  "rm "*) touch {0}/fixed ;;
  *) ;;
esac
"""


@pytest.fixture(autouse=True)
def no_busybox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The commands are never run here, so that the program matters as little."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(tools, "find_busybox", lambda: "/bin/sh")
    monkeypatch.setattr(tools, "applets", lambda _: ["ls"])
    monkeypatch.setattr("sealock.show.session.new_run", lambda: f"{os.getpid():x}")


def show(
    tmp_path: Path,
    *words: str,
    info: Mapping[str, Any] = INFO,
    answers: str = "exit 0",
    stdin: str = "",
    typed: str = "",
    **more: str,
) -> tuple[CompletedProcess[str], list[str]]:
    client = ClientStandIn(tmp_path / "bin", info, answers)
    environment = {"PATH": f"{client.directory}:/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "80", **more}
    done = sealock("show", *words, cwd=tmp_path, environment=environment, stdin=stdin or typed, types=bool(typed))
    return done, [asked for asked in client.asked if not asked.startswith("info")]


SWARM = dict(INFO) | {"Swarm": {"ControlAvailable": True}}


@pytest.mark.parametrize(
    ("words", "info", "more", "message"),
    [
        (["C018"], INFO, {}, "use --yes"),
        (["C018", "--yes"], SWARM, {}, "manages a swarm: use --swarm"),
        (["C018", "--yes"], INFO, {"DOCKER_HOST": "tcp://192.0.2.1:2375"}, "on another machine"),
        (["C018", "--yes", "--engine", "tcp://192.0.2.1:2375"], INFO, {}, "on another machine"),
        (["C018", "--yes", "--engine", "ssh://me@example"], INFO, {}, "on another machine"),
        (["C008", "--yes"], INFO, {}, "C008 has no demonstration: It takes a kernel with AppArmor"),
        (["B008", "--yes"], INFO, {}, "B008 has no demonstration"),
        (["C999", "--yes"], INFO, {}, "no rule has the id 'C999'"),
        (["C018", "--on", "web", "--yes"], INFO, {}, "--on web: write it as compose.yaml:SERVICE"),
        (["C018", "--on", "none.yaml:web", "--yes"], INFO, {}, "none.yaml"),
        (["C018", "--yes"], {}, {}, "no engine answers `docker info`: {}"),
        (
            ["C018", "--yes"],
            {"ServerErrors": ["Is the daemon running?"]},
            {},
            "`docker info`: Is the daemon running?\n",
        ),
        (["C018", "--yes", "--client", "podman"], INFO, {"PATH": "/nowhere"}, "podman was not found"),
    ],
)
def test_it_starts_nothing(
    words: list[str], info: Mapping[str, Any], more: dict[str, str], message: str, tmp_path: Path
) -> None:
    done, asked = show(tmp_path, *words, info=info, **more)
    assert done.returncode == 2
    assert message in done.stderr
    assert asked == []


@pytest.mark.parametrize(
    ("info", "more"),
    [
        pytest.param(INFO, {}, id="on an engine"),
        pytest.param({}, {}, id="without an engine"),
        pytest.param({}, {"PATH": "/nowhere"}, id="without a client"),
    ],
)
def test_a_dry_run_prints_everything_and_does_nothing(
    info: Mapping[str, Any], more: dict[str, str], tmp_path: Path
) -> None:
    done, asked = show(tmp_path, "C018", "C060", "--dry-run", info=info, **more)
    assert done.returncode == 0
    assert asked == []
    for words in (
        "docker import",
        "--pid host",
        "kill $(ps",
        "docker rm --force",
        "network rm",
        "- docker run --pid host",
    ):
        assert words in done.stdout
    assert all(len(row) <= 80 for row in done.stdout.splitlines() if "'" not in row)


def test_the_harm_the_fix_and_the_refusal_are_shown_and_all_is_removed(tmp_path: Path) -> None:
    answers = HARMED_THEN_REFUSED.format(tmp_path, f"{os.getpid():x}")
    done, asked = show(tmp_path, "C018", "--yes", answers=answers)
    assert done.returncode == 0, done.stdout + done.stderr
    order = ["$ docker run", "The harm is done.", "- docker run --pid host app", "specify whom to kill", "Refused."]
    places = [done.stdout.index(words) for words in order]
    assert places == sorted(places)
    assert sum(row.startswith("run ") for row in asked) == 4
    assert asked[-1].startswith("images")
    assert not list(tmp_path.glob(f"sealock-show-{os.getpid():x}"))


@pytest.mark.parametrize(
    ("rule", "info", "answers", "status", "words"),
    [
        ("C018", INFO, 'case "$1" in exec) echo odd; exit 1;; esac', 1, "the harm failed before the fix: odd"),
        ("C040", INFO, "exit 0", 1, "the harm was done after the fix, too"),
        (
            "C018",
            INFO,
            'case "$1" in run) echo no room; exit 125;; esac',
            2,
            "could not be tried: `docker run` failed: no",
        ),
        (
            "C010",
            dict(INFO) | {"SecurityOptions": ["name=rootless"]},
            'case "$1" in exec) exit 1;; esac',
            0,
            "already stops it: the engine runs rootless",
        ),
    ],
)
def test_how_it_went(  # noqa: PLR0917  a column of the table each
    rule: str, info: Mapping[str, Any], answers: str, status: int, words: str, tmp_path: Path
) -> None:
    done, _ = show(tmp_path, rule, "--yes", info=info, answers=answers)
    assert (done.returncode, words in " ".join(done.stdout.split())) == (status, True), done.stdout + done.stderr


def test_an_image_that_the_engine_lacks_is_not_pulled(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    image: example/web:1\n    pid: host\n")
    answers = 'case "$1 $2" in "image inspect") exit 1;; esac'
    done, asked = show(tmp_path, "C018", "--on", "compose.yaml:web", "--yes", answers=answers)
    assert done.returncode == 2
    assert "`docker pull example/web:1` gets it" in done.stderr
    assert asked == ["image inspect example/web:1"]


def test_the_shown_rules_are_listed(tmp_path: Path) -> None:
    done, asked = show(tmp_path, "--list")
    assert done.returncode == 0
    assert done.stdout.startswith("C001")
    assert asked == []


def test_a_hostile_answer_reaches_no_terminal_raw(tmp_path: Path) -> None:
    answers = "printf 'a\\033]0;owned\\007b\\n'; exit 1"
    done, _ = show(tmp_path, "C018", "--yes", answers=answers)
    assert "\x1b" not in done.stdout + done.stderr


def test_the_workshop_goes_through_a_chapter(tmp_path: Path) -> None:
    answers = HARMED_THEN_REFUSED.format(tmp_path, f"{os.getpid():x}")
    done, asked = show(tmp_path, "namespaces", "--yes", answers=answers)
    assert "1 of 12  Namespaces" in done.stdout, done.stdout + done.stderr
    assert "$ sealock inspect container:show-" in done.stdout
    assert "More: sealock rules C018" in done.stdout
    assert asked[-1].startswith("images")


@pytest.mark.parametrize(
    ("typed", "chapters"),
    [
        pytest.param("y\n\n\n", [1, 2, 3], id="Enter goes on"),
        pytest.param("y\n\nq\n", [1, 2], id="q ends"),
        pytest.param("y\nQuit\n\n", [1], id="quit ends, in any case"),
    ],
)
def test_the_workshop_stops_where_the_user_does(typed: str, chapters: list[int], tmp_path: Path) -> None:
    answers = HARMED_THEN_REFUSED.format(tmp_path, f"{os.getpid():x}")
    done, _ = show(tmp_path, *NAMES[:3], answers=answers, typed=typed)
    assert [number for number in range(1, 13) if f"{number} of 12  " in done.stdout] == chapters, (
        done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["namespaces", "C018"], "name rules or chapters, not both"),
        (["--on", "compose.yaml:web"], "--on and --dry-run are for rules"),
        (["scanning", "--dry-run"], "--on and --dry-run are for rules"),
    ],
)
def test_what_does_not_fit_together_is_an_error(words: list[str], message: str, tmp_path: Path) -> None:
    done, asked = show(tmp_path, *words, "--yes")
    assert (done.returncode, asked) == (2, [])
    assert message in done.stderr


LEAVES = """\
case "$*" in
  "ps "*) [ -e {0}/removed ] || echo show-1-a ;;
  "rm "*) {1} ;;
esac
"""


@pytest.mark.parametrize(
    ("removal", "words", "status", "said"),
    [
        pytest.param("", [], 0, "Nothing was left.", id="nothing is there"),
        pytest.param("", ["C999", "--dry-run"], 0, "Nothing was left.", id="rules do not matter"),
        pytest.param("touch {0}/removed", [], 0, "Removed what 1 demonstration left.", id="a container"),
        pytest.param("exit 1", [], 2, "show-1-a could not be removed", id="a container that stays"),
    ],
)
def test_what_earlier_demonstrations_left_is_removed(  # noqa: PLR0917  a column of the table each
    removal: str, words: list[str], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealock.show.belongings.SHARED_MEMORY", str(tmp_path))
    answers = LEAVES.format(tmp_path, removal.format(tmp_path)) if removal else "exit 0"
    done, _ = show(tmp_path, "--clean", *words, answers=answers)
    assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done.stdout + done.stderr


def test_what_a_client_leaves_where_it_runs_is_removed_too(tmp_path: Path) -> None:
    answers = HARMED_THEN_REFUSED.format(tmp_path, f"{os.getpid():x}") + "touch left-behind\n"
    before = {path.name for path in tmp_path.iterdir()}
    done, _ = show(tmp_path, "C018", "--yes", answers=answers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in tmp_path.iterdir()} - before == {"bin", "fixed", "left-behind"} - {"left-behind"}


@pytest.mark.parametrize("image", ["-v/:/x", "--privileged"])
def test_an_image_is_never_taken_for_an_option(image: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(f"services:\n  web:\n    image: '{image}'\n    pid: host\n")
    done, asked = show(tmp_path, "C018", "--on", "compose.yaml:web", "--yes")
    assert (done.returncode, asked) == (2, [])
    assert image in done.stderr
