"""What the system refuses is an error with its reason, and never an empty file, a free place or a file less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import SealockError
from sealock.formats.files import FileRefusedError
from sealock.model.profile import Profile
from sealock.targets import files, git, imagelayouts, outputs, profiles, projects, rendering, rendernames, resolve, walk
from sealock.targets.directory import DirectoryWindow
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import Input, Unreadable, contain
from sealock.targets.manifests import read_manifests
from support.profiles import web

LONG = "n" * 300
"""A name that no file system has."""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a:1}]}\n"


def replaced(path: Path, old: str, new: str) -> None:
    path.write_bytes(b"\xff" if old == "bytes" else old.encode())
    outputs.replace_text(str(path), old, new)


def unchanged(_earlier: Profile | None) -> Profile:
    return web()


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a file that breaks off as it is read": (lambda _: files.read_bytes("/proc/self/mem"), "/proc/self/mem could not be read: Input/output error"),
    "the start of a file that breaks off": (lambda _: files.read_start("/proc/self/mem", 10), "/proc/self/mem could not be read: Input/output error"),
    "a text that is no UTF-8 any more when it is replaced": (lambda root: replaced(root / "a", "bytes", "b"), "{root}/a could not be written"),
    "a new text that cannot be encoded": (lambda root: replaced(root / "a", "a", "\ud800"), "{root}/a could not be written"),
    "a file whose directory is gone when it is replaced": (lambda root: outputs.replace_text(str(root / "b/a"), "a", "b"), "{root}/b/a could not be written: No such file or directory"),
    "a file for a report in a directory that is none": (lambda root: outputs.write_output(str(root / "file/a"), "x"), "{root}/file/a could not be written: Not a directory"),
    "an earlier file that is there": (lambda root: git.create_file(str(root), "file"), "an earlier version of file could not be written: File exists"),
    "a profile in a registry": (lambda _: profiles.open_profile("a.example/b:1"), "a.example/b:1 is in a registry, and a file is needed here"),
    "a profile that is not there": (lambda root: profiles.open_profile(str(root / "p.json")), "{root}/p.json could not be read: No such file or directory"),
    "an earlier profile in what is no directory": (lambda root: profiles.open_earlier(str(root / "file/p.json")), "{root}/file/p.json could not be read: Not a directory"),
    "a profile that would be written into a directory that is none": (lambda root: profiles.change_profile(str(root / "file/p.json"), unchanged), "{root}/file/p.json could not be written: {root}/file: Not a directory"),
    "a place of a profile in a directory that is not there": (lambda root: profiles.check_place(str(root / "no/p.json")), "{root}/no/p.json could not be written: {root}/no is no directory"),
    "a place of several profiles below a file": (lambda root: profiles.check_place(str(root / "file/a/b"), several=True), "{root}/file/a/b could not be written: {root}/file is no directory"),
    "a commit where there is no git": (lambda root: git.GitRepository(str(root)), "{root} is not in a Git repository"),
    "a chart, without a program that renders it": (lambda root: rendering.render(str(root / "Chart.yaml")), "could not be rendered: helm is not on PATH"),
}  # fmt: skip


@pytest.mark.parametrize(("read", "why"), [pytest.param(*row, id=sentence) for sentence, row in REFUSED.items()])
def test_what_the_system_refuses_is_an_error(
    read: Callable[[Path], Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises((SealockError, FileRefusedError)) as error:
        read(tmp_path)
    assert str(error.value).startswith(why.format(root=tmp_path))
    assert {path.name for path in tmp_path.iterdir()} <= {"a", "file"}


def entries(root: Path, directory: str) -> Any:
    return DirectoryWindow(str(root), str(root)).entries(directory)


ANSWERS: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "the place of a profile may be a new directory for several": (lambda root: profiles.check_place(str(root / "a/b"), several=True), None),
    "a profile that is not there is none of earlier runs": (lambda root: profiles.open_earlier(str(root / "p.json")), None),
    "an image directory that cannot be listed may hold others": (lambda root: imagelayouts.has_others(str(root / "file")), True),
    "an image directory with nothing else has no others": (lambda root: imagelayouts.has_others(str(root / "image")), False),
    "a path that no file can have is not there": (lambda root: projects.is_there(str(root / LONG)), False),
    "an empty directory is not there": (lambda root: projects.is_there(str(root / "image/blobs")), False),
    "a file that cannot be read names no part": (lambda root: rendernames.named_parts(str(root / "no/kustomization.yaml")), set()),
    "a file of another name names no part": (lambda root: rendernames.named_parts(str(root / "file")), set()),
    "a kustomization that cannot be read is no component": (lambda root: rendernames.is_part(str(root / "no/kustomization.yaml")), False),
    "a chart below those of another is a part": (lambda root: rendernames.is_part(str(root / "outer/charts/inner/Chart.yaml")), True),
    "a chart elsewhere is none": (lambda root: rendernames.is_part(str(root / "outer/Chart.yaml")), False),
    "a chart among charts of nothing is none": (lambda root: rendernames.is_part(str(root / "charts/inner/Chart.yaml")), False),
    "the names in a directory are sorted": (lambda root: entries(root, "outer"), ("Chart.yaml", "charts")),
    "a directory that cannot be listed has none": (lambda root: entries(root, "file"), None),
    "a directory outside has none": (lambda root: entries(root, ".."), None),
    "the system has no file of a long name": (lambda root: next(resolve.resolve(str(root / LONG), Options())), "no such file or directory"),
}  # fmt: skip


@pytest.mark.parametrize(("ask", "answer"), [pytest.param(*row, id=sentence) for sentence, row in ANSWERS.items()])
def test_what_the_system_refuses_has_an_answer(ask: Callable[[Path], Any], answer: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("resources: [a]\n", encoding="utf-8")
    for directory in ("image/blobs", "outer/charts/inner", "charts/inner"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "outer/Chart.yaml").write_text("name: a\n", encoding="utf-8")
    result = ask(tmp_path)
    assert getattr(result, "error", result) == answer


def make_deep(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Make directories in each other, of which the last has a path that the system does not take."""
    monkeypatch.chdir(root)
    name = Path("d" * 200)
    for _ in range(22):
        name.mkdir()
        monkeypatch.chdir(name)
        Path("compose.yaml").write_text("services: {a: {image: a}}\n", encoding="utf-8")
        Path("a.md").write_text("`docker run a`\n", encoding="utf-8")
    monkeypatch.chdir(root)


