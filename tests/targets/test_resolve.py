"""What a person names is found, in a folder too, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, ImageInput, Input, MachineInput, Unreadable
from sealock.targets.names import image_of
from sealock.targets.policyfile import PolicyTree, find_policy
from sealock.targets.resolve import resolve, resolve_compose

TEXTS = {
    "Dockerfile": "FROM debian:13\n",
    "docker/prod.dockerfile": "FROM debian:13\n",
    "docker/Dockerfile.dev": "FROM debian:13\n",
    "docker/Containerfile": "FROM debian:13\n",
    "docker/dockerfile.py": "x = 1\n",
    "compose.yaml": "services: {}\n",
    "compose.override.yaml": "services: {}\n",
    "stack/docker-compose.prod.yml": "services: {}\n",
    "stack/app.yml": "services:\n  web:\n    image: nginx\n",
    "stack/values.yml": "replicas: 2\n",
    "scripts/up.sh": "docker run nginx\n",
    "scripts/other.sh": "echo hello\n",
    "scripts/up": "#!/bin/sh\ndocker run nginx\n",
    "scripts/data": "docker run nginx\n",
    "Makefile": "up:\n\tdocker run nginx\n",
    "README.md": "Run it:\n\n```sh\ndocker run nginx\n```\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: docker run nginx\n",
    "node_modules/x/Dockerfile": "FROM debian\n",
    ".git/Dockerfile": "FROM debian\n",
}
FOUND = {
    "Dockerfile": "dockerfile",
    "docker/prod.dockerfile": "dockerfile",
    "docker/Dockerfile.dev": "dockerfile",
    "docker/Containerfile": "dockerfile",
    "compose.yaml": "compose",
    "stack/docker-compose.prod.yml": "compose",
    "stack/app.yml": "compose",
    "scripts/up.sh": "run",
    "scripts/up": "run",
    "scripts/data": "run",
    "Makefile": "run",
    "README.md": "run",
    ".github/workflows/ci.yml": "run",
}


def tree(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def resolved(target: object) -> list[Input]:
    return list(resolve(str(target), Options()))


def test_a_folder_is_walked_for_all_that_it_holds(tmp_path: Path) -> None:
    found = {str(Path(one.target).relative_to(tmp_path)): one.kind for one in resolved(tree(tmp_path, TEXTS))}
    assert found == FOUND


def test_an_override_stands_alone_where_its_base_is_missing(tmp_path: Path) -> None:
    (one,) = resolved(tree(tmp_path, {"compose.override.yaml": "services: {}\n"}))
    assert one.kind == "compose"


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, {"a/Dockerfile": "FROM debian:13\n"})
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "etc").symlink_to("/etc")
    assert [Path(one.target).name for one in resolved(tmp_path)] == ["Dockerfile"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nothing/here", "no such file or directory"),
        ("nginx", "no such file or directory (if an image is meant: image:nginx)"),
        ("compose.yml", "no such file or directory (if an image is meant: image:compose.yml)"),
        ("Dockerfile:1", "no such file or directory"),
        ("../app:1", "no such file or directory"),
        ("", "no such file or directory"),
    ],
)
def test_what_cannot_be_read_is_a_problem(target: str, said: str) -> None:
    (input_,) = resolved(target)
    assert isinstance(input_, Unreadable)
    assert said in input_.error


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("archive:", "write archive:PATH, with the path of an archive or OCI layout"),
        ("rootfs:", "write rootfs:PATH, with the path of a root"),
        ("archive:.", "has no file oci-layout: for a root file system, rootfs:."),
    ],
)
def test_what_cannot_be_the_named_kind_of_image_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (input_,) = resolved(target)
    assert isinstance(input_, Unreadable)
    assert said in input_.error
    with pytest.raises(TargetError, match=re.escape(said)):
        image_of(target)
    (tmp_path / "oci-layout").write_text("{}")
    (layout,) = resolved("archive:.")
    assert isinstance(layout, ImageInput)
    assert image_of("archive:.") == "."


@pytest.mark.parametrize(
    ("target", "image"),
    [
        ("nginx:1.27", "image:nginx:1.27"),
        ("ghcr.io/a/b:2", "image:ghcr.io/a/b:2"),
        ("localhost:5000/a:1", "image:localhost:5000/a:1"),
        ("a@sha256:" + "1" * 64, "image:a@sha256:" + "1" * 64),
        ("image:nginx", "image:nginx"),
        ("image:./nothing", "image:./nothing"),
    ],
)
def test_what_names_no_file_may_name_an_image(target: str, image: str) -> None:
    (input_,) = resolved(target)
    assert isinstance(input_, ImageInput)
    assert input_.image == image
    assert image_of(target) == image


def test_a_file_comes_before_an_image_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app:1").write_text("FROM debian:13\n")
    (input_,) = resolved("app:1")
    assert isinstance(input_, FileInput)
    assert input_.kind == "dockerfile"
    assert image_of("app:1") == "app:1"


def test_an_empty_directory_is_noted_or_where_targets_are_required_an_error(tmp_path: Path) -> None:
    notes: list[str] = []
    assert list(resolve(str(tmp_path), Options(note=notes.append))) == []
    assert "nothing in it that sealock reads" in notes[0]
    (input_,) = resolve(str(tmp_path), Options(require_targets=True))
    assert isinstance(input_, Unreadable)
    assert "nothing in it that sealock reads" in input_.error


def test_a_text_of_no_known_kind_is_a_problem(tmp_path: Path) -> None:
    (input_,) = resolved(tree(tmp_path, {"notes.txt": "hello\n"}) / "notes.txt")
    assert isinstance(input_, Unreadable)
    assert "not a Dockerfile" in input_.error


def test_a_run_line_may_be_given_as_words() -> None:
    (input_,) = resolved("run:docker run nginx")
    assert isinstance(input_, FileInput)
    assert (input_.kind, input_.source.text) == ("run", "docker run nginx")


def test_the_root_is_where_the_policy_is_else_the_repository(tmp_path: Path) -> None:
    tree(tmp_path, {"a/b/c/x": "", "a/.git/HEAD": ""})
    assert PolicyTree().root(str(tmp_path / "a/b/c")) == str(tmp_path / "a")
    tree(tmp_path, {"a/b/sealock.toml": ""})
    assert PolicyTree().root(str(tmp_path / "a/b/c")) == str(tmp_path / "a/b")


def test_the_policy_of_a_directory_is_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"with/sealock.toml": "", "with/sub/x": "", "repository/.git/HEAD": "", "nothing/x": ""})
    monkeypatch.chdir(tmp_path / "with")
    assert find_policy() == str(tmp_path / "with/sealock.toml")
    assert find_policy("sub") == str(tmp_path / "with/sealock.toml")
    # That of the working directory is not one of another.
    assert find_policy(str(tmp_path / "repository")) == ""
    assert find_policy(str(tmp_path / "nothing")) == ""


def test_an_empty_directory_is_no_policy_and_no_repository(tmp_path: Path) -> None:
    """Such a one stands in the workspace of an agent, in place of what the agent is not to make."""
    tree(tmp_path, {"a/.git/HEAD": "", "a/sealock.toml": "", "a/b/sealock.toml": "", "a/b/c/x": ""})
    for name in (".git", "sealock.toml"):
        (tmp_path / "a/b/c" / name).mkdir()
    policies = PolicyTree()
    assert policies.root(str(tmp_path / "a/b/c")) == str(tmp_path / "a")
    assert policies.scope(str(tmp_path / "a"), str(tmp_path / "a/b/c")).root == str(tmp_path / "a")
    assert not policies.errors
    assert find_policy(str(tmp_path / "a/b/c")) == str(tmp_path / "a/sealock.toml")
    tree(tmp_path, {"a/b/c/sealock.toml/x": ""})
    policies = PolicyTree()
    policies.scope(str(tmp_path / "a"), str(tmp_path / "a/b/c"))
    assert [error.message for error in policies.errors.values()] == [
        f"this is a directory: {tmp_path / 'a/b/c/sealock.toml'}"
    ]


def test_a_merged_target_needs_all_of_its_files(tmp_path: Path) -> None:
    tree(tmp_path, {"a.yaml": "services: {}\n"})
    input_ = resolve_compose((str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")), Options())
    assert isinstance(input_, Unreadable)
    assert "b.yaml could not be read" in input_.error


def test_a_large_script_is_looked_into_by_its_beginning(tmp_path: Path) -> None:
    text = "docker run nginx\n" + "# a comment\n" * 120_000
    (one,) = resolved(tree(tmp_path, {"up.sh": text, "other.sh": "# a comment\n" * 120_000}))
    assert Path(one.target).name == "up.sh"


@pytest.mark.parametrize(
    ("target", "kind"), [("host", "host"), ("container:web", "container"), ("container:*", "container")]
)
def test_what_runs_is_a_target_too(target: str, kind: str) -> None:
    (input_,) = resolved(target)
    assert isinstance(input_, MachineInput)
    assert (input_.target, input_.kind) == (target, kind)
