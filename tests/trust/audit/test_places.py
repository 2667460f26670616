"""Folders, this person's settings, Docker's folder of trust; and the command that tells of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.errors import EngineError, TargetError
from sealock.trust.audit import places
from sealock.trust.audit.places import LARGEST, audit_engine, audit_host, audit_path
from sealock.trust.notary.directory import TrustDirectory
from support.simulators.engine import json_reply, simulated

LEANS = "export DOCKER_CONTENT_TRUST=1\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [one for one in os.environ if one.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_walked_for_text_of_every_kind(home: Path) -> None:
    for name in ("Dockerfile", "a/.env", "a/b/main.tf", "Jenkinsfile", ".github/workflows/ci.yml", "x.json"):
        path = home / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LEANS)
    (home / "project" / "node_modules").mkdir()
    (home / "project" / "node_modules" / "x.sh").write_text(LEANS)
    (home / "project" / "program").write_bytes(b"\x7fELF\0" + LEANS.encode())
    audited = audit_path(str(home / "project"), {"node_modules"})
    assert sorted(os.path.relpath(one.where, home / "project") for one in audited.found) == [
        ".github/workflows/ci.yml", "Dockerfile", "Jenkinsfile", "a/.env", "a/b/main.tf", "x.json",
    ]  # fmt: skip
    assert audited.looked == 7


def test_links_and_pipes_are_left_alone_in_folders(home: Path) -> None:
    folder = home / "project"
    folder.mkdir()
    (home / "outside.sh").write_text(LEANS)
    (folder / "link.sh").symlink_to(home / "outside.sh")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere").symlink_to(home / "missing")
    os.mkfifo(folder / "pipe")
    audited = audit_path(str(folder))
    assert (audited.found, audited.errors) == ((), ())
    assert len(audit_path(str(home / "outside.sh")).found) == 1


def test_what_cannot_be_looked_at_is_told(home: Path) -> None:
    with pytest.raises(TargetError, match="does not exist"):
        audit_path("missing")
    (home / "large.log").write_bytes(LEANS.encode() + b"x" * LARGEST)
    (home / "plain.log").write_bytes(b"x" * (LARGEST + 1))
    audited = audit_path(".")
    assert audited.found == ()
    assert [error for error in audited.errors if "large.log" in error] == list(audited.errors)
    os.mkfifo(home / "pipe")
    assert audit_path("pipe").errors == ("pipe is not a regular file",)


def test_this_persons_settings_are_looked_at(home: Path) -> None:
    environment = {"HOME": str(home), "DOCKER_CONTENT_TRUST": "1", "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "hunter22"}
    (home / ".profile").write_text(LEANS)
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text('{"trust_pinning": {"disable_tofu": true}}')
    (home / ".notary").mkdir()
    (home / ".notary" / "config.json").write_text('{"remote_server": {"url": "https://n.example.com"}}')
    trust = TrustDirectory(home / ".docker" / "trust")
    for gun in ("docker.io/library/alpine", "example.com/app", "mine.azurecr.io/app"):
        trust.write(gun, {"root": b"{}"})
    trust.add_key("a" * 64, b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: targets\ngun: example.com/app\n\nAAAA\n")
    audited = audit_host(environment)
    here = {
        (one.kind, one.what, one.ends)
        for one in audited.found
        if one.where == "the environment" or one.where.startswith(str(home))
    }
    assert here == {
        ("setting", "DOCKER_CONTENT_TRUST=1", "Docker CLI 29"),
        ("passphrase", "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE", ""),
        ("variable", "DOCKER_CONTENT_TRUST=1", "Docker CLI 29"),
        ("pinning", '"trust_pinning":', ""),
        ("server", '"remote_server": {', ""),
        ("repository", "docker.io/library/alpine", "2026-12-08"),
        ("repository", "example.com/app", ""),
        ("repository", "mine.azurecr.io/app", "2028-03-31"),
        ("key", "targets key aaaaaaaaaaaa of example.com/app", ""),
    }
    assert audited.errors == ()


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["trust", "audit", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_tells_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "ci.yml").write_text("env:\n  DOCKER_CONTENT_TRUST_SERVER: https://notary.docker.io\n" + LEANS)
    status, out, err = run(capsys, "ci.yml")
    assert (status, err) == (1, "")
    assert "ci.yml:2:3: DOCKER_CONTENT_TRUST_SERVER=https://notary.docker.io" in out
    assert "Ends on 2026-12-08." in out
    assert "2 places depend on content trust" in out
    status, out, _ = run(capsys, "ci.yml", "--format", "json")
    table = json.loads(out)
    assert status == 1
    assert table["summary"] == {"dependences": 2, "errors": 0}
    assert [one["kind"] for one in table["targets"][0]["findings"]] == ["hub", "variable"]


def test_of_a_file_with_many_places_the_first_few_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "x.sh").write_text("docker trust sign app:1\n" * 40)
    _, out, _ = run(capsys, "x.sh")
    assert out.count("docker trust sign") == 4
    assert "x.sh: and 36 more" in out
    assert "40 places depend" in out
    _, out, _ = run(capsys, "x.sh", "--format", "json")
    assert len(json.loads(out)["targets"][0]["findings"]) == 40


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("nothing\n", 0, "Nothing depends on content trust (1 read)"),
        ("DOCKER_CONTENT_TRUST=0\n", 0, "(worth knowing)"),
        ("docker trust sign app:1\n", 1, "1 place depends on content trust"),
    ],
)
def test_the_status_follows_what_leans(
    home: Path, capsys: pytest.CaptureFixture[str], text: str, status: int, said: str
) -> None:
    (home / "x.sh").write_text(text)
    got, out, _ = run(capsys, "x.sh")
    assert got == status
    assert said in out


def test_what_cannot_be_read_is_status_two(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "x.sh").write_text(LEANS)
    status, out, err = run(capsys, "x.sh", "missing", f"engine:unix://{home}/no.sock")
    assert status == 2
    assert "1 place depends" in out
    assert "missing does not exist" in err
    assert "no.sock" in err


def test_names_of_files_reach_no_terminal_unescaped(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "a\x1b[2J.sh").write_text(LEANS + "DOCKER_CONTENT_TRUST=\x1b[2J\n")
    _, out, _ = run(capsys, ".")
    assert "\x1b" not in out


def of_container(answer: object) -> list[tuple[str, str]] | str:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    try:
        return [(each.kind, each.what) for each in places._container(text, "container a")]  # noqa: SLF001  what an engine sends
    except EngineError as error:
        return str(error)


UNREAD = "container a: the engine's answer cannot be read"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({}, []),
        ({"Config": None}, []),
        ({"Config": {"Image": "app:1", "Env": None, "Cmd": None}}, []),
        ({"Config": {"Env": ["A=1", "DOCKER_CONTENT_TRUST=1"]}}, [("variable", "DOCKER_CONTENT_TRUST=1")]),
        ({"Config": {"Cmd": ["sh", "-c", "docker trust\nsign a"]}}, [("command", "docker trust sign")]),
        ({"Config": {"Entrypoint": ["docker"], "Cmd": ["trust", "sign", "a"]}}, [("command", "docker trust sign")]),
        ("{", UNREAD), ("[]", UNREAD), ("5", UNREAD), ({"Config": 5}, UNREAD), ({"Config": {"Env": 5}}, UNREAD), ({"Config": {"Cmd": 5}}, UNREAD), ("[" * 100_000, UNREAD),
    ],
)  # fmt: skip
def test_a_container_depends_by_its_image_variables_and_command(answer: object, found: object) -> None:
    assert of_container(answer) == found


@pytest.mark.parametrize(
    ("answer", "tags"),
    [
        ('[{"RepoTags": ["b:1", "a:1"]}, {"RepoTags": null}, {}, {"RepoTags": ["a:1"]}]', ["a:1", "b:1"]),
        ("[]", []),
        *((odd, None) for odd in ("{", "5", "[5]", '[{"RepoTags": 5}]', "[" * 100_000)),
    ],
)
def test_tags_of_an_engine_are_read_or_it_is_an_error(answer: str, tags: list[str] | None) -> None:
    if tags is not None:
        assert places._tags(answer) == tags  # noqa: SLF001  what an engine sends
        return
    with pytest.raises(EngineError, match="the engine's list of images cannot be read"):
        places._tags(answer)  # noqa: SLF001


def test_an_engine_is_audited_but_for_what_was_removed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated(tmp_path) as simulator:
        web = simulator.container("web", Config={"Env": ["DOCKER_CONTENT_TRUST=1"]})
        gone, broken = (simulator.container(name) for name in ("gone", "broken"))
        bad = {f"/containers/{gone}/json": 404, f"/containers/{broken}/json": 500}
        simulator.answers = lambda path, _query: next(
            (json_reply({"message": "no"}, status) for end, status in bad.items() if path.endswith(end)), None
        )
        audited = audit_engine(simulator.where)
        assert [(each.where, each.what) for each in audited.found] == [("container web", "DOCKER_CONTENT_TRUST=1")]
        assert len(audited.errors) == 1
        assert "500" in audited.errors[0]
        assert (audited.target, audited.looked) == (f"engine:{simulator.where}", 3)
        bad.clear()
        monkeypatch.setattr(places, "_MOST_CONTAINERS", 1)
        few = audit_engine(simulator.where)
        assert few.errors == ("the engine has more than 1 containers; the rest were not read",)
        assert few.looked == 1
        monkeypatch.setattr(places, "_MOST_CONTAINERS", 3)
        assert "more than" not in "".join(audit_engine(simulator.where).errors)
        assert web


def test_files_beyond_the_limit_are_named_as_unread(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "project"
    folder.mkdir()
    for name in "abcd":
        (folder / name).write_text(LEANS)
    monkeypatch.setattr(places, "_MOST_FILES", 2)
    audited = audit_path(str(folder))
    assert [Path(each.where).name for each in audited.found] == ["a", "b"]
    assert audited.errors == (f"{folder} has more than 2 files; the rest were not read",)
    monkeypatch.setattr(places, "_MOST_FILES", 4)
    assert audit_path(str(folder)).errors == ()


def test_files_of_a_person_that_cannot_be_read_are_named(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "profile"
    outside.write_text(LEANS)
    (home / ".profile").symlink_to(outside)
    private = home / ".docker" / "trust" / "private"
    private.mkdir(parents=True)
    (private / f"{'a' * 64}.key").symlink_to(f"{'a' * 64}.key")
    audited = audit_host({"HOME": str(home)})
    profile, key = audited.errors
    assert profile.endswith("and was not read: name the file itself")
    assert key.endswith(".key could not be read: Too many levels of symbolic links")


def test_a_file_whose_bytes_cannot_be_read_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "a.sh").write_text(LEANS)
    (home / "b.sh").write_text(LEANS)
    opened = os.open

    def refuse(path: str, *words: int) -> int:
        if str(path).endswith("a.sh"):
            raise PermissionError(13, "Permission denied", path)
        return opened("/proc/self/mem", *words)  # it has no first byte

    monkeypatch.setattr(os, "open", refuse)
    assert audit_path(".").errors == (
        "./a.sh could not be read: Permission denied",
        "./b.sh could not be read: Input/output error",
    )


def test_a_directory_that_cannot_be_read_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    (home / "project").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    assert audit_path("project").errors == ("project could not be read: Permission denied",)
