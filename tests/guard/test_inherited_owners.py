"""The owner's label is the guard's to set: none that an image, a container or a network gives makes another the owner."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from sealock.guard.decision.exchange import Allowed, ArchiveAnswer, Caller
from support.guardrows import PLAIN
from support.guardworld import GuardWorld, rules, sent

LABEL = "sealock.guard.owner"
ALL = 'allow = ["containers", "images", "build", "commit", "volumes", "networks", "services", "checkpoints"]\nfail-on = "critical"\n'
TWO = (
    f'[guard]\n[[guard.caller]]\nname = "ci"\nuid = 1000\nown = true\n{ALL}'
    f'[[guard.caller]]\nname = "admin"\nuid = 1001\n{ALL}'
    f'[[guard.caller]]\nname = "team"\nuid = 1002\nimages = ["docker.io/team/app:1*", "docker.io/team/lib"]\n{ALL}'
)
"""A caller that has only its own, one that has all, and one that has images of some names."""
NOBODY_OWNS = f'[guard]\n[[guard.caller]]\nname = "admin"\nuid = 1001\n{ALL}'
CI, ADMIN, TEAM = (Caller(uid=uid, gid=uid) for uid in (1000, 1001, 1002))
IMAGE: dict[str, Any] = {"Image": "ci/app:1"}
SERVICE: dict[str, Any] = {"Name": "s", "TaskTemplate": {"ContainerSpec": IMAGE}}


def tags(name: str, owners: dict[str, str]) -> dict[str, Any]:
    """What an engine lists of a repository's images."""
    query = f"/images/json?filters={json.dumps({'reference': {name: True}})}"
    listed = [
        {"RepoTags": [f"{name}:{tag}", "else/where:9"], "Labels": {LABEL: owner} if owner else None}
        for tag, owner in owners.items()
    ]
    return {query: listed}


def world(policy: str = TWO, *, rewrites: bool = True) -> GuardWorld:
    made = GuardWorld(policy, rewrites=rewrites)
    forged = {"Labels": {LABEL: "ci"}}
    made.archive = ArchiveAnswer("FROM scratch\nUSER 1000\n")
    made.engine |= {
        "/images/ci/app:1/json": {"Config": forged},
        "/images/plain:1/json": {"Config": {"Labels": None}},
        "/containers/mine/json": PLAIN | {"Config": PLAIN["Config"] | forged},
        "/containers/web/json": PLAIN,
        "/networks/mine": {"Name": "mine", "Driver": "bridge", **forged},
        "/networks/plain": {"Name": "plain", "Driver": "bridge"},
        "/volumes/mine": {"Name": "mine", "Driver": "local", **forged},
        "/volumes/other": {"Name": "other", "Driver": "local", "Labels": {LABEL: "else"}},
        "/services/forged": {"Spec": SERVICE, "PreviousSpec": SERVICE | {"TaskTemplate": {"ContainerSpec": IMAGE | forged}}},
        **tags("mixed", {"latest": "ci", "2": ""}), **tags("all", {"latest": "ci", "2": "ci"}),
        **tags("others", {"latest": "", "2": "else"}),
        **tags("team/app", {"latest": "", "1.2": ""}), **tags("team/lib", {"latest": "", "1.2": ""}),
    }  # fmt: skip
    return made


def test_what_a_caller_creates_inherits_no_owner() -> None:
    for body in (IMAGE, IMAGE | {"Labels": {LABEL: "ci", "a": "b"}}):
        decision = world().decide("POST /containers/create", body, ADMIN)
        assert sent(decision)["Labels"][LABEL] == ""
        assert isinstance(decision, Allowed)
        assert decision.changes == ((f"label {LABEL} removed",) if "Labels" in body else ())
    service = sent(world().decide("POST /services/create", SERVICE, ADMIN))
    assert "Labels" not in service, "an image gives a service nothing"
    assert service["TaskTemplate"]["ContainerSpec"]["Labels"] == {LABEL: ""}
    assert sent(world().decide("POST /commit?container=mine&repo=new", {}, ADMIN))["Labels"] == {LABEL: ""}
    built = world().decide("POST /build?t=new:1", None, ADMIN)
    assert isinstance(built, Allowed)
    assert parse_qs(urlsplit(built.target).query) == {"t": ["new:1"], "labels": [json.dumps({LABEL: ""})]}


