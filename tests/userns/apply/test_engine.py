"""What an engine has and how it was started, from its answers and from /proc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.runtime.engine import Engine
from sealock.runtime.engine.endpoint import EngineEndpoint
from sealock.userns.apply import survey
from sealock.userns.apply.engine import EngineFacts, engine_facts
from sealock.userns.plan import Bind, EngineImage, EngineVolume
from support.scriptedengine import ScriptedEngine, answer, scripted

INFO = {
    "Driver": "overlay2", "DockerRootDir": "/var/lib/docker/", "KernelVersion": "6.18.0", "LiveRestoreEnabled": True,
    "SecurityOptions": ["name=seccomp,profile=builtin"], "Swarm": {"LocalNodeState": "inactive"},
}  # fmt: skip
VERSION = {"Components": [{"Name": "Engine", "Version": "29.1.0"}]}
IMAGES = [
    {"Id": "sha256:" + "1" * 64, "RepoTags": ["<none>:<none>", "web:1"], "RepoDigests": ["web@sha256:x"], "Size": 7},
    {"Id": "sha256:" + "2" * 64, "RepoTags": [], "RepoDigests": ["<none>@<none>"], "Size": 8},
    {"Id": "sha256:" + "3" * 64, "RepoTags": None, "RepoDigests": ["db@sha256:y"]},
]
CONTAINERS = [
    {"Id": "a" * 64, "Names": ["/web"], "State": "running"},
    {"Id": "b" * 64, "Names": ["/db"], "State": "exited"},
]
MOUNTS = [
    {"Type": "bind", "Source": "/srv/", "Destination": "/a", "RW": False}, {"Type": "bind", "Source": "/", "Destination": "/b", "RW": True},
    {"Type": "volume", "Source": "/var/lib/docker/volumes/v/_data", "Destination": "/c"}, {"Type": "bind", "Source": "C:\\x", "Destination": "/d"},
]  # fmt: skip
VOLUMES = {
    "Volumes": [
        {"Name": "data", "Driver": "local", "Mountpoint": "/v/data", "Options": None}, {"Name": "far", "Driver": "nfs", "Mountpoint": "", "Options": {"o": "x"}},
        {"Name": "", "Driver": "local"}, {"Name": "plain"},
    ]
}  # fmt: skip
NETWORKS = [{"Name": name, "Id": name} for name in ("bridge", "front", "host", "none", "back")]
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max core file size        0                    {core}            bytes
Max open files            1024                 {files}              files
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ScriptedEngine]:
    with scripted(tmp_path / "docker.sock") as made:
        made.replies |= {
            "GET /info": answer(INFO), "GET /version": answer(VERSION), "GET /images/json": answer(IMAGES), "GET /volumes": answer(VOLUMES),
            "GET /containers/json": answer(CONTAINERS), "GET /networks": answer(NETWORKS),
            f"GET /containers/{'a' * 64}/json": answer({"Id": "a" * 64, "Name": "/web", "Config": {"Image": "web:1"}, "HostConfig": {"Privileged": True}, "Mounts": MOUNTS}),
        }  # fmt: skip
        yield made


def machine(tmp_path: Path, *processes: tuple[int, str, str, str, str]) -> Path:
    """A root with processes: number, name, words, hard limit of core files and of open files."""
    for number, name, words, core, files in processes:
        place = tmp_path / "root/proc" / str(number)
        place.mkdir(parents=True)
        (place / "comm").write_text(f"{name}\n")
        (place / "cmdline").write_text(words.replace(" ", "\0") + "\0")
        (place / "limits").write_text(LIMITS.format(core=core, files=files))
    (tmp_path / "root/proc/net").mkdir(parents=True)
    return tmp_path / "root"


def facts(engine: ScriptedEngine, root: Path) -> EngineFacts:
    with Engine(EngineEndpoint("unix", path=str(engine.path))) as made:
        return engine_facts(made, str(root))


def test_what_an_engine_has(engine: ScriptedEngine, tmp_path: Path) -> None:
    """The second container is removed meanwhile."""
    made = facts(engine, machine(tmp_path))
    values: dict[str, Any] = made.values
    ((web,),) = (values.pop("containers"),)
    assert (web.name, web.running, web.id, web.container.privileged) == ("web", True, "a" * 64, True)
    assert (made.kernel, made.settings) == ("6.18.0", "")
    assert values == {
        "engine": True, "away": "", "podman": False, "remapped": False, "rootless": False, "storage": "overlay2",
        "containerd_store": False, "data_root": "/var/lib/docker", "live_restore": True, "swarm": False, "version": "29.1.0",
        "images": (EngineImage("web:1", 7, True), EngineImage("sha256:222222222222", 8, False), EngineImage("db@sha256:y", 0, True)),
        "volumes": (EngineVolume("data", "local", "/v/data", True), EngineVolume("far", "nfs", "", False), EngineVolume("plain", "local", "", True)),
        "networks": ("back", "front"),
        "binds": (Bind("web", "/srv", "/a", True), Bind("web", "/", "/b", False)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ({"SecurityOptions": ["name=userns"]}, {"remapped": True}),
        ({"SecurityOptions": ["name=rootless"]}, {"rootless": True}),
        ({"SecurityOptions": None, "Swarm": None}, {"rootless": False, "remapped": False, "swarm": False}),
        ({"Swarm": {"LocalNodeState": "active"}}, {"swarm": True}),
        ({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, {"containerd_store": True}),
        ({"DockerRootDir": "/data"}, {"data_root": "/data"}),
        ({"LiveRestoreEnabled": False, "Driver": "btrfs"}, {"live_restore": False, "storage": "btrfs"}),
    ],
)
def test_what_an_engine_says_of_itself(
    engine: ScriptedEngine, tmp_path: Path, more: dict[str, Any], values: dict[str, Any]
) -> None:
    engine.replies["GET /info"] = answer(INFO | more)
    made = facts(engine, machine(tmp_path)).values
    assert {name: made[name] for name in values} == values


STARTED = "/usr/bin/dockerd --userns-remap default --config-file /etc/docker/own.json"


@pytest.mark.parametrize(
    ("processes", "settings", "values"),
    [
        pytest.param([], "", {}, id="no engine"),
        pytest.param([(1, "systemd", "/sbin/init", "1", "1")], "", {}, id="other processes"),
        pytest.param([(7, "dockerd", STARTED, "unlimited", "500")], "etc/docker/own.json", {"flag": "default", "limits": {"core": -1, "nofile": 500}}, id="an engine"),
        pytest.param([(7, "dockerd", "/usr/bin/dockerd", "3", "500")], "etc/docker/daemon.json", {"flag": "", "limits": {"core": 3, "nofile": 500}}, id="without options"),
        pytest.param(
            [(7, "dockerd", STARTED, "unlimited", "500"), (5, "containerd", "containerd", "9", "400"), (9, "other", "x", "1", "1")],
            "etc/docker/own.json", {"flag": "default", "limits": {"core": 9, "nofile": 400}}, id="the lower limit of two",
        ),
        pytest.param(
            [(7, "dockerd", STARTED, "9", "400"), (8, "containerd", "containerd", "unlimited", "500")],
            "etc/docker/own.json", {"flag": "default", "limits": {"core": 9, "nofile": 400}}, id="in any order",
        ),
    ],
)  # fmt: skip
def test_how_an_engine_was_started(
    engine: ScriptedEngine,
    tmp_path: Path,
    processes: list[tuple[int, str, str, str, str]],
    settings: str,
    values: dict[str, Any],
) -> None:
    made = facts(engine, machine(tmp_path, *processes))
    assert made.settings == settings
    assert {name: made.values[name] for name in ("flag", "limits") if name in made.values} == values


@pytest.mark.parametrize(
    ("data", "kernel", "closed", "away"),
    [
        pytest.param("/data/docker", "6.18.0", ("/data",), "", id="a directory above the data that others cannot enter"),
        pytest.param("/open/docker", "6.18.0", (), "", id="one that others can enter"),
        pytest.param("/gone/docker", "6.18.0", (), "", id="one that is not there"),
        pytest.param("/data/docker", "5.10.1", (), "in a virtual machine, Linux 6.18.0", id="an engine with a kernel of its own"),
    ],
)  # fmt: skip
def test_where_an_engine_keeps_its_data(  # noqa: PLR0917  a row has as many facts
    engine: ScriptedEngine, tmp_path: Path, data: str, kernel: str, closed: tuple[str, ...], away: str
) -> None:
    root = machine(tmp_path)
    for name, mode in (("data", 0o700), ("open", 0o711)):
        (root / name / "docker").mkdir(parents=True)
        (root / name).chmod(mode)
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(f"{kernel}\n")
    engine.replies["GET /info"] = answer(INFO | {"DockerRootDir": data})
    with Engine(EngineEndpoint("unix", path=str(engine.path))) as made:
        held = survey(made, str(root))
    assert (held.closed, held.away, held.data_root) == (closed, away, data)
    assert (held.free is None) == (data.startswith("/gone") or bool(away))
