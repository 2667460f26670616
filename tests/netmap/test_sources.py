"""A map of what an engine says: the ports that it opened, and answers that are not as engines answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from sealock.errors import EngineError, TargetError
from sealock.model.container import Port
from sealock.netmap.sources import of_engine, of_manifests
from support.simulators.engine import EngineSimulator, Reply, missing, simulated

RUNS = {"Status": "running", "Running": True, "Pid": 0}
ASKED = {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        yield one


def networks(ports: object) -> dict[str, Any]:
    return {"NetworkSettings": {"Networks": {"bridge": {}}, "Ports": ports}}


BOTH = [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}]


@pytest.mark.parametrize(
    ("state", "ports", "published", "unpublished"),
    [
        (RUNS, {"80/tcp": BOTH}, (Port("80", "8080"),), ()),
        (RUNS, {"80/tcp": BOTH[:1]}, (Port("80", "8080", "0.0.0.0"),), ()),
        (RUNS, {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}], "81/udp": None}, (Port("80", "49153", "127.0.0.1"),), ()),
        (RUNS, {"80/tcp": None}, (), (Port("80", "8080"),)),
        (RUNS, {}, (), (Port("80", "8080"),)),
        (RUNS, None, (Port("80", "8080"),), ()),
        ({}, {}, (Port("80", "8080"),), ()),
    ],
)  # fmt: skip
def test_the_ports_are_those_that_the_engine_opened(
    engine: EngineSimulator,
    state: dict[str, object],
    ports: object,
    published: tuple[Port, ...],
    unpublished: tuple[Port, ...],
) -> None:
    engine.container("web", host=ASKED, state=state, **networks(ports))
    network_map, _ = of_engine(engine.where)
    (one,) = network_map.nodes
    assert (one.published, one.unpublished) == (published, unpublished)


@pytest.mark.parametrize(
    ("state", "running"),
    [
        (RUNS, True),
        (RUNS | {"Status": "paused", "Paused": True}, True),
        (RUNS | {"Status": "restarting", "Restarting": True}, True),
        ({"Status": "exited", "Running": False}, False),
        ({"Status": "dead", "Running": False, "Dead": True}, False),
    ],
)
def test_a_paused_container_is_reached_as_one_that_runs(
    engine: EngineSimulator,
    state: dict[str, object],
    running: bool,  # noqa: FBT001  a column
) -> None:
    engine.container("web", host=ASKED, state=state, **networks({"80/tcp": BOTH}))
    network_map, _ = of_engine(engine.where)
    assert [node.running for node in network_map.nodes] == [running]
    assert any(edge.target == "web" for edge in network_map.edges) is running


@pytest.mark.parametrize("ports", [5, [], {"80/tcp": 7}, {"80/tcp": [{"HostPort": 80}]}, {"80/tcp": ["x"]}])
def test_what_no_engine_says_is_reported_and_no_map_is_made(
    engine: EngineSimulator, ports: object, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.container("web", state=RUNS, **networks(ports))
    assert main(["map", "--engine", engine.where]) == 2
    said = capsys.readouterr()
    assert "description of container web could not be decoded" in said.err
    assert not said.out


def _removed(gone: str, path: str, _: object) -> Reply | None:
    return missing("x") if path.endswith(gone) else None


def test_one_that_is_removed_meanwhile_is_left_out_and_one_that_is_refused_is_not(engine: EngineSimulator) -> None:
    for name in ("web", "api"):
        engine.container(name, state=RUNS, **networks({}))
    first, second = engine.containers
    for gone, left in ((second, "web"), (first, "api")):
        engine.answers = partial(_removed, f"/containers/{gone}/json")
        assert [node.name for node in of_engine(engine.where)[0].nodes] == [left]
    refused = Reply(500, b'{"message": "no such driver"}')
    engine.answers = lambda path, _: refused if path.endswith(f"/containers/{first}/json") else None
    with pytest.raises(EngineError, match="no such driver"):
        of_engine(engine.where)


@pytest.mark.parametrize(("faults", "shown"), [(0, 0), (1, 1), (3, 3), (4, 3)])
def test_manifests_without_a_pod_are_no_map_and_the_first_faults_say_why(
    tmp_path: Path, faults: int, shown: int
) -> None:
    made = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: %s}]}\n---\n"
    path = tmp_path / "p.yaml"
    path.write_text(made % 80 + (made % "x") * faults)
    with pytest.raises(TargetError, match="declares no pod of Kubernetes") as error:
        of_manifests(str(path))
    assert str(error.value).count("must be a whole number") == shown
    assert str(error.value).count("--render") == 1
    with pytest.raises(TargetError) as error:
        of_manifests(str(path), rendered=True)
    assert "--render" not in str(error.value)
