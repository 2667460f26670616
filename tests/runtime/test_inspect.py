"""What is inspected: a container of an engine, one without an engine, or a process; and why it cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.model.inspection import LimitAdvice
from sealock.model.process import Process
from sealock.runtime.containers import observe
from sealock.runtime.engine import connect
from sealock.runtime.inspect import _names, _update, inspect
from sealock.runtime.kernel import seccomp
from sealock.runtime.kernel.seccomp import blocked_calls
from support.simulators.engine import EngineSimulator, json_reply, simulated

ID = "f" * 64
"""The id of no container."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        one.container("web")
        yield one


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("", "container: names no container: inspect takes one container", id="no name"),
        pytest.param("*", "container:* names no container: inspect takes one container", id="all of them"),
        pytest.param("web", "container web is exited, so it has no effective view; `sealock check container:web` checks what it declares", id="a container that does not run"),
        pytest.param("api", "there is no container 'api' at ", id="no such container"),
    ],
)  # fmt: skip
def test_a_container_that_cannot_be_inspected(engine: EngineSimulator, name: str, why: str) -> None:
    with pytest.raises(TargetError) as raised:
        inspect("container", name, engine.where)
    assert why in str(raised.value)


def test_a_container_of_no_engine_is_sought_by_its_id(tmp_path: Path) -> None:
    where = f"unix://{tmp_path}/gone.sock"
    said = {}
    for name in ("web", ID):
        with pytest.raises(TargetError) as raised:
            inspect("container", name, where)
        said[name] = str(raised.value)
    assert f"{tmp_path}/gone.sock" in said["web"]
    assert said[ID].startswith(said["web"])
    assert ID[:12] in said[ID].removeprefix(said["web"])


PLACES = {
    "Containers": {"1" * 64: {"Name": "web"}, "2" * 64: {"Name": "db"}, "3" * 64: {"Name": "api"}, "4" * 64: {"Name": ""}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("network", "links", "names"),
    [
        pytest.param({"Name": "front", **PLACES}, [], [("front", ("444444444444", "api", "db"))], id="others on its network"),
        pytest.param({"Name": "front", "Containers": {"1" * 64: {"Name": "web"}}}, [], [("front", ())], id="nobody else"),
        pytest.param({"Name": "front"}, [], [("front", ())], id="a network that does not say"),
        pytest.param({}, [], [("front", ())], id="an odd answer"),
        pytest.param(None, [], [], id="a network that is gone"),
        pytest.param(None, ["/db:/web/database", "/db:/web/database", "/api:/web/api"], [("links", ("database", "api"))], id="its links"),
    ],
)  # fmt: skip
def test_names_that_resolve_in_a_container(
    engine: EngineSimulator,
    network: dict[str, object] | None,
    links: list[str],
    names: list[tuple[str, tuple[str, ...]]],
) -> None:
    engine.container(
        "linked", host={"Links": links or None, "NetworkMode": "front"}, NetworkSettings={"Networks": {"front": {}}}
    )
    engine.containers[next(reversed(engine.containers))]["Name"] = "/web"
    engine.containers.pop(next(iter(engine.containers)))
    engine.answers = lambda path, _query: (
        json_reply(network) if network is not None and path.endswith("/networks/front") else None
    )
    with connect(engine.where) as connected:
        (observed,) = observe(connected, ("web",))
        assert list(_names(connected, observed)) == names


@pytest.mark.parametrize("filters", [False, True])
def test_a_process_is_inspected(*, filters: bool) -> None:
    made = inspect("pid", str(os.getpid()), filters=filters)
    assert made.enforced.process.pid == os.getpid()
    assert (made.blocked is not None) == (filters and made.enforced.process.seccomp == 2)
    assert inspect("self", "").enforced.process.pid == os.getpid()
    with pytest.raises(TargetError):
        inspect("pid", "4194305")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(1, "Operation not permitted"), "the filter could not be read: Operation not permitted"),
        (ValueError("an odd answer"), "the filter could not be evaluated: an odd answer"),
    ],
)
def test_filters_that_cannot_be_read_are_unknown(error: Exception, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: int) -> list[bytes]:
        raise error

    monkeypatch.setattr(seccomp, "read_filters", refused)
    assert blocked_calls(1).unread == why


MEMORY, PIDS = LimitAdvice("--memory", "64m", "its peak"), LimitAdvice("--pids-limit", "32", "its peak")
FITS = LimitAdvice("--cpus", "", "the present limit fits")
WEB: Any = SimpleNamespace(listed=SimpleNamespace(name="my web"))


@pytest.mark.parametrize(
    ("process", "advice", "observed", "command"),
    [
        pytest.param(Process(pid=7, container_engine="docker"), (MEMORY, FITS, PIDS), WEB, "docker update --memory 64m --pids-limit 32 'my web'", id="all limits that do not fit, in one command"),
        pytest.param(Process(pid=7, container_id=ID, container_engine="podman"), (MEMORY,), None, f"podman update --memory 64m {ID[:12]}", id="podman, by the id"),
        pytest.param(Process(pid=7, container_id=ID), (MEMORY,), None, f"docker update --memory 64m {ID[:12]}", id="an engine that is not known"),
        pytest.param(Process(pid=7, container_engine="docker"), (FITS,), WEB, "", id="limits that fit already"),
        pytest.param(Process(pid=7, container_engine="docker"), (), WEB, "", id="no advice"),
        pytest.param(Process(pid=7, container_engine="docker"), (MEMORY,), None, "", id="no name"),
        pytest.param(Process(pid=7, container_id=ID, container_engine="containerd"), (MEMORY,), None, "", id="an engine without such a command"),
    ],
)  # fmt: skip
def test_the_command_that_sets_what_is_advised(
    process: Process, advice: tuple[LimitAdvice, ...], observed: Any, command: str
) -> None:
    assert _update(process, advice, observed) == command
