"""Compose files are looked up and merged as `docker compose` does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, Input, Unreadable
from sealock.targets.resolve import resolve, resolve_compose
from support.composeprojects import TREES, ProjectTree

BESIDE = {name: tree for name, tree in TREES.items() if "/" not in tree.loads[0]}
"""Those whose files are not named by the .env of another directory."""
PRIVILEGED = "services:\n  web:\n    privileged: true\n"
WEB = "services:\n  web:\n    image: nginx:1\n"


def read(input_: Input) -> Container:
    assert isinstance(input_, FileInput)
    document = formats.read(input_.kind, input_.source, input_.files, input_.more)
    assert not document.errors
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)
    return noun


def loaded(noun: Container) -> tuple[str, ...]:
    assert isinstance(noun.labels, tuple)
    return tuple(label.name for label in noun.labels)


def write(directory: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_walk_reads_what_compose_loads(tree: ProjectTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.write(tmp_path))
    nouns = [read(input_) for input_ in resolve(".", Options(dict(tree.environment)))]
    (noun,) = (noun for noun in nouns if set(loaded(noun)) == set(tree.loads))
    assert noun.hostname == f"h{tree.variable}" or not tree.variable
    # Whatever else there is was read by itself.
    others = {name for noun in nouns for name in loaded(noun)} - set(tree.loads)
    assert others == {name for name in tree.files if name not in tree.loads}


@pytest.mark.parametrize("tree", BESIDE.values(), ids=BESIDE)
def test_a_named_file_is_read_with_its_override(
    tree: ProjectTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.write(tmp_path))
    (input_,) = resolve(tree.loads[0], Options(dict(tree.environment)))
    assert set(loaded(read(input_))) == set(tree.loads)
    (lone,) = resolve(tree.loads[-1], Options()) if len(tree.loads) > 1 else (input_,)
    assert set(loaded(read(lone))) == {tree.loads[-1]}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_the_option_merges_no_override(tree: ProjectTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.write(tmp_path))
    assert loaded(read(resolve_compose((tree.loads[0],), Options(dict(tree.environment))))) == (tree.loads[0],)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param({"compose.override.yml": PRIVILEGED}, id="without a compose file"),
        pytest.param(
            {"compose.yaml": WEB, "docker-compose.yml": WEB, "compose.override.yml": WEB,
             "docker-compose.override.yml": PRIVILEGED},
            id="that is not the first one",
        ),
        pytest.param(
            {"compose.yaml": WEB, ".env": "COMPOSE_FILE=compose.yaml\n", "compose.override.yaml": PRIVILEGED},
            id="that COMPOSE_FILE leaves out",
        ),
        pytest.param(
            {".env": "COMPOSE_FILE=a/compose.yaml\n", "a/compose.yaml": WEB, "a/compose.override.yaml": PRIVILEGED},
            id="that another directory's COMPOSE_FILE leaves out",
        ),
    ],
)  # fmt: skip
def test_an_override_is_an_input_of_its_own(texts: dict[str, str], tmp_path: Path) -> None:
    inputs = [*resolve(str(write(tmp_path, texts)), Options())]
    assert [read(input_).privileged for input_ in inputs].count(True) == 1


def test_an_override_whose_base_the_walk_leaves_out_is_an_input_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": WEB, "docker-compose.override.yml": PRIVILEGED})
    write(tmp_path, {"sealock.toml": "exclude = ['compose.yaml']"})
    (input_,) = resolve(str(tmp_path), Options())
    assert input_.target.endswith("docker-compose.override.yml")
    (tmp_path / "compose.yaml").rename(tmp_path / "real.txt")
    (tmp_path / "compose.yaml").symlink_to("real.txt")
    assert any(
        isinstance(input_, FileInput) and input_.target.endswith("docker-compose.override.yml")
        for input_ in resolve(str(tmp_path), Options())
    )


@pytest.mark.parametrize(
    ("texts", "path", "why"),
    [
        pytest.param({".env": "COMPOSE_FILE=no.yml\n"}, "no.yml", "No such file", id="a listed file that is missing"),
        pytest.param({".env": "COMPOSE_FILE=\n"}, "", "directory", id="an empty list, which names the directory"),
        pytest.param({".env": "COMPOSE_FILE=../x.yml\n"}, "../x.yml", "--allow-outside", id="a listed file outside"),
        pytest.param(
            {"compose.yaml": WEB, "compose.override.yml": "\0"}, "compose.override.yml", "", id="an override of bytes"
        ),
    ],
)
def test_a_file_that_cannot_be_merged_is_an_error(texts: dict[str, str], path: str, why: str, tmp_path: Path) -> None:
    (unreadable,) = (
        input_ for input_ in resolve(str(write(tmp_path, texts)), Options()) if isinstance(input_, Unreadable)
    )
    assert Path(unreadable.target).resolve() == (tmp_path / path).resolve()
    assert why in unreadable.error


def test_a_directory_without_compose_files_names_the_one_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"compose.yml": WEB, "sub/x.txt": ""})
    monkeypatch.chdir(tmp_path)
    notes: list[str] = []
    assert list(resolve("sub", Options(note=notes.append))) == []
    assert "(`docker compose` loads compose.yml there)" in notes[0]
    (unreadable,) = resolve("sub", Options(require_targets=True))
    assert isinstance(unreadable, Unreadable)
    assert "(`docker compose` loads compose.yml there)" in unreadable.error
