"""What only an engine reports: ports, outdated images, services; and advisories on its components."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.host import Component, Host, Swarm
from sealock.runtime.engine import connect
from sealock.runtime.hosts import host_document
from sealock.scan import vulnerabilities
from sealock.scan.benchmark import benchmark
from sealock.scan.engineparts import look_up_parts
from sealock.scan.settings import Settings
from sealock.scan.vulnerabilities import LookupOptions
from support.madedatabases import database
from support.simulators.engine import EngineSimulator, Reply, json_reply, missing, simulated

OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
MANAGER = {
    "LocalNodeState": "active", "ControlAvailable": True, "Managers": 1, "Nodes": 1, "NodeAddr": "10.0.0.5",
    "Cluster": {"Spec": {"CAConfig": {"NodeCertExpiry": 7776000000000000}}},
}  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        yield one


def host(engine: EngineSimulator, folder: Path, answers: Mapping[str, Any]) -> Host:
    """The machine as the engine reports it; `answers` by the last word of the path, or by the whole path."""

    def answer(path: str, _query: Mapping[str, list[str]]) -> Reply | None:
        for name, held in answers.items():
            if path.endswith(name):
                return held if isinstance(held, Reply) else json_reply(held)
        return None

    engine.answers = answer
    root = folder / "root"
    root.mkdir(exist_ok=True)
    with connect(engine.where) as client:
        document = host_document(client, root=str(root))
    return next(subject.noun for subject in document.subjects if isinstance(subject.noun, Host))


def row(name: str, image: str, image_id: str = OLD, state: str = "running", *ports: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": name * 8, "Names": [f"/{name}"], "Image": image, "ImageID": image_id, "State": state, "Ports": list(ports),
    }  # fmt: skip


def port(outer: int, address: str, kind: str = "tcp") -> dict[str, Any]:
    return {"PrivatePort": 80, "PublicPort": outer, "Type": kind, "IP": address}


@pytest.mark.parametrize(
    ("rows", "published"),
    [
        pytest.param([row("web", "a", OLD, "running", port(80, "0.0.0.0"), port(80, "::"))], ("80/tcp (web)",), id="both families are one port"),
        pytest.param([row("web", "a", OLD, "running", port(80, "127.0.0.1"), port(81, "10.0.0.5"))], UNSET, id="at an address"),
        pytest.param([row("web", "a", OLD, "running", {"PrivatePort": 80, "Type": "tcp"})], UNSET, id="not published"),
        pytest.param([row("web", "a", OLD, "exited", port(80, "0.0.0.0"))], UNSET, id="not running"),
        pytest.param([row("web", "a", OLD, "paused", port(80, "0.0.0.0"))], UNSET, id="paused"),
        pytest.param([row("web", "a", OLD, "running", port(0, "0.0.0.0"))], UNSET, id="at no port"),
        pytest.param([row("web", "a") | {"Ports": None}], UNSET, id="no ports"),
        pytest.param([row("web", "a", OLD, "running", port(80, "")) | {"Names": ["/other/web", "/web", "/web2"]}], ("80/tcp (web)",), id="names of links"),
        pytest.param([row("web", "a", OLD, "running", port(80, "")) | {"Names": ["/other/web"]}], ("80/tcp (webwebwebweb)",), id="only a name of a link"),
        pytest.param([row("web", "a", OLD, "running", port(80, "")) | {"Names": None}], ("80/tcp (webwebwebweb)",), id="no name"),
        pytest.param([row("b", "a", OLD, "running", port(53, "", "udp")), row("a", "a", OLD, "running", port(1, "::"))], ("1/tcp (a)", "53/udp (b)"), id="by name"),
    ],
)  # fmt: skip
def test_ports_that_every_address_answers_at(
    engine: EngineSimulator, tmp_path: Path, rows: list[dict[str, Any]], published: object
) -> None:
    assert host(engine, tmp_path, {"/containers/json": rows}).published == published


IMAGES = [
    {"Id": OLD, "RepoTags": ["old:1"]},
    {"Id": NEW, "RepoTags": ["app:1", "app:latest", "r.example.net:5000/app:latest"]},
]


@pytest.mark.parametrize(
    ("listed", "asked", "outdated"),
    [
        pytest.param(OLD, "app:1", (("web", "app:1"),), id="its tag names another one by now"),
        pytest.param("a" * 12, "app", (("web", "app"),), id="a tag that is not said is the latest"),
        pytest.param(OLD, "r.example.net:5000/app", (("web", "r.example.net:5000/app"),), id="a port is no tag"),
        pytest.param(OLD, "gone:1", UNSET, id="its tag names none"),
        pytest.param(OLD, OLD, UNSET, id="it was started by the image's id"),
        pytest.param("old:1", "old:1", UNSET, id="its tag still names it"),
        pytest.param(OLD, "old:1", UNSET, id="its tag names it again"),
        pytest.param("", "app:1", UNSET, id="an image without a name"),
        pytest.param(OLD, 5, UNKNOWN, id="an odd answer"),
    ],
)
def test_containers_whose_image_was_replaced(
    engine: EngineSimulator, tmp_path: Path, listed: str, asked: object, outdated: object
) -> None:
    answers = {"/containers/json": [row("web", listed)], "/images/json": IMAGES, "/json": {"Config": {"Image": asked}}}
    assert host(engine, tmp_path, answers).outdated == outdated


def test_one_that_is_removed_meanwhile_hides_no_other(engine: EngineSimulator, tmp_path: Path) -> None:
    rows = [row("gone", OLD), row("web", OLD)]
    answers = {
        f"/{'gone' * 8}/json": missing("gone"), "/containers/json": rows, "/images/json": IMAGES, "/json": {"Config": {"Image": "app:1"}},
    }  # fmt: skip
    assert host(engine, tmp_path, answers).outdated == (("web", "app:1"),)


@pytest.mark.parametrize(
    ("count", "listed", "outdated"),
    [
        pytest.param(
            50, OLD, tuple((f"c{number}", "app:1") for number in range(10, 60)), id="as many as are asked for"
        ),
        pytest.param(51, OLD, UNKNOWN, id="one more"),
        pytest.param(51, "old:1", UNSET, id="as many whose tag still names their image"),
    ],
)
def test_of_very_many_moved_containers_none_is_asked_for(
    engine: EngineSimulator, tmp_path: Path, count: int, listed: str, outdated: object
) -> None:
    answers = {
        "/containers/json": [row(f"c{number}", listed) for number in range(10, 10 + count)],
        "/images/json": IMAGES, "/json": {"Config": {"Image": "app:1"}},
    }  # fmt: skip
    assert host(engine, tmp_path, answers).outdated == outdated


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        pytest.param(json_reply({"Name": "front", "Driver": "bridge"}), ["back", "front"], id="one that it describes"),
        pytest.param(missing("front"), ["back"], id="one that is removed meanwhile"),
        pytest.param(json_reply({"message": "no"}, 500), ["back", "front"], id="one that it refuses to describe"),
        pytest.param(json_reply({}), ["back", "front"], id="one that it describes oddly"),
    ],
)
def test_networks_of_the_engine(engine: EngineSimulator, tmp_path: Path, answer: Reply, names: list[str]) -> None:
    answers = {
        "/networks": [{"Name": "front", "Id": "f" * 64}, {"Name": "back", "Id": ""}, {"Name": ""}],
        f"/networks/{'f' * 64}": answer, "/networks/back": {"Name": "back"},
    }  # fmt: skip
    host(engine, tmp_path, answers)
    with connect(engine.where) as client:
        document = host_document(client, root=str(tmp_path / "root"))
    assert [each.name for each in document.subjects if each.name.startswith("network ")] == [
        f"network {name}" for name in names
    ]


@pytest.mark.parametrize(
    ("rows", "images", "unused"),
    [
        pytest.param([row("web", "old:1", OLD, "exited")], IMAGES, 1, id="one that stopped uses its image"),
        pytest.param([], IMAGES, 2, id="no container"),
        pytest.param([row("web", "a", NEW), row("db", "b", OLD)], IMAGES, 0, id="all are used"),
        pytest.param([], [{"Id": OLD, "RepoTags": None}], 1, id="an image without a name"),
        pytest.param([], [], 0, id="no image"),
    ],
)
def test_images_that_no_container_uses_are_counted(
    engine: EngineSimulator, tmp_path: Path, rows: list[dict[str, Any]], images: list[dict[str, Any]], unused: int
) -> None:
    answers = {"/containers/json": rows, "/images/json": images}
    assert host(engine, tmp_path, answers).images_unused == unused


@pytest.mark.parametrize(
    ("answers", "swarm"),
    [
        ({"/services": [{}, {}], "/secrets": []}, (2, 0)),
        ({"/services": json_reply({"message": "no"}, 503), "/secrets": [{}]}, (UNKNOWN, 1)),
        ({"/services": {"not": "a list"}, "/secrets": Reply(body=b"[")}, (UNKNOWN, UNKNOWN)),
    ],
)
def test_what_a_manager_of_a_swarm_keeps(
    engine: EngineSimulator, tmp_path: Path, answers: dict[str, Any], swarm: tuple[object, object]
) -> None:
    found = host(engine, tmp_path, {"/info": {"ID": "x", "Swarm": MANAGER}} | answers).swarm
    assert isinstance(found, Swarm)
    assert (found.services, found.secrets) == swarm
    assert found.certificate_expiry == 7_776_000.0


def test_one_that_is_no_manager_is_not_asked(engine: EngineSimulator, tmp_path: Path) -> None:
    host(engine, tmp_path, {"/info": {"Swarm": {"LocalNodeState": "active"}}})
    assert not [path for path in engine.asked if "services" in path]


@pytest.mark.parametrize("answer", [[1], {"a": 1}, Reply(body=b"[["), json_reply({"message": "no"}, 500)])
def test_lists_that_are_none_are_skipped(engine: EngineSimulator, tmp_path: Path, answer: Any) -> None:
    found = host(engine, tmp_path, {"/containers/json": answer})
    assert (found.published, found.outdated, found.images_unused) == (UNKNOWN, UNKNOWN, UNKNOWN)


def record(name: str, module: str, fixed: str) -> dict[str, Any]:
    return {
        "id": name, "modified": "2026-11-20T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Go", "name": module},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    }  # fmt: skip


RECORDS = {
    "Go": [
        record("GHSA-engine", "github.com/docker/docker", "26.1.5"),
        record("GHSA-containerd", "github.com/containerd/containerd", "1.7.20"),
        record("GHSA-runc", "github.com/opencontainers/runc", "1.1.14"),
    ]
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(tmp_path_factory.mktemp("database"), RECORDS)


def weighed(*parts: tuple[str, str]) -> tuple[set[str], list[str]]:
    notes: list[str] = []
    found = look_up_parts(
        Host(components=tuple(Component(*part) for part in parts)), "host", LookupOptions(), notes.append
    )
    assert not found.errors
    return {finding.rule for finding in found.findings}, [one.reason for one in found.skipped]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([("engine", "26.1.4"), ("containerd", "1.7.20"), ("runc", "1.1.13")], {"GHSA-engine", "GHSA-runc"}),
        ([("engine", "v26.1.5"), ("containerd", "v1.7.19")], {"GHSA-containerd"}),
        ([("engine", "26.1.5-rc.1")], {"GHSA-engine"}),
        ([("podman", "4.0.0"), ("docker-init", "0.19.0")], set()),
    ],
)
def test_parts_are_checked_by_what_the_database_holds(
    parts: list[tuple[str, str]], found: set[str], built: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)
    assert weighed(*parts)[0] == found


@pytest.mark.parametrize("version", ["26.1.4+dfsg1", "1.7.1~ds1", "24.0.7-0ubuntu4"])
def test_a_build_of_a_distributions_own_is_skipped_here(
    version: str, built: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)
    found, silent = weighed(("engine", version))
    assert not found
    assert "a distribution's build: `sealock check rootfs:/`" in silent[0]


def test_without_data_parts_are_skipped_and_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path / "none"))
    monkeypatch.delenv("SEALOCK_OFFLINE")
    monkeypatch.setattr(vulnerabilities, "_transport", lambda: pytest.fail("it fetches"))
    found, silent = weighed(("engine", "26.1.4"))
    assert not found
    assert "no advisory database" in silent[0]


def test_the_command_reports_a_vulnerable_engine(
    engine: EngineSimulator, built: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", built)
    engine.answers = lambda path, _query: (
        json_reply({"Version": "26.1.4", "ApiVersion": "1.45", "Components": [{"Name": "Engine", "Version": "26.1.4"}]})
        if path.endswith("/version")
        else None
    )
    main(["check", "host", "--engine", engine.where, "--format", "json", "--no-policy"])
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert [one["package"]["version"] for one in target["findings"] if one["rule"] == "GHSA-engine"] == ["26.1.4"]


@pytest.mark.parametrize(("day", "outcome"), [(date(2025, 2, 17), "manual"), (date(2025, 2, 18), "fail")])
def test_a_benchmark_goes_by_the_day_of_the_run(engine: EngineSimulator, day: date, outcome: str) -> None:
    settings = Settings(engine=engine.where, policy_file="", vulnerabilities=False, today=day)
    results = {result.recommendation.number: result for result in benchmark("cis-docker-1.6.0", settings).results}
    assert results["1.2.2"].outcome == outcome
    assert any("since 2025-02-17" in reason for reason in results["1.2.2"].reasons) is (outcome == "fail")


def test_a_benchmark_asks_for_containers_and_for_what_checks_leave_out(engine: EngineSimulator) -> None:
    engine.container("web", host={"Privileged": True})
    settings = Settings(engine=engine.where, policy_file="", vulnerabilities=False)
    results = {result.recommendation.number: result for result in benchmark("cis-docker-1.6.0", settings).results}
    for number, reason in (("5.5", "web: holds every capability"), ("2.12", "without an authorization plugin (E011)")):
        assert results[number].outcome == "fail"
        assert reason in results[number].reasons[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["host", "--benchmark", "cis-docker-9"], "there is no benchmark 'cis-docker-9'"),
        (["Dockerfile", "--benchmark", "cis-docker-1.6.0"], "the target must be host"),
        (["--benchmark", "cis-docker-1.6.0", "--format", "sarif"], "terminal and json, not sarif"),
        (["--benchmark", "cis-docker-1.6.0", "--fix"], "--fix cannot be used with --benchmark"),
        (["--benchmark", "cis-docker-1.6.0", "--only", "C001"], "--only cannot be used with --benchmark"),
    ],
)
def test_what_a_benchmark_does_not_go_with(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_benchmark_of_an_engine_far_away_judges_what_can_be_seen(
    engine: EngineSimulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.container("web", host={"Privileged": True})
    output = tmp_path / "benchmark.json"
    words = ["--benchmark", "cis-docker-1.7.0", "--engine", engine.where, "--no-policy", "--format", "json"]
    status = main(["check", "host", *words, "--output", str(output)])
    said = json.loads(output.read_text("utf-8"))
    outcomes = {one["number"]: one["outcome"] for one in said["recommendations"]}
    assert (said["benchmark"], outcomes["5.5"], outcomes["5.1"]) == ("cis-docker-1.7.0", "fail", "skipped")
    assert status in {1, 2}
    assert not capsys.readouterr().out
