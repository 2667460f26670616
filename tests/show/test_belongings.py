"""What demonstrations left is found by its label and its name, and removed; nothing else is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.show import belongings
from sealock.show.belongings import (
    clean,
    directories,
    is_locked,
    leftover_runs,
    listed,
    lock,
    remove,
    remove_directories,
    run_of,
)

KINDS = ("ps", "network", "volume", "images")
REMOVES = {
    ("rm", "--force", "--volumes"): "ps",
    ("network", "rm"): "network",
    ("volume", "rm"): "volume",
    ("rmi", "--force"): "images",
}


class ScriptedClient:
    """A client of an engine that has these containers, networks, volumes and images."""

    def __init__(self, **held: list[str]) -> None:
        self.program, self.words = "docker", ("docker",)
        self.held = {kind: held.get(kind, []) for kind in KINDS}
        self.broken = ""
        self.stays = ""
        self.removed: list[tuple[str, ...]] = []

    def ask(self, words: tuple[str, ...]) -> Any:
        assert words[0] == "docker"
        assert {"label=x", "label=sealock.show", "label=sealock.show=1", "label=sealock.show=2"}.intersection(words)
        kind = words[1]
        return SimpleNamespace(status=int(kind == self.broken), output="\n".join(self.held[kind]))

    def run(self, words: tuple[str, ...]) -> None:
        self.removed.append(words)
        names = [name for name in words if name.startswith(("show-", "localhost/", "sealock-show"))]
        kind = REMOVES[words[1 : len(words) - len(names)]]
        self.held[kind] = [name for name in self.held[kind] if name not in names or name == self.stays]


def everything() -> ScriptedClient:
    return ScriptedClient(
        ps=["show-1-a", "show-1-b", "web"], network=["show-1-net", "bridge"], volume=["sealock-show-1", "data"],
        images=["localhost/sealock-show:1", "nginx:1"],
    )  # fmt: skip


def test_only_what_has_a_name_of_demonstrations_is_listed() -> None:
    client: Any = everything()
    assert list(listed(client, "x")) == [
        (0, "show-1-a"), (0, "show-1-b"), (1, "show-1-net"), (2, "sealock-show-1"), (3, "localhost/sealock-show:1"),
    ]  # fmt: skip
    client.broken = "network"
    assert [kind for kind, _ in listed(client, "x")] == [0, 0, 2, 3]


@pytest.mark.parametrize("images", [True, False])
def test_each_kind_is_removed_by_its_command(images: bool) -> None:  # noqa: FBT001
    client: Any = everything()
    assert remove(client, "x", images=images) == ([] if images else ["localhost/sealock-show:1"])
    assert client.held["ps"] == ["web"]
    assert (client.held["network"], client.held["volume"]) == (["bridge"], ["data"])
    assert len(client.removed) == (4 if images else 3)
    assert client.removed[0][-2:] == ("show-1-a", "show-1-b")


def test_what_is_left_is_named() -> None:
    client: Any = everything()
    client.stays = "show-1-net"
    assert remove(client, "x") == ["show-1-net"]
    assert remove(ScriptedClient(ps=["web"]), "x") == []  # type: ignore[arg-type]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(belongings, "SHARED_MEMORY", str(tmp_path / "shm"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_runs_that_ended_are_left_over(places: Path) -> None:
    for name in ("ended", "runs"):
        for directory in directories(name):
            directory.mkdir()
    (places / "shm" / "sealock-show-shared").mkdir()
    (places / "sealock-show-no-run").mkdir()
    descriptor = lock(directories("runs")[0])
    assert descriptor is not None
    assert lock(directories("runs")[0]) is None
    client: Any = ScriptedClient(ps=["show-engine-a"], images=["localhost/sealock-show:image"])
    try:
        assert leftover_runs(client) == ["ended", "engine", "image", "shared"]
    finally:
        os.close(descriptor)
    assert "runs" in leftover_runs(client)


def test_a_lock_is_of_a_directory(places: Path) -> None:
    (places / "file").touch()
    (places / "directory").mkdir()
    (places / "link").symlink_to("directory")
    descriptor = lock(places / "directory")
    assert descriptor is not None
    assert [is_locked(places / name) for name in ("directory", "file", "link", "gone")] == [True, False, False, False]
    os.close(descriptor)
    assert not is_locked(places / "directory")


def test_a_directory_that_cannot_be_locked_counts_as_in_use(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError

    (places / "directory").mkdir()
    monkeypatch.setattr(belongings, "lock", refused)
    assert is_locked(places / "directory")


def test_what_ended_runs_left_is_removed_and_the_rest_is_named(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for directory in (*directories("1"), directories("2")[0]):
        directory.mkdir()
    client: Any = ScriptedClient(ps=["show-1-a", "show-1-b"], network=["show-2-net"])
    client.stays = "show-1-b"
    remove_ = belongings.remove_directories
    monkeypatch.setattr(belongings, "remove_directories", lambda run: remove_(run) if run == "2" else None)
    assert clean(client) == (["1", "2"], ["show-1-b", *map(str, directories("1")), "show-1-b"])
    assert not directories("2")[0].exists()
    assert clean(ScriptedClient())[1] == [str(path) for path in directories("1")]  # type: ignore[arg-type]
    assert places.is_dir()


def test_directories_are_removed_and_links_stay(places: Path) -> None:
    own, shared = directories("a")
    own.mkdir()
    (own / "inside").write_text("x")
    (places / "elsewhere").mkdir()
    shared.symlink_to(places / "elsewhere")
    remove_directories("a")
    assert not own.exists()
    assert shared.is_symlink()
    remove_directories("gone")


@pytest.mark.parametrize(
    ("name", "run"),
    [("show-1f-web", "1f"), ("show-1f", "1f"), ("localhost/sealock-show:1f", "1f"), ("x:1f-base", "1f")],
)
def test_a_name_says_its_run(name: str, run: str) -> None:
    assert run_of(name) == run