def test_what_lies_too_deep_is_an_error_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_deep(monkeypatch, tmp_path)
    Path("z.sh").write_text("docker run a\n", encoding="utf-8")
    refused: list[tuple[str, str]] = []
    walked = walk.Walk(str(tmp_path), lambda _: False, lambda *row: refused.append(row))
    found = [file.path for file in walked.files()]
    assert {why for _, why in refused} == {"File name too long"}
    assert all(path.rstrip("/").endswith(("/a.md", "d" * 200)) for path, _ in refused)
    assert found[0] == f"{tmp_path}/z.sh"
    assert found[-1].endswith("/compose.yaml")


def test_names_that_no_file_has_are_errors_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "z.sh").write_text("docker run a\n", encoding="utf-8")
    refused: list[tuple[str, str]] = []
    walked = walk.Walk(str(tmp_path), lambda _: False, lambda *row: refused.append(row))
    found = [file.path for file in walked.named(["a\0b", LONG, "gone/x", "z.sh"])]
    assert found == [f"{tmp_path}/z.sh"]
    assert [why for _, why in refused] == ["embedded null byte", "No such file or directory", "File name too long"]


def test_a_failure_of_rendering_is_an_error_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for name in ("a/Chart.yaml", "b/kustomization.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("name: a\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(POD, encoding="utf-8")
    texts = list(read_manifests([str(tmp_path)], rendered=True))
    assert [(text.path.removeprefix(f"{tmp_path}/"), text.error.partition(": ")[2]) for text in texts] == [
        ("c.yaml", ""),
        ("a/Chart.yaml", "helm is not on PATH"),
        ("b/kustomization.yaml", "kustomize or kubectl is not on PATH"),
    ]


def test_of_a_directory_what_is_no_manifest_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD, encoding="utf-8")
    (tmp_path / "task.json").write_text('{"containerDefinitions": []}\n', encoding="utf-8")
    assert [Path(text.path).name for text in read_manifests([str(tmp_path)], rendered=False)] == ["pod.yaml"]


def broken(error: Exception) -> Iterator[Input]:
    yield Unreadable("b", "b", "")
    raise error


def test_only_an_internal_error_ends_a_walk_as_what_could_not_be_read() -> None:
    _, last = contain(broken(ValueError("x")), lambda why: Unreadable("a", "a", why))
    assert isinstance(last, Unreadable)
    assert (last.fault, "ValueError('x')" in last.error) == (True, True)
    with pytest.raises(SealockError, match="its own"):
        list(contain(broken(SealockError("its own")), lambda why: Unreadable("a", "a", why)))
