"""A container of a simulated engine as an image: odd, damaged and hostile answers give errors, and never a wrong image."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import SealockError
from sealock.image.entry import DEFAULT_BOUNDS
from sealock.image.fromcontainer import (
    _configuration,
    image_id,
    image_reference,
    list_changes,
    open_container,
    read_changes,
)
from sealock.image.layers import LayerContext
from sealock.model.imagediff import PathChange
from sealock.runtime.engine import connect
from support.madeimages import docker_save, info, tar, write
from support.simulators.engine import IMAGE, EngineSimulator, Reply, json_reply, simulated

BASE = tar(info("etc/os-release", b"ID=debian\n"), info("etc/old", b"old"), info("bin/tool", b"one"))
EXPORT = tar(info("etc/os-release", b"ID=debian\n"), info("bin/tool", b"two"), info("srv/.wh.new", b"new"))
CHANGES: list[dict[str, Any]] = [
    {"Path": "/etc", "Kind": 0}, {"Path": "/etc/old", "Kind": 2}, {"Path": "/bin/tool", "Kind": 0},
    {"Path": "/srv", "Kind": 1}, {"Path": "/srv/.wh.new", "Kind": 1},
]  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        one.container("web")
        saved = Path(write(tmp_path / "saved.tar", docker_save(BASE))).read_bytes()
        one.images[IMAGE] = {"Id": IMAGE, "Os": "linux", "Architecture": "amd64", "RepoTags": ["base:latest"]}
        one.saved[IMAGE] = saved
        answer(one)
        yield one


def answer(one: EngineSimulator, changes: object = CHANGES, exported: Reply | None = None) -> None:
    def reply(path: str, _query: object) -> Reply | None:
        if path.endswith("/changes"):
            return changes if isinstance(changes, Reply) else json_reply(changes)
        if path.endswith("/export"):
            return exported or Reply(200, EXPORT, "application/x-tar")
        return None

    one.answers = reply


def opened(one: EngineSimulator, name: str = "web", changed: Sequence[PathChange] | None = None) -> Any:
    with connect(one.where) as connected:
        return open_container(connected, name, LayerContext(name, DEFAULT_BOUNDS, None), changed=changed)


def test_what_changed_is_one_more_layer(engine: EngineSimulator) -> None:
    image = opened(engine)
    *below, top = image.layers
    assert len(below) == 1
    assert top.layer.created_by == "changed by the container web"
    entries = [(entry.path, entry.kind, entry.read(9)) for entry in top.entries()]
    assert entries == [
        ("bin/tool", "file", b"two"), ("srv/.wh.new", "file", b"new"), ("etc/old", "whiteout", b""),
    ]  # fmt: skip
    assert json.loads(image.config)["config"]["Env"] == ["A=1"]


def test_without_additions_nothing_is_exported(engine: EngineSimulator) -> None:
    for changes in (None, [], [{"Path": "/etc/old", "Kind": 2}]):
        answer(engine, changes)
        opened(engine)
    assert not any(path.endswith("/export") for path in engine.asked)


def test_the_engine_is_not_asked_again_for_known_changes(engine: EngineSimulator) -> None:
    with connect(engine.where) as connected:
        changed = list_changes(connected, "web")
    asked = len(engine.asked)
    image = opened(engine, changed=changed)
    assert [entry.path for entry in image.layers[-1].entries()] == ["bin/tool", "srv/.wh.new", "etc/old"]
    assert len(opened(engine, changed=()).layers[-1].errors) == 0
    assert not any(path.endswith("/changes") for path in engine.asked[asked:])


def test_directories_in_which_only_something_else_changed_are_left_out(engine: EngineSimulator) -> None:
    with connect(engine.where) as connected:
        assert read_changes(connected, "web") == (
            PathChange("/bin/tool", "changed"), PathChange("/etc/old", "removed"),
            PathChange("/srv", "added"), PathChange("/srv/.wh.new", "added"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "does not answer like an engine", id="no list"),
        pytest.param([{"Path": "/a", "Kind": 7}], "does not answer like an engine", id="an unknown kind"),
        pytest.param([{"Kind": 1}], "does not answer like an engine", id="no path"),
        pytest.param(Reply(200, b"[" * 100_000), "does not answer like an engine", id="deeply nested"),
        pytest.param(Reply(500, b'{"message":"no\\u001b[31m"}'), "500", id="a refusal"),
    ],
)
def test_a_list_of_changes_that_is_none_is_an_error(engine: EngineSimulator, changes: object, words: str) -> None:
    answer(engine, changes)
    with pytest.raises(SealockError, match=words):
        opened(engine)


@pytest.mark.parametrize(
    "exported",
    [
        pytest.param(Reply(200, EXPORT[:700], "application/x-tar"), id="cut in a file"),
        pytest.param(Reply(200, b"\xff" * 5000, "application/x-tar"), id="no archive"),
        pytest.param(Reply(200, b"", "application/x-tar"), id="nothing"),
    ],
)
def test_an_export_that_breaks_off_is_an_error(engine: EngineSimulator, exported: Reply) -> None:
    answer(engine, exported=exported)
    with pytest.raises(SealockError, match="broke off the export of the container web"):
        opened(engine)


def test_an_export_with_damage_inside_is_an_error_of_the_layer(engine: EngineSimulator) -> None:
    answer(engine, exported=Reply(200, EXPORT[:1024] + b"\xff" * 512 + bytes(1024)))
    top = opened(engine).layers[-1]
    list(top.entries())
    assert top.errors


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("ghcr.io/acme/app:1", "ghcr.io/acme/app:1"),
        (f"ghcr.io/acme/app:1@{IMAGE}", "ghcr.io/acme/app:1"),
        (f"ghcr.io/acme/app@{IMAGE}", None),
        (IMAGE, None),
        ("", None),
        ("\x1b[31m", None),
    ],
)
def test_the_tag_that_a_container_was_started_from(engine: EngineSimulator, text: str, result: str | None) -> None:
    (container,) = engine.containers.values()
    container["Config"]["Image"] = text
    with connect(engine.where) as connected:
        if result is None:
            with pytest.raises(SealockError, match="has no tag: name the image"):
                image_reference(connected, "web")
        else:
            assert image_reference(connected, "web") == result


DESCRIBED: dict[str, tuple[Reply, str]] = {
    "a container that is not there": (json_reply({"message": "No such container"}, 404), r"has no container 'web' \(`docker ps -a` lists them\)"),
    "a refusal": (json_reply({"message": "no"}, 500), "500"),
    "no JSON": (Reply(200, b"{"), "describes the container 'web' in an unexpected form"),
    "another form": (json_reply({"Id": 5}), "describes the container 'web' in an unexpected form"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "words"), DESCRIBED.values(), ids=DESCRIBED)
def test_a_container_that_is_not_described_is_an_error(engine: EngineSimulator, reply: Reply, words: str) -> None:
    engine.answers = lambda path, _query: reply if path.endswith("/containers/web/json") else None
    with connect(engine.where) as connected, pytest.raises(SealockError, match=words):
        image_id(connected, "web")


def test_the_image_of_a_container_is_known_by_its_id(engine: EngineSimulator) -> None:
    with connect(engine.where) as connected:
        assert image_id(connected, "web") == IMAGE


def test_a_configuration_that_cannot_be_read_is_the_container_s_alone() -> None:
    for raw in (b"{", b"[]", b"5"):
        assert json.loads(_configuration(raw, {"User": "1"})) == {"config": {"User": "1"}}
    assert json.loads(_configuration(b'{"os": "linux", "config": {}}', {"User": "1"})) == {
        "os": "linux",
        "config": {"User": "1"},
    }
