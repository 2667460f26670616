"""The network map beside real connections, on an engine with real bridges and packet filters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from msgspec.structs import replace

from sealock.model.netmap import HOST, Map
from sealock.netmap import explain
from sealock.netmap.sources import of_engine
from sealock.netmap.verification import verify
from sealock.runtime.kernel.neighbours import neighbour_table
from sealock.runtime.kernel.tree import ProcTree
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.bridgedengine import bridged_engine
from support.realengine import Engine

pytestmark = pytest.mark.live

ICC_OFF = "com.docker.network.bridge.enable_icc=false"
RUN = [
    ("web", "--network front -p 8080:80"),
    ("api", "--network back"),
    ("db", "--network back -p 127.0.0.1:5432:80"),
    ("a1", "--network apart -p 8081:80"),
    ("a2", "--network apart"),
    ("d1", ""),
    ("d2", "--link d1:one"),
    ("lone", "--network none"),
    ("side", "--network container:web --entrypoint /bin/sleep web 600"),
    ("mon", "--network host --entrypoint /bin/httpd web -f -p 9999 -h /www"),
    ("near", "--network front -p 127.0.0.1:6543:80"),
    ("any", "--network front -p 80"),
    ("still", "--network none -p 6544:80"),
    ("inner", "--network front --entrypoint /bin/httpd web -f -p 127.0.0.1:7777 -h /www"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    with bridged_engine() as engine:
        image(engine)
        for words in (["front"], ["--internal", "back"], ["-o", ICC_OFF, "apart"]):
            assert engine.docker("network", "create", *words).returncode == 0
        for name, options in RUN:
            words = options.split()
            done = engine.docker("run", "-d", "--name", name, *words, *([] if "web" in words else ["web"]))
            assert done.returncode == 0, done.stderr
        assert engine.docker("network", "connect", "back", "web").returncode == 0
        yield engine


def image(engine: Engine) -> None:
    """A web server and nothing else."""
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for name in ("sh", "httpd", "sleep", "wget"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        page = tarfile.TarInfo("www/index.html")
        page.size = 3
        archive.addfile(page, BytesIO(b"hi\n"))
    command = 'CMD ["/bin/httpd", "-f", "-p", "80", "-h", "/www"]'
    done = engine.docker("import", "-c", command, "-", "web", data=made.getvalue())
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def network_map(running: Engine) -> tuple[Map, dict[str, int]]:
    return of_engine(f"unix://{running.socket}")


def test_no_connection_contradicts_the_map(network_map: tuple[Map, dict[str, int]]) -> None:
    found = verify(*network_map)
    assert found.contradictions == ()
    assert found.untried == 0
    assert found.tried > 70


@pytest.mark.parametrize(
    ("name", "published", "unpublished"),
    [
        ("web", [("8080", None)], []),
        ("near", [("6543", "127.0.0.1")], []),
        ("db", [], [("5432", "127.0.0.1")]),
        ("still", [], [("6544", None)]),
    ],
)
def test_what_is_published_is_what_the_engine_opened(
    network_map: tuple[Map, dict[str, int]], name: str, published: list[object], unpublished: list[object]
) -> None:
    one = next(node for node in network_map[0].nodes if node.name == name)
    assert [(port.host, port.address) for port in one.published] == published
    assert [(port.host, port.address) for port in one.unpublished] == unpublished


def test_the_port_that_the_engine_chose_is_reported(running: Engine, network_map: tuple[Map, dict[str, int]]) -> None:
    one = next(node for node in network_map[0].nodes if node.name == "any")
    told = running.docker("port", "any", "80/tcp").stdout.split()
    assert {f"0.0.0.0:{port.host}" for port in one.published} <= set(told)
    assert one.published


def test_who_stands_on_no_network_but_the_engines_is_not_remarked_on(network_map: tuple[Map, dict[str, int]]) -> None:
    assert all(isinstance(node.routes, tuple) for node in network_map[0].nodes)
    assert not [
        remark
        for remark in network_map[0].remarks
        if "not by a network" in remark.text or "have no way out" in remark.text
    ]


def test_a_container_that_somebody_joined_to_another_network_is_found_by_its_routes(running: Engine) -> None:
    for name in ("api", "lone"):
        pid = running.docker("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
        for words in (
            f"link add out{name} type veth peer name in{name}",
            f"addr add 10.99.7.{len(name)}/24 dev in{name}",
            f"link set in{name} up",
            f"link set out{name} up",
        ):
            subprocess.run(["nsenter", "-t", pid, "-n", "ip", *words.split()], check=True)
    changed, _ = of_engine(f"unix://{running.socket}")
    remarks = {remark.about: remark.text for remark in changed.remarks if "10.99.7.0/24" in remark.text}
    assert remarks == {
        name: f"is also on 10.99.7.0/24 through interface in{name}, which is on no network of the engine"
        for name in ("api", "lone")
    }


def test_from_the_host_a_port_that_is_not_published_is_found_out(network_map: tuple[Map, dict[str, int]]) -> None:
    there, pids = network_map
    lying = tuple(replace(node, published=node.published + node.unpublished, unpublished=()) for node in there.nodes)
    wrong = verify(replace(there, nodes=lying), pids).contradictions
    assert {(one.probe.source, one.probe.target, one.probe.port) for one in wrong} >= {(HOST, "db", 5432)}


def test_a_map_that_is_wrong_is_found_out(network_map: tuple[Map, dict[str, int]]) -> None:
    there, pids = network_map
    without = Map(there.nodes, there.networks, tuple(edge for edge in there.edges if edge.way != "network"))
    assert {(one.probe.source, one.probe.target) for one in verify(without, pids).contradictions} >= {
        ("web", "api"),
        ("api", "db"),
    }


@pytest.mark.parametrize(
    ("source", "target", "address"),
    [
        ("web", "api", "api"),
        ("api", "web", "web"),
        ("side", "api", "api"),
        ("d2", "d1", "one"),
        ("d1", "d2", "d2"),
        ("a2", "a1", "a1"),
        ("api", "a1", "a1"),
        ("web", "db", "db"),
    ],
)
def test_a_name_works_where_the_map_gives_it(
    running: Engine, network_map: tuple[Map, dict[str, int]], source: str, target: str, address: str
) -> None:
    names = {
        name for edge in network_map[0].edges if (edge.source, edge.target) == (source, target) for name in edge.names
    }
    done = running.docker("exec", source, "/bin/wget", "-q", "-T", "2", "-O", "-", f"http://{address}/")
    assert (address in names) == (done.stdout == "hi\n"), done.stderr


def test_what_listens_only_on_loopback_is_not_shown_to_neighbours(network_map: tuple[Map, dict[str, int]]) -> None:
    assert explain(network_map[0], "web", "inner")[0]
    assert not [
        edge
        for edge in network_map[0].edges
        if edge.target == "inner" and edge.source == "web" and "7777/tcp" in edge.ports
    ]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--from", "web", "--to", "api"], 0, "web reaches api over the network back as api"),
        (["--from", "d1", "--to", "api"], 1, "d1 does not reach api: they share no network"),
        (["--verify"], 0, "contradict the map; UDP is not tried"),
        (["--verify", "compose.yaml"], 2, "it cannot verify a file"),
        (["--from", "web"], 2, "--from needs --to"),
    ],
)
def test_the_command(running: Engine, words: list[str], status: int, told: str) -> None:
    environment = os.environ | {"DOCKER_HOST": f"unix://{running.socket}"}
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "map", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert told in done.stdout + done.stderr


def test_the_json_names_every_container(running: Engine) -> None:
    environment = os.environ | {"DOCKER_HOST": f"unix://{running.socket}"}
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "map", "--format", "json"], env=environment, capture_output=True, check=True
    )
    assert sorted(load["name"] for load in json.loads(done.stdout)["containers"]) == sorted(name for name, _ in RUN)


def test_the_link_that_the_map_shows_is_found_where_the_container_is_checked(running: Engine) -> None:
    told = {}
    for name in ("d1", "d2"):
        report = check(f"container:{name}", settings=Settings(engine=f"unix://{running.socket}", policy_file=""))
        told[name] = [finding.message for finding in report.findings() if finding.rule == "P012"]
    assert told["d1"] == []
    (said,) = told["d2"]
    assert "inks d2 to d1, and copies the other's environment variables into it" in said


def test_so_many_containers_on_one_bridge_that_their_neighbours_overflow_the_kernels_table_are_verified(
    running: Engine,
) -> None:
    """Forty need 1,560 entries of 1,024, which all other programs of the machine share."""
    names = [f"many{number}" for number in range(40)]
    for name in names:
        assert running.docker("run", "-d", "--name", name, "web").returncode == 0
    tree = ProcTree()
    try:
        before = neighbour_table(tree)
        found = verify(*of_engine(f"unix://{running.socket}"))
        after = neighbour_table(tree)
    finally:
        tree.close()
        running.docker("rm", "-f", *names)
    assert found.contradictions == ()
    assert found.untried == 0
    assert found.tried > 40 * 39
    assert after.overflows == before.overflows
    assert after.used < after.kept
