"""No label of an owner, no layer and no tag goes from one caller of a real engine to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.guardproxy import RunningGuard, guard, send
from support.oddcontexts import archive, member
from support.realengine import Engine, engine_in_memory
from support.waiting import wait_until

pytestmark = pytest.mark.live

LABEL = "sealock.guard.owner"
ALL = 'allow = ["ping", "version", "containers", "exec", "images", "build", "commit", "volumes", "networks"]\nfail-on = "critical"\n'
OWNER = f'[guard]\n[[guard.caller]]\nname = "ci"\nuid = 0\nown = true\n{ALL}'
OTHER = f'[guard]\n[[guard.caller]]\nname = "admin"\nuid = 0\n{ALL}[[guard.caller]]\nname = "ci"\nuid = 1000\nown = true\n{ALL}'
TAR = {"Content-Type": "application/x-tar"}


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with engine_in_memory() as made:
        made.image("base")
        forged = archive(member("Dockerfile", f"FROM base\nLABEL {LABEL}=ci\n"))
        made.docker("build", "-q", "-t", "forged", "-", data=forged)
        yield made


@pytest.fixture(scope="module")
def owner(daemon: Engine) -> Iterator[RunningGuard]:
    with guard(daemon.socket, OWNER) as running:
        yield running


@pytest.fixture(scope="module")
def other(daemon: Engine) -> Iterator[RunningGuard]:
    with guard(daemon.socket, OTHER) as running:
        yield running


def described(daemon: Engine, *words: str) -> Any:
    return json.loads(daemon.docker(*words).stdout)[0]


def test_a_container_inherits_no_owner_of_its_image(daemon: Engine, owner: RunningGuard, other: RunningGuard) -> None:
    body = {"Image": "forged", "Cmd": ["busybox", "sleep", "99"], "HostConfig": {"NetworkMode": "none"}}
    assert daemon.docker("create", "--name", "without", "--network", "none", "forged").returncode == 0
    assert described(daemon, "inspect", "without")["Config"]["Labels"][LABEL] == "ci", "the engine lets it inherit"
    assert send(other.socket, "POST", "/v1.45/containers/create?name=theirs", body)[0] == 201
    assert described(daemon, "inspect", "theirs")["Config"]["Labels"][LABEL] == ""
    for method, line in (("GET", "/containers/theirs/json"), ("POST", "/containers/theirs/start")):
        assert send(owner.socket, method, f"/v1.45{line}")[0] == 403
    assert send(owner.socket, "POST", "/v1.45/containers/theirs/exec", {"Cmd": ["sh"]})[0] == 403
    listed = send(owner.socket, "GET", "/v1.45/containers/json?all=1")[1]
    assert [entry["Names"] for entry in listed] == [["/without"]]


def test_an_image_inherits_no_owner(daemon: Engine, owner: RunningGuard, other: RunningGuard) -> None:
    body = {"Image": "base", "Cmd": ["busybox", "true"], "HostConfig": {"NetworkMode": "none"}}
    assert send(owner.socket, "POST", "/v1.45/containers/create?name=mine", body)[0] == 201
    assert send(other.socket, "POST", "/v1.45/commit?container=mine&repo=committed", {})[0] == 201
    context = archive(member("Dockerfile", f"FROM forged\nLABEL {LABEL}=ci\n"))
    assert send(other.socket, "POST", "/v1.45/build?t=built", context, TAR)[0] == 200
    for name in ("committed", "built"):
        assert described(daemon, "image", "inspect", name)["Config"]["Labels"][LABEL] == "", name
        assert send(owner.socket, "DELETE", f"/v1.45/images/{name}")[0] == 403


def test_a_build_takes_no_layer_of_another_caller(owner: RunningGuard, other: RunningGuard) -> None:
    context = archive(member("Dockerfile", "FROM base\nENV A=1\nLABEL is=built\n"))
    for running, cached in ((other, False), (other, True), (owner, False), (owner, False)):
        status, text = send(
            running.socket,
            "POST",
            f"/v1.45/build?t=layers-{'of-owner' if running is owner else 'of-other'}",
            context,
            TAR,
        )
        assert status == 200, text
        assert ("Using cache" in str(text)) == cached


def test_all_tags_of_a_repository_are_those_of_the_caller(daemon: Engine, owner: RunningGuard) -> None:
    daemon.docker("tag", "forged", "127.0.0.1:9/mixed:latest")
    assert (
        send(owner.socket, "POST", "/v1.45/images/127.0.0.1:9/mixed/push", b"", {"X-Registry-Auth": "e30="})[0] != 403
    )
    daemon.docker("import", "-c", f"LABEL {LABEL}=else", "-", "127.0.0.1:9/mixed:2", data=archive(member("x", "y")))
    for method, line in (
        ("POST", "/images/127.0.0.1:9/mixed/push"), ("GET", "/images/get?names=127.0.0.1:9/mixed"),
        ("GET", "/images/127.0.0.1:9/mixed/get"),
    ):  # fmt: skip
        status, answer = send(owner.socket, method, f"/v1.45{line}", b"", {"X-Registry-Auth": "e30="})
        assert status == 403, answer
        assert "127.0.0.1:9/mixed:2" in answer["message"]


def test_a_network_inherits_no_owner_of_its_settings(daemon: Engine, other: RunningGuard) -> None:
    made = daemon.docker("network", "create", "--config-only", "--label", f"{LABEL}=ci", "settings")
    assert made.returncode == 0, made.stderr
    body = {"Name": "theirs", "Driver": "bridge", "ConfigFrom": {"Network": "settings"}}
    assert send(other.socket, "POST", "/v1.45/networks/create", body)[0] == 403


def test_an_image_that_takes_a_known_name_is_noticed(daemon: Engine, owner: RunningGuard) -> None:
    daemon.docker("tag", "base", "moving")
    body = {"Image": "moving", "Cmd": ["busybox", "true"], "HostConfig": {"NetworkMode": "none"}}

    def create() -> int:
        return send(owner.socket, "POST", "/v1.45/containers/create", body)[0]

    wait_until(
        lambda: create() == 201 and daemon.docker("info", "--format", "{{.NEventsListener}}").stdout.strip() == "1"
    )
    assert [create(), create()] == [201, 201]
    daemon.docker("import", "-c", f"LABEL {LABEL}=else", "-", "moving", data=archive(member("x", "y")))
    wait_until(lambda: create() == 403)