def test_the_tasks_of_a_callers_services_are_its_own() -> None:
    forged = {"Name": "s", "TaskTemplate": {"ContainerSpec": IMAGE | {"Labels": {LABEL: "else"}}}}
    for service in (SERVICE, forged):
        spec = sent(world().decide("POST /services/create", service, CI))
        assert spec["Labels"] == spec["TaskTemplate"]["ContainerSpec"]["Labels"] == {LABEL: "ci"}


def test_where_nobody_has_own_no_label_is_written() -> None:
    made = world(NOBODY_OWNS)
    assert "Labels" not in sent(made.decide("POST /containers/create", IMAGE, ADMIN))
    built = made.decide("POST /build?t=new:1", None, ADMIN)
    assert isinstance(built, Allowed)
    assert built.target == "/build?t=new%3A1"


@pytest.mark.parametrize(
    ("line", "body", "denied"),
    [
        pytest.param("POST /containers/create", IMAGE, True, id="a container of an image that bears the label"),
        pytest.param("POST /containers/create", {"Image": "plain:1"}, False, id="a container of one that does not"),
        pytest.param(
            "POST /containers/create", IMAGE | {"Labels": {LABEL: ""}}, False, id="a container with the label set empty"
        ),
        pytest.param("POST /services/create", SERVICE, True, id="a service of an image that bears the label"),
        pytest.param("POST /commit?container=mine", None, True, id="an image of a container that bears the label"),
        pytest.param("POST /commit?container=web", None, False, id="an image of a container that does not"),
        pytest.param("POST /build?t=x", None, True, id="a build, whose base nothing reads"),
        pytest.param(
            f"POST /build?t=x&labels={quote(json.dumps({LABEL: ''}))}", None, False, id="a build with the label empty"
        ),
    ],
)  # fmt: skip
def test_a_plugin_denies_what_would_inherit_an_owner(line: str, body: Any, *, denied: bool) -> None:
    assert rules(world(rewrites=False).decide(line, body, ADMIN)) == ({"G005"} if denied else set())


def test_volumes_that_a_create_makes_bear_the_label_of_their_creator_only() -> None:
    forged = {"VolumeOptions": {"Labels": {LABEL: "ci", "a": "b"}}}
    for source in ({}, {"Source": "new"}, {"Source": "mine"}):
        body = {"Image": "plain:1", "HostConfig": {"Mounts": [{"Type": "volume", "Target": "/d", **source, **forged}]}}
        mount = sent(world().decide("POST /containers/create", body, ADMIN))["HostConfig"]["Mounts"][0]
        assert mount["VolumeOptions"]["Labels"] == {"a": "b"}, source
    anonymous = {"Image": "plain:1", "HostConfig": {"Mounts": [{"Type": "volume", "Target": "/d"}]}}
    mount = sent(world().decide("POST /containers/create", anonymous, CI))["HostConfig"]["Mounts"][0]
    assert mount["VolumeOptions"]["Labels"] == {LABEL: "ci"}


