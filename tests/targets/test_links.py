"""A symbolic link out of a project is neither read nor written: in a checkout it is the text of whoever sent it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealock.cli import main as cli
from sealock.errors import TargetError
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.outputs import replace_text, write_output
from sealock.targets.projects import link_out

DOCKERFILE = "FROM debian:12\nRUN echo hunter2-hunter2\n"
COMPOSE = "services:\n  a:\n    image: b:1\n"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A checkout at repo/, a directory without a repository at plain/, and the user's own files beside them."""
    for directory in ("repo/.git/refs", "repo/sub", "plain/sub", "own/sub"):
        (tmp_path / directory).mkdir(parents=True)
    for directory in ("own", "own/sub", "repo", "plain"):
        (tmp_path / directory / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        (tmp_path / directory / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    return tmp_path


LEAVES = [
    pytest.param("repo/link", "../own/Dockerfile", True, id="a file out of a repository"),
    pytest.param("repo/sub/link", "../../own/Dockerfile", True, id="a file below, out of a repository"),
    pytest.param("repo/link", "/etc/passwd", True, id="an absolute path"),
    pytest.param("repo/sub/link", "../Dockerfile", False, id="a file within a repository"),
    pytest.param("plain/link", "../own/Dockerfile", True, id="a file out of a directory"),
    pytest.param("plain/link", "sub/x", False, id="a file within a directory"),
    pytest.param("repo/link", "gone", False, id="to nothing within"),
    pytest.param("repo/link", "../gone", True, id="to nothing without"),
    pytest.param("repo/link", "link", False, id="to itself"),
    pytest.param("repo/dir", "../own", True, id="a directory out of a repository"),
    pytest.param("repo/dir", "sub", False, id="a directory within a repository"),
    pytest.param("plain/dir", "../own", False, id="a directory where there is no repository"),
]


@pytest.mark.parametrize(("link", "to", "leaves"), LEAVES)
def test_which_links_leave_a_project(world: Path, link: str, to: str, leaves: bool) -> None:  # noqa: FBT001  a table's column
    (world / link).symlink_to(to)
    assert bool(link_out(str(world / link))) is leaves
    assert bool(link_out(str(world / link / "below"))) is (leaves and link != "plain/link")


@pytest.mark.parametrize(
    "path", ["repo/dir/../Dockerfile", "repo/dir/./../Dockerfile", "repo/sub/../dir/../new", "repo/dir/.."]
)
def test_a_step_up_behind_a_link_leaves_as_the_link_does(world: Path, path: str) -> None:
    (world / "repo/dir").symlink_to("../own/sub")
    assert "dir is a symbolic link to" in link_out(str(world / path))
    assert link_out(str(world / path.replace("dir", "sub"))) == ""
    with pytest.raises(TargetError, match="was not written"):
        write_output(str(world / path), "x")
    assert (world / "own/Dockerfile").read_text("utf-8") == DOCKERFILE


@pytest.mark.parametrize("below", ["repo", "repo/sub"])
@pytest.mark.parametrize("path", ["dir/../x", "dir/./../x", "dir//../x", "./dir/../x", "sub/../dir/../x"])
def test_a_step_up_is_one_at_each_depth(world: Path, below: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = world / below
    (home / "dir").symlink_to(world / "own/sub")
    for name in ("sub", "other"):
        (home / name).mkdir(exist_ok=True)
    monkeypatch.chdir(home)
    for text in (path, f"{home}/{path}"):
        assert "dir is a symbolic link to" in link_out(text)
        before, _, after = text.rpartition("dir")
        assert link_out(f"{before}other{after}") == ""


def test_a_project_behind_the_user_s_own_link_is_no_other_project(world: Path) -> None:
    (world / "shortcut").symlink_to("repo")
    assert link_out(str(world / "shortcut/Dockerfile")) == ""
    assert link_out(str(world / "shortcut/sub")) == ""


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_kernel_s_links_are_streams(path: str) -> None:
    assert link_out(path) == ""


@pytest.mark.parametrize("name", ["repo/link", "plain/link"])
@pytest.mark.parametrize("settings", [Settings(), Settings(outside=True)], ids=["as it is", "--allow-outside"])
def test_a_file_behind_a_link_is_not_quoted(world: Path, name: str, settings: Settings) -> None:
    (world / name).symlink_to("../own/Dockerfile")
    report = check(str(world / name), settings=settings)
    errors = [error.message for target in report.targets for error in target.errors]
    if settings.outside:
        assert errors == []
    else:
        (message,) = errors
        assert message.startswith(f"{world / name} is a symbolic link to {world}/own/Dockerfile, which is outside of")
        assert message.endswith("and was not read: name the file itself")
        assert report.status == 2


COMMANDS = [
    ("check", "{link}"),
    ("check", "-f", "{link}"),
    ("map", "{link}"),
    ("pin", "--check", "{link}"),
    ("userns", "plan", "{link}"),
    ("trust", "audit", "{link}"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_refuses_a_link(world: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    link = world / "repo" / "compose.link.yaml"
    link.symlink_to("../own/compose.yaml")
    assert cli.main([word.format(link=link) for word in words]) == 2
    output = " ".join("".join(capsys.readouterr()).split())
    assert "is a symbolic link to" in output
    assert "was not read: name the file itself" in output


@pytest.mark.parametrize("words", [("check",), ("pin", "--check")], ids=" ".join)
def test_a_directory_behind_a_link_is_not_walked(
    world: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (world / "repo/dir").symlink_to("../own")
    assert cli.main([*words, str(world / "repo/dir")]) == 2
    assert "was not walked" in " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize(
    ("link", "to"),
    [("repo/out.json", "../own/out.json"), ("repo/dir", "../own"), ("plain/out.json", "../own/out.json")],
)
def test_nothing_is_written_through_a_link(world: Path, link: str, to: str, capsys: pytest.CaptureFixture[str]) -> None:
    (world / "own/out.json").write_text("mine", encoding="utf-8")
    (world / link).symlink_to(to)
    output = str(world / link / ("out.json" if link == "repo/dir" else ""))
    for option in ("--output", "--write-baseline"):
        assert cli.main(["check", str(world / "repo/Dockerfile"), "--quiet", option, output.rstrip("/")]) == 2
    assert "and was not written: name the file itself" in capsys.readouterr().err
    assert (world / "own/out.json").read_text(encoding="utf-8") == "mine"


def test_a_link_within_a_project_is_written_through(world: Path) -> None:
    (world / "repo/latest.json").symlink_to("sub/1.json")
    write_output(str(world / "repo/latest.json"), "{}")
    assert (world / "repo/sub/1.json").read_text(encoding="utf-8") == "{}"
    assert (world / "repo/latest.json").is_symlink()


@pytest.mark.parametrize("outside", [(), ("--allow-outside",)], ids=["as it is", "--allow-outside"])
def test_no_fix_goes_through_a_link(world: Path, outside: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    (world / "repo/a.Dockerfile").symlink_to("../own/Dockerfile")
    words = ["check", "--fix", "--unsafe", *outside, str(world / "repo/a.Dockerfile")]
    assert cli.main(words) == 2
    assert "is a symbolic link to" in " ".join(capsys.readouterr().out.split())
    assert (world / "own/Dockerfile").read_text(encoding="utf-8") == DOCKERFILE
    with pytest.raises(Exception, match="was not written"):
        replace_text(str(world / "repo/a.Dockerfile"), DOCKERFILE, "FROM scratch\n")


NAMES = [
    pytest.param("--output=/{victim}", ("check", "--quiet"), id="an option of a hook's command"),
    pytest.param("--fix", ("check", "--quiet"), id="an option without a value"),
    pytest.param("-fx.sh", ("check",), id="a short option"),
    pytest.param("--output=/{victim}", ("pin", "--check"), id="of another command"),
    pytest.param("--output=/{victim}", ("trust", "audit"), id="of a verb"),
]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_a_file_s_name_is_no_option(
    world: Path, name: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world / "repo")
    victim = world / "own/victim.txt"
    victim.write_text("mine", encoding="utf-8")
    name = name.replace("/{victim}", str(victim))
    path = world / "repo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("docker run a:1\n", encoding="utf-8")
    assert cli.main([*words, name, "Dockerfile"]) == 2
    assert capsys.readouterr().err.startswith(f"sealock: {name} is an option and the name of a file: write ./")
    cli.main([*words, "--", name, "Dockerfile"])
    output = "".join(capsys.readouterr())
    assert "is an option" not in output
    assert victim.read_text(encoding="utf-8") == "mine"


def test_the_words_after_two_dashes_are_targets(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world / "repo")
    Path("--output=x.sh").write_text("docker run --privileged a:1\n", encoding="utf-8")
    assert cli.main(["check", "--format", "json", "--only", "C001", "--", "--output=x.sh", "Dockerfile"]) == 1
    assert '"target": "./--output=x.sh"' in capsys.readouterr().out
    assert not Path("x.sh").exists()


@pytest.mark.parametrize(
    "name",
    ["host", "self", "container:a", "pid:1", "image:example.com/x.sh", "docker:a", "rootfs:a", "run:docker run a"],
)
def test_a_file_s_name_is_no_other_target(world: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world / "plain")
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("docker run --privileged a:1\n", encoding="utf-8")
    report = check(name)
    (error,) = [error.message for target in report.targets for error in target.errors]
    assert error == f"there is a file of this name here: write ./{name} for it, or run sealock in another directory"
    assert report.status == 2


def test_userns_plan_reads_no_environment_and_nothing_outside(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "/hunter2")
    (world / "own/ext.yaml").write_text("services:\n  b:\n    image: b:1\n    pid: host\n", encoding="utf-8")
    path = world / "plain/compose.yaml"
    path.write_text("services:\n  a:\n    extends: {file: '${SECRET_OF_MINE:-x}', service: b}\n", encoding="utf-8")
    root = ("--root", os.fspath(world), "--format", "json", "--all")
    assert cli.main(["userns", "plan", os.fspath(path), *root]) == 2
    assert "hunter2" not in "".join(capsys.readouterr())
    assert cli.main(["userns", "plan", os.fspath(path), *root, "--use-environment"]) == 2
    assert "${SECRET_OF_MINE} is outside of the directory" in capsys.readouterr().err
    path.write_text("services:\n  a:\n    extends: {file: ../own/ext.yaml, service: b}\n", encoding="utf-8")
    assert cli.main(["userns", "plan", os.fspath(path), *root]) == 2
    assert "outside of the directory" in capsys.readouterr().err
    cli.main(["userns", "plan", os.fspath(path), *root, "--allow-outside"])
    assert "outside of the directory" not in capsys.readouterr().err
