"""An error quotes a value that is wrong; where that is a secret, no format of a report shows it, and no other command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from sealock.cli.main import main
from sealock.reports import ReportFormat

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
COMPOSE = "services:\n  a:\n    image: a:1\n    mem_limit: {}\n"
VEX = '{{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{{"vulnerability": {{"name": "CVE-1"}}, "status": "{}"}}]}}'


def write(directory: Path, name: str, text: str, value: str) -> None:
    """Write a file with a value in it, and of a policy what it applies to."""
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(value), encoding="utf-8")
    if path.parent != directory:
        (path.parent / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path / "none"))


@pytest.mark.parametrize("form", get_args(ReportFormat))
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("compose.yaml", COMPOSE, ".", id="a compose file"),
        pytest.param("a.container", "[Container]\nImage=a:1\nPidsLimit={}\n", ".", id="a unit of Podman"),
        pytest.param("inner/sealock.toml", "fail-on = '{}'\n", ".", id="a policy below that of the project"),
        pytest.param("vex.json", VEX, ". --vex vex.json", id="a VEX document"),
    ],
)
def test_a_report_shows_errors_without_secrets(  # noqa: PLR0917  a row
    name: str, text: str, words: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, name, text, TOKEN)
    assert main(["check", *words.split(), "--format", form]) == 2
    printed = "".join(capsys.readouterr())
    assert TOKEN[4:] not in printed
    assert re.search(r"ghp\\?_(…|\\u2026|&#8230;)", printed), printed


def test_what_is_no_file_is_an_error_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    # A target goes by its name, as it was given.
    assert main(["check", f"image:{TOKEN}:x:y", "--format", "concise"]) == 2
    assert ": error 'ghp_…:x:y' is not an image reference" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("check compose.yaml --policy wrong.toml", id="the policy of the project"),
        pytest.param(f"check compose.yaml --only {TOKEN}", id="an option"),
        pytest.param("check --benchmark pod-security-restricted pod.yaml", id="a manifest of Kubernetes"),
        pytest.param(f"sbom image:{TOKEN}:x:y", id="the name of an image"),
    ],
)
def test_no_command_shows_secrets_in_its_errors(words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "compose.yaml", COMPOSE, TOKEN)
    write(tmp_path, "pod.yaml", "kind: *{}\n", TOKEN)
    (tmp_path / "wrong.toml").write_text(f"fail-on = '{TOKEN}'\n", encoding="utf-8")
    status = main(words.split())
    printed = capsys.readouterr()
    assert (status, TOKEN in printed.err, TOKEN in printed.out) == (2, False, False), printed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("512mm", "not 512mm", id="a value that is no secret"),
        pytest.param("secrets/db_password.txt", "not secrets/db_password.txt", id="a path"),
    ],
)
def test_an_error_quotes_what_is_no_secret(
    value: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "compose.yaml", COMPOSE, value)
    assert main(["check", "compose.yaml", "--format", "concise"]) == 2
    assert f"services.a.mem_limit must be a size such as 512m, {shown}\n" in capsys.readouterr().out