@pytest.mark.parametrize(
    ("caller", "line", "body", "denied"),
    [
        pytest.param(
            ADMIN, "POST /networks/create", {"Name": "n", "ConfigFrom": {"Network": "mine"}}, {"G005"},
            id="a network by the settings of one that another caller owns has that one's labels",
        ),
        pytest.param(
            ADMIN, "POST /networks/create", {"Name": "n", "ConfigFrom": {"Network": "plain"}}, set(),
            id="a network by the settings of one that nobody owns",
        ),
        pytest.param(
            CI, "POST /networks/create", {"Name": "n", "ConfigFrom": {"Network": "plain"}}, {"G005"},
            id="a network by the settings of one that is not the caller's",
        ),
        pytest.param(
            CI, "POST /networks/create", {"Name": "n", "ConfigFrom": {"Network": "mine"}}, set(),
            id="a network by the settings of the caller's own",
        ),
        pytest.param(
            ADMIN, "POST /services/forged/update?version=3&rollback=previous", SERVICE, {"G005"},
            id="a service that goes back to another's label",
        ),
        pytest.param(CI, "POST /images/mixed/push", None, {"G005"}, id="a push of all tags, one of another"),
        pytest.param(CI, "POST /images/mixed/push?tag=", None, {"G005"}, id="a push of all tags by an empty tag"),
        pytest.param(CI, "POST /images/all/push", None, set(), id="a push of all tags, all its own"),
        pytest.param(TEAM, "POST /images/team/app/push", None, {"G009"}, id="a push of all tags, one out of reach"),
        pytest.param(TEAM, "POST /images/team/lib/push", None, set(), id="a push of all tags, all in reach"),
        pytest.param(ADMIN, "POST /images/mixed/push", None, set(), id="a push of all tags by a caller with all"),
        pytest.param(CI, "GET /images/get?names=others", None, {"G005"}, id="an archive of all tags, one of another"),
        pytest.param(CI, "GET /images/others/get", None, {"G005"}, id="an archive of one name, a tag of another"),
        pytest.param(CI, "GET /images/get?names=mixed", None, set(), id="an archive of all tags, none of another"),
        pytest.param(CI, "GET /images/mixed/get", None, set(), id="an archive of one name, none of another"),
        pytest.param(TEAM, "POST /images/create?fromImage=team/app", None, {"G009"}, id="a pull of all tags, one in reach"),
        pytest.param(TEAM, "POST /images/create?fromImage=team/lib", None, set(), id="a pull of all tags, all in reach"),
        pytest.param(TEAM, "POST /images/create?fromImage=team/app&tag=1.2", None, set(), id="a pull of a tag in reach"),
        pytest.param(
            CI, "POST /networks/mine/connect", {"Container": "mine", "EndpointConfig": {"Links": ["web:x"]}}, {"G005"},
            id="a connection that links another's container",
        ),
        pytest.param(
            CI, "POST /networks/mine/connect", {"Container": "mine", "EndpointConfig": {"Links": ["mine:x"]}}, set(),
            id="a connection that links its own container",
        ),
        pytest.param(
            ADMIN, "POST /containers/web/start?checkpoint=..%2F..%2Fvolumes%2Fx%2F_data", None, {"G006"},
            id="a checkpoint whose name leads into a volume",
        ),
        pytest.param(ADMIN, "POST /containers/web/start?checkpoint=c1", None, set(), id="a checkpoint by its name"),
        pytest.param(
            ADMIN, "POST /containers/web/checkpoints", {"CheckpointID": "../x"}, {"G006"},
            id="a checkpoint that is made elsewhere",
        ),
        *(
            pytest.param(
                CI, "POST /containers/create", {"Image": "plain:1", "HostConfig": host}, denied, id=f"a container with {what}"
            )
            for what, host, denied in (
                ("another's volume", {"Binds": ["other:/d"]}, {"G005"}),
                ("another's volume as a mount", {"Mounts": [{"Type": "volume", "Source": "other", "Target": "/d"}]}, {"G005"}),
                ("another's container's volumes", {"VolumesFrom": ["web"]}, {"G005", "C056"}),
                ("its own volume", {"Binds": ["mine:/d"]}, set()),
            )
        ),
        pytest.param(
            TEAM, f"POST /build?cachefrom={quote(json.dumps(['else:1']))}", None, {"G009"},
            id="a build from the cache of an image out of reach",
        ),
        pytest.param(TEAM, "POST /build?cachefrom=x", None, {"G009"}, id="a build from a cache that cannot be read"),
        pytest.param(
            TEAM, f"POST /build?cachefrom={quote(json.dumps(['team/lib:3']))}", None, set(),
            id="a build from the cache of an image in reach",
        ),
    ],
)  # fmt: skip
def test_what_is_anothers_stays_another_s(caller: Caller, line: str, body: Any, denied: set[str]) -> None:
    assert rules(world().decide(line, body, caller)) == denied


@pytest.mark.parametrize(
    ("caller", "query", "forwarded", "changes"),
    [
        pytest.param(CI, "", "1", 2, id="a caller that has only its own builds without the cache"),
        pytest.param(CI, "&nocache=0", "1", 2, id="also where it asks for the cache"),
        pytest.param(CI, "&nocache=1", "1", 1, id="what the client asks for itself is no change"),
        pytest.param(ADMIN, "", "", 0, id="a caller that has all builds with the cache"),
    ],
)
def test_a_build_takes_no_layers_of_other_callers(caller: Caller, query: str, forwarded: str, changes: int) -> None:
    decision = world().decide(f"POST /build?t=new:1{query}", None, caller)
    assert isinstance(decision, Allowed)
    assert parse_qs(urlsplit(decision.target).query).get("nocache", [""]) == [forwarded]
    assert len(decision.changes) == changes
