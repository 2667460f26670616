"""Errors that are rare: each is one line that names what failed, and the exit status is 2."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from pathlib import Path

import pytest

from sealock.cli import main as cli
from sealock.cli.engineclient import engine_facts
from sealock.cli.hardenbyprofile import filter_text
from sealock.cli.learn import _by_file
from sealock.cli.output import width
from sealock.cli.serving import _database
from sealock.editor import results
from sealock.editor.results import EditedText, check_text
from sealock.errors import EngineError, EngineRefusedError, PolicyError, TargetError, UsageError
from sealock.formats.profile import write_profile
from sealock.model.profile import ArchitectureCalls
from support.profiles import web

OTHER = web(syscalls=(ArchitectureCalls("vax", ("read",)),))
PRIVILEGED = "services:\n  web:\n    image: a:1\n    privileged: true\n"


def test_a_filter_of_an_architecture_that_has_no_name_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.json").write_text(write_profile(OTHER), encoding="utf-8")
    assert cli.main(["profile", "seccomp", str(tmp_path / "p.json"), "--architecture", "vax"]) == 2
    assert capsys.readouterr().err.startswith("sealock: seccomp filters for vax are not known; known are ")
    names = os.uname()
    monkeypatch.setattr("os.uname", lambda: type("Names", (), {"machine": "vax", "release": names.release}))
    with pytest.raises(TargetError, match="seccomp filters for vax are not known"):
        filter_text(OTHER, no_new_privileges=True)


def test_profiles_of_a_project_need_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, why in (("file", "File exists"), ("file/below", "Not a directory")):
        given = Namespace(compose=True, profile=str(tmp_path / name))
        with pytest.raises(TargetError, match=f"{name} could not be made: {why}; with --compose it is a directory"):
            list(_by_file(given, []))
    for _ in range(2):
        assert list(_by_file(Namespace(compose=True, profile=str(tmp_path / "new/er")), [])) == []
    assert (tmp_path / "new/er").is_dir()


def test_a_file_that_cannot_be_replaced_is_an_error_and_others_are_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sealock.targets import outputs  # noqa: PLC0415  whose function is replaced

    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text(PRIVILEGED, encoding="utf-8")
    replace = outputs.replace_text

    def refuse(path: str, old: str, new: str) -> None:
        if path.endswith("a.yaml"):
            message = f"{path} could not be written: Read-only file system"
            raise TargetError(message)
        replace(path, old, new)

    monkeypatch.setattr(outputs, "replace_text", refuse)
    assert cli.main(["check", "a.yaml", "b.yaml", "--only", "C001", "--fix", "--unsafe", "--format", "concise"]) == 2
    output = capsys.readouterr().out
    assert re.search(r"^a\.yaml:.*could not be written: Read-only file system", output, re.MULTILINE)
    assert "C001" in output
    assert Path("a.yaml").read_text(encoding="utf-8") == PRIVILEGED
    assert "privileged: true" not in Path("b.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(PolicyError("the policy has a fault"), "the policy has a fault", id="an error that is expected"),
        pytest.param(KeyError("odd"), "internal error of sealock: KeyError('odd')", id="one that is not"),
    ],
)
def test_an_error_in_a_document_of_an_editor_is_shown_there(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def check(_edited: EditedText) -> None:
        raise error

    monkeypatch.setattr(results, "_check", check)
    checked = check_text(EditedText("FROM a", "/a/Dockerfile"))
    assert [(entry.message, entry.location.file) for entry in checked.errors] == [(said, "/a/Dockerfile")]
    assert results.fix_text(checked) is None


def test_the_text_that_an_editor_shows_is_fixed_as_a_file_is() -> None:
    fixed = results.fix_text(check_text(EditedText("FROM debian:12\nADD app /app\n", "/a/Dockerfile")))
    assert fixed is not None
    assert "COPY app /app" in fixed.text


class FaultyEngine:
    """An engine that refuses."""

    def info(self) -> str:
        message = "the engine is starting"
        raise EngineError(message)

    def image(self, name: str) -> str:
        raise EngineRefusedError(name, 404 if name == "gone" else 500)

    def network(self, name: str) -> str:
        raise EngineRefusedError(name, 404)

    def close(self) -> None:
        """Nothing."""


def test_what_an_engine_refuses_to_say_is_an_error_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealock.runtime.engine.connect", FaultyEngine)
    facts = engine_facts("docker")
    assert facts.image("gone") is None
    with pytest.raises(EngineRefusedError, match="other"):
        facts.image("other")
    assert facts.shares_bridge() is False
    with pytest.raises(EngineError, match="the engine is starting"):
        facts.machine()
    facts.close()


def test_evidence_of_images_that_cannot_be_had_is_an_error_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sealock.toml").write_text("", encoding="utf-8")
    words = ["guard", "evidence", "a:1", "b:1", "--engine", f"unix://{tmp_path}/gone.sock", "--state", str(tmp_path)]
    assert cli.main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("sealock: ") == 2


def test_a_password_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"p\xe9\n")
    (tmp_path / "word").write_text(" wörd \n", encoding="utf-8")
    for name, why in (("latin", "not UTF-8|codec can't decode|invalid"), ("gone", "No such file")):
        given = Namespace(database="postgresql://me@h/n", password_file=str(tmp_path / name))
        with pytest.raises(UsageError, match=f"the password file .*{name} cannot be read: .*({why})"):
            _database(given, tmp_path)
    given = Namespace(database="postgresql://me@h/n", password_file=str(tmp_path / "word"))
    assert _database(given, tmp_path).startswith("postgresql+psycopg://me:w%C3%B6rd@h/n")


@pytest.mark.parametrize(("columns", "expected"), [("60", 60), ("7", 40), ("²", 80), ("9" * 5000, 80)])
def test_the_width_that_the_environment_names_is_taken_where_it_is_one(
    columns: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    closed = Path(os.devnull).open("w", encoding="ascii")  # noqa: SIM115  it is closed at once
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    assert width() == expected


def test_a_stream_without_a_descriptor_is_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    closed = Path(os.devnull).open("w", encoding="ascii")  # noqa: SIM115  it is closed at once
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    assert width() == 80


def test_a_page_explains_the_rules_that_it_reports_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(PRIVILEGED, encoding="utf-8")
    assert cli.main(["check", "compose.yaml", "--only", "C001", "--format", "html", "--exit-zero"]) == 0
    explained = re.findall(r'<article class="card" id="[^"]*"><h3>(\w+) ', capsys.readouterr().out)
    assert explained == ["C001"]
