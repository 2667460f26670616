"""What remapping made of a machine: how its containers are mapped, and how what they made gets back."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.runtime.engine import Engine, connect
from sealock.userns.apply import meanwhile
from sealock.userns.apply.meanwhile import Return, directories, mounted, volumes
from sealock.userns.apply.record import ChangeRecord, HandedDirectory
from sealock.userns.apply.verification import RemappingStatus, verify
from sealock.userns.plan.facts import Owned
from sealock.userns.plan.ranges import COUNT, SubordinateRange
from support.recordedtree import Recorded
from support.simulators.engine import json_reply, missing, simulated

MAPPED = "0 100000 65536\n"
INFO = {"SecurityOptions": ["name=userns"], "DockerRootDir": "/data/100000.100000"}


def test_containers_are_mapped_as_the_kernel_shows_it(tmp_path: Path) -> None:
    made = Recorded(tmp_path / "machine")
    (tmp_path / "engine").mkdir()
    with simulated(tmp_path / "engine") as simulator:
        ids = []
        for pid, (name, state, host) in enumerate((
            ("mapped", {}, {}), ("again", {}, {}), ("host", {}, {"UsernsMode": "host"}), ("plain", {}, {}), ("gone", {}, {}),
            ("other", {}, {}), ("without-root", {}, {}), ("no-pid", {"Pid": 0}, {}),
        ), 7):  # fmt: skip
            ids.append(
                simulator.container(name, host=host, state={"Status": "running", "Running": True, "Pid": pid} | state)
            )
        simulator.container("ended")
        removed = [
            simulator.container("removed", state={"Status": "running", "Running": True, "Pid": 40}) for _ in "ab"
        ]
        for pid, (identity, uids) in enumerate(((ids[0], MAPPED), (ids[1], "1000 5 1\n0 200000 65536\n"), (ids[2], "0 0 4294967295\n"), (ids[3], "0 0 4294967295\n")), 7):  # fmt: skip
            made.process(pid, cgroup=f"0::/system.slice/docker-{identity}.scope\n", uid_map=uids)
        made.process(12, cgroup=f"0::/system.slice/docker-{ids[0]}.scope\n", uid_map=MAPPED)
        made.process(13, cgroup=f"0::/system.slice/docker-{ids[6]}.scope\n", uid_map="5 100000 1\n")
        simulator.answers = lambda path, _query: (
            json_reply(INFO)
            if path.endswith("/info")
            else missing("removed")
            if any(f"/{each}/" in path for each in removed)
            else None
        )
        # The first of the list, whose answers come first.
        simulator.containers = {each: simulator.containers[each] for each in (*removed, *simulator.containers)}
        with connect(simulator.where) as engine:
            status = verify(engine, str(made.folder))
    # Answers come in any order.
    status = replace(
        status, mapped=tuple(sorted(status.mapped, key=lambda pair: pair[1])), unknown=tuple(sorted(status.unknown))
    )
    assert status == RemappingStatus(
        on=True,
        data_root="/data/100000.100000",
        mapped=(("mapped", 100000), ("again", 200000)),
        opted_out=("host",),
        unmapped=("plain",),
        unknown=("gone", "other", "without-root"),
    )
    assert list(status.lines()) == [
        "The engine remaps users.",
        "Its data is in /data/100000.100000.",
        "  mapped: its root is uid 100000 on the host",
        "  again: its root is uid 200000 on the host",
        "  host: its root is root on the host (--userns=host)",
        "  plain: its root is root on the host",
        *(f"  {name}: unknown (run sealock as root, on the engine's machine)" for name in ("gone", "other", "without-root")),
    ]  # fmt: skip
    assert list(RemappingStatus(on=False, unmapped=("a\x1bb",)).lines()) == [
        "The engine does not remap users.", "  a\\eb: its root is root on the host",
    ]  # fmt: skip


def test_an_engine_elsewhere_is_verified_there() -> None:
    engine = cast("Engine", SimpleNamespace(endpoint=SimpleNamespace(kind="tcp")))
    with pytest.raises(TargetError, match="runs on another machine: run sealock there"):
        verify(engine)


RANGE = SubordinateRange("dockremap", 100000, COUNT)
RECORD = ChangeRecord(
    when="20261125T023000Z",
    user="dockremap",
    files=(),
    data_root="/data/100000.100000",
    handed=(HandedDirectory("/srv/a", ("back a",)), HandedDirectory("/srv/b", ("back b",)), HandedDirectory("/srv/c", ("back c",))),
    uids=(RANGE,),
    gids=(RANGE,),
)  # fmt: skip


def owned(path: str, *owners: tuple[int, int, int], **more: object) -> Owned:
    return replace(Owned(path=path, kind="directory", owners=owners, whole=True), **more)


def test_what_was_handed_over_goes_back_where_containers_used_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = {
        "/root/srv/a": owned("/srv/a", (100033, 100033, 5), (0, 0, 2), (100999, 0, 1)),
        "/root/srv/b": owned("/srv/b", (1000, 1000, 9)),
        "/root/srv/c": owned("/srv/c", (0, 0, 1), whole=False, setuid=("/srv/c/su",)),
    }
    asked: list[tuple[int, str]] = []

    def look(path: str, most: int, *, reported: str) -> Owned:
        asked.append((most, reported))
        return trees[path]

    monkeypatch.setattr(meanwhile, "owners", look)
    made = list(directories(RECORD, "/root"))
    assert asked == [(200_000, "/srv/a"), (200_000, "/srv/b"), (200_000, "/srv/c")]
    assert [(each.name, each.what, each.commands) for each in made] == [
        ("/srv/a", "files of 33 (5), 999 (1)", ("back a",)),
        ("/srv/b", "no files with shifted ids", ()),
        ("/srv/c", "no files with shifted ids", ("back c",)),
    ]
    assert [each.notes for each in made[:2]] == [(), ()]
    assert made[2].notes[-1] == "not everything in it could be looked at; the commands shift whatever they meet"
    assert "/srv/c/su" in made[2].notes[0]


def test_what_containers_mount_since_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binds = {
        "one": ("/srv/new", "/srv/new/below", "/srv/plain", "/srv/a", "/srv/a/below", "/srv/gone", "/etc", "/data"),
        "two": ("/proc", "/srv/../srv/new/", "relative", "", "/srv/part"),
    }
    for name, sources in binds.items():
        points = {f"/m{at}": {"Type": "bind", "Source": source} for at, source in enumerate(sources)}
        points["/v"] = {"Type": "volume", "Source": "/srv/volume"}
        path = tmp_path / "data/100000.100000/containers" / name / "config.v2.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"MountPoints": points}))
    for name, text in (("none", ""), ("odd", "[]"), ("null", '{"MountPoints": {"/a": null, "/b": {"Type": "bind"}}}')):
        path = tmp_path / "data/100000.100000/containers" / name / "config.v2.json"
        path.parent.mkdir()
        path.write_text(text)
    (tmp_path / "data/100000.100000/containers/0-without").mkdir()
    trees = {
        "/srv/new": owned("/srv/new", (100033, 100033, 5), (0, 0, 2), setuid=("/srv/new/su",)),
        "/srv/part": owned("/srv/part", (100000, 100000, 1), whole=False),
        "/srv/plain": owned("/srv/plain", (1000, 1000, 9)),
        "/srv/gone": owned("/srv/gone", kind="missing", whole=False),
        "/etc": owned("/etc", (100000, 100000, 1)),
        "/data": owned("/data", (100000, 100000, 3)),
    }
    monkeypatch.setattr(meanwhile, "owners", lambda _path, _most, *, reported: trees[reported])
    made = list(mounted(RECORD, str(tmp_path)))
    assert [(each.name, each.what, len(each.commands), len(each.notes)) for each in made] == [
        ("/data", "files of 0 (3)", 0, 1),
        ("/etc", "files of 0 (1)", 0, 1),
        ("/srv/new", "files of 33 (5)", 2, 1),
        ("/srv/part", "files of 0 (1)", 2, 1),
    ]
    assert made[2].commands[0].startswith("find /srv/new -xdev -uid +99999 -uid -165536 ")
    assert list(mounted(replace(RECORD, data_root="/gone"), str(tmp_path))) == []


def test_volumes_that_came_meanwhile_are_copied_back(tmp_path: Path) -> None:
    base = tmp_path / "data/100000.100000/volumes"
    for name in ("kept", "new one", "empty", "elsewhere"):
        (base / name / "_data").mkdir(parents=True)
    for name in ("kept", "new one"):
        (base / name / "_data/x").write_text("")
    (base / "kept/_data/y").write_text("")
    (base / "elsewhere/opts.json").write_text("{}")
    (base / "metadata.db").write_text("")
    (tmp_path / "data/volumes/kept/_data").mkdir(parents=True)
    made = list(volumes(RECORD, str(tmp_path)))
    assert [(each.name, each.what, each.commands[:1]) for each in made] == [
        ("elsewhere", "a volume with options: its data is where these say, and keeps its shifted owners", ()),
        ("kept", "2 entries", ("cp -a /data/100000.100000/volumes/kept/_data/. /data/volumes/kept/_data/",)),
        ("new one", "1 entry", ("docker volume create 'new one' && cp -a '/data/100000.100000/volumes/new one/_data'/. '/data/volumes/new one/_data'/",)),
    ]  # fmt: skip
    assert all("/data/volumes/kept/_data" in command for command in made[1].commands[1:])
    assert len(made[1].commands) > 1
    assert list(volumes(replace(RECORD, data_root="/gone"), str(tmp_path))) == []


def test_no_more_volumes_are_shown_than_people_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meanwhile, "_MOST", 2)
    for name in "abc":
        (tmp_path / f"data/100000.100000/volumes/{name}/_data/x").mkdir(parents=True)
    made = list(volumes(RECORD, str(tmp_path)))
    assert [each.name for each in made] == ["a", "b", "/data/100000.100000/volumes"]
    assert made[-1] == Return("/data/100000.100000/volumes", "1 more volumes, which are not listed here")
    (tmp_path / "data/100000.100000/volumes/c/_data/x").rmdir()
    assert json.dumps([each.name for each in volumes(RECORD, str(tmp_path))]) == json.dumps([*"ab", made[-1].name])
