"""A caller with `own` sees and touches what it created; one with a reach, what is in it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from sealock.guard.decision.exchange import Allowed, AnswerFilter, Caller, CallingContainer, Denied, PathAnswer
from sealock.guard.decision.ownership import filter_answer
from support.guardworld import GuardWorld, rules, sent

LABEL = "sealock.guard.owner"
CI = """
[guard]
[[guard.caller]]
name = "ci"
uid = 1000
own = true
allow = [
  "containers", "logs", "exec", "files", "images", "build", "volumes", "networks", "events", "system", "services",
  "secrets", "tasks", "commit",
]
[[guard.caller]]
name = "web"
uid = 1001
allow = ["containers", "images", "logs"]
names = "web-*"
images = "docker.io/library/*"
labels = { team = "web" }
"""
MINE, OTHERS = {LABEL: "ci"}, {LABEL: "web"}
WEB = Caller(uid=1001, gid=1001)


def container(name: str, labels: dict[str, str], image: str = "nginx:1.27") -> dict[str, Any]:
    return {
        "Id": name * 16, "Name": f"/{name}", "Config": {"Labels": labels, "Image": image, "User": "101"},
        "HostConfig": {"Memory": 1 << 28}, "NetworkSettings": {"Networks": {}}, "Mounts": [],
    }  # fmt: skip


def world(policy: str = CI) -> GuardWorld:
    made = GuardWorld(policy)
    for name, labels in (("mine", MINE), ("other", OTHERS), ("bare", {}), ("web-1", {"team": "web"})):
        made.engine |= {
            f"/containers/{name}/json": container(name, labels),
            f"/volumes/{name}": {"Name": name, "Driver": "local", "Labels": labels},
            f"/networks/{name}": {"Name": name, "Id": name * 16, "Driver": "bridge", "Labels": labels},
            f"/services/{name}": {"ID": name * 5, "Spec": {"Labels": labels}},
            f"/secrets/{name}": {"ID": name * 5, "Spec": {"Labels": labels}},
            f"/images/{name}:1/json": {"Config": {"Labels": labels}},
            f"/exec/{name}/json": {"ContainerID": name, "ProcessConfig": {"privileged": False}},
            f"/tasks/{name}": {"ServiceID": name},
        }
    made.engine[f'/containers/json?all=1&filters={{"label": {{"{LABEL}=ci": true}}}}'] = [{}]
    made.engine["/networks/bridge"] = {"Name": "bridge", "Driver": "bridge"}
    return made


TOUCHES = (
    "GET /containers/{}/json", "GET /containers/{}/logs?stdout=1", "POST /containers/{}/start", "DELETE /containers/{}",
    "POST /containers/{}/stop", "PUT /containers/{}/archive?path=/", "GET /containers/{}/archive?path=/",
    "GET /exec/{}/json", "GET /volumes/{}", "DELETE /volumes/{}", "GET /networks/{}", "DELETE /networks/{}",
    "GET /services/{}", "DELETE /services/{}", "GET /secrets/{}", "GET /tasks/{}", "GET /tasks/{}/logs?stdout=1",
    "DELETE /images/{}:1", "POST /images/{}:1/push",
)  # fmt: skip


@pytest.mark.parametrize("line", TOUCHES)
def test_a_caller_touches_its_own_and_nothing_else(line: str) -> None:
    assert rules(world().decide(line.format("mine"))) == set()
    assert "G005" in rules(world().decide(line.format("other")))
    assert "G005" in rules(world().decide(line.format("bare")))


def test_what_is_not_there_is_left_to_the_engine() -> None:
    assert rules(world().decide("GET /containers/nothing/json")) == set()


def test_a_request_goes_on_with_the_id_so_that_no_other_object_takes_the_name() -> None:
    decision = world().decide("POST /v1.44/containers/mine/stop?t=5")
    assert isinstance(decision, Allowed)
    assert decision.target == f"/v1.44/containers/{'mine' * 16}/stop?t=5"


@pytest.mark.parametrize(
    "line",
    ["GET /containers/json?all=1", "GET /volumes", "GET /networks", "GET /services", "GET /secrets", "GET /events",
     "POST /containers/prune", "POST /volumes/prune", "POST /networks/prune", "POST /images/prune"],
)  # fmt: skip
def test_lists_events_and_prunes_are_narrowed_by_the_label(line: str) -> None:
    decision = world().decide(line)
    assert isinstance(decision, Allowed)
    assert "filters=%7B%22label%22%3A%20%7B%22sealock.guard.owner%3Dci%22%3A%20true%7D%7D" in decision.target


@pytest.mark.parametrize(
    "filters", ['{"label":["a=b"],"status":["exited"]}', '{"label":{"a=b":true},"status":{"exited":true}}']
)
def test_filters_of_the_client_stay(filters: str) -> None:
    decision = world().decide(f"GET /containers/json?filters={quote(filters)}")
    assert isinstance(decision, Allowed)
    got = json.loads(parse_qs(urlsplit(decision.target).query)["filters"][0])
    assert got == {"label": {"a=b": True, f"{LABEL}=ci": True}, "status": {"exited": True}}


@pytest.mark.parametrize(
    ("filters", "denied"),
    [
        ({"label": [f"{LABEL}=web"]}, {"G005"}),
        ({"label": {f"{LABEL}=": True}}, {"G005"}),
        ({"label": [LABEL]}, set()),
        ({"label": [f"{LABEL}=ci"]}, set()),
    ],
)
def test_a_filter_by_the_owner_asks_for_nothing_of_others(filters: dict[str, Any], denied: set[str]) -> None:
    decision = world().decide(f"GET /secrets?filters={quote(json.dumps(filters))}")
    assert rules(decision) == denied
    if isinstance(decision, Allowed):
        assert json.loads(parse_qs(urlsplit(decision.target).query)["filters"][0]) == {"label": {f"{LABEL}=ci": True}}


@pytest.mark.parametrize("filters", ["x", "[1]", '{"label": 1}', '{"label": [1]}', '{"label": [], "label": []}'])
def test_filters_that_cannot_be_read_are_denied(filters: str) -> None:
    assert rules(world().decide(f"GET /containers/json?filters={quote(filters)}")) == {"G003"}


@pytest.mark.parametrize("line", ["GET /nodes", "POST /build/prune"])
def test_what_cannot_be_narrowed_is_denied(line: str) -> None:
    assert rules(world().decide(line)) & {"G002", "G005", "G009"}


def test_the_disk_usage_and_the_images_are_narrowed_in_the_answer() -> None:
    keep = AnswerFilter(LABEL, "ci")
    for line in ("GET /system/df", "GET /images/json", "GET /tasks", "GET /networks/bridge"):
        decision = world().decide(line)
        assert isinstance(decision, Allowed)
        assert decision.answer_filter == keep
    mine, other = {"Labels": MINE, "Id": "m"}, {"Labels": OTHERS, "Id": "o"}
    bare = {"Labels": None, "Id": "b", "Size": 7}
    usage = {
        "LayersSize": 100,
        "Containers": [mine, other, bare],
        "Volumes": [mine, other],
        "Images": [mine, other, bare],
        "BuildCache": [{}],
    }
    assert filter_answer("GET /system/df", usage, keep) == {
        "Containers": [mine], "Volumes": [mine], "Images": [mine, bare], "BuildCache": [], "LayersSize": 7,
    }  # fmt: skip
    newer = {
        "ContainerUsage": {"TotalCount": 2, "Items": [mine, other]},
        "ImageUsage": {"TotalSize": 5},
        "BuildCacheUsage": {},
    }
    assert filter_answer("GET /system/df", newer, keep) == {"ContainerUsage": {"TotalCount": 1, "Items": [mine]}}
    assert filter_answer("GET /images/json", [mine, other, bare], keep) == [mine, bare]
    assert filter_answer("GET /images/json", {"message": "x"}, keep) == []
    assert filter_answer("GET /system/df", [1], keep) == {}


def test_what_is_created_is_labelled_whatever_the_client_says() -> None:
    world_ = world()
    lies = {"Labels": {LABEL: "web", "a": "b"}}
    made = world_.decide("POST /containers/create?name=x", {"Image": "nginx:1.27", **lies})
    assert sent(made)["Labels"] == {"a": "b", LABEL: "ci"}
    assert sent(world_.decide("POST /volumes/create", {"Name": "new", **lies}))["Labels"] == {"a": "b", LABEL: "ci"}
    assert sent(world_.decide("POST /networks/create", {"Name": "new", **lies}))["Labels"][LABEL] == "ci"
    assert sent(world_.decide("POST /secrets/create", {"Name": "new", "Data": "eA==", **lies}))["Labels"][LABEL] == "ci"
    service = {"Name": "s", "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.27"}}, **lies}
    assert sent(world_.decide("POST /services/create", service))["Labels"][LABEL] == "ci"
    build = world_.decide(f"POST /build?t=new:1&labels=%7B%22{LABEL}%22%3A%22web%22%7D")
    assert isinstance(build, Allowed)
    assert f"%22{LABEL}%22%3A%20%22ci%22" in build.target
    imported = world_.decide("POST /images/create?fromSrc=-&repo=new&tag=1")
    assert isinstance(imported, Allowed)
    assert f"changes=LABEL%20%22{LABEL}%22%3D%22ci%22" in imported.target
    assert isinstance(made, Allowed)
    assert f"label {LABEL}=ci" in made.changes


def test_a_caller_that_owns_all_cannot_give_an_object_to_another() -> None:
    body = {"Image": "docker.io/library/nginx:1.27", "Labels": {LABEL: "ci", "team": "web"}}
    assert sent(world().decide("POST /containers/create?name=web-2", body, WEB))["Labels"] == {"team": "web", LABEL: ""}


def test_a_new_volume_of_a_bind_is_made_with_the_label() -> None:
    made = sent(
        world().decide(
            "POST /containers/create", {"Image": "nginx:1.27", "HostConfig": {"Binds": ["new:/d:ro", "mine:/m"]}}
        )
    )
    assert made["HostConfig"]["Binds"] == ["mine:/m"]
    assert made["HostConfig"]["Mounts"] == [
        {"Type": "volume", "Source": "new", "Target": "/d", "ReadOnly": True, "VolumeOptions": {"Labels": MINE}}
    ]


@pytest.mark.parametrize(
    "host",
    [
        {"Binds": ["other:/d"]},
        {"Mounts": [{"Type": "volume", "Source": "bare", "Target": "/d"}]},
        {"VolumesFrom": ["other"]},
        {"NetworkMode": "other"},
        {"NetworkMode": "container:other"},
        {"PidMode": "container:bare"},
        {"Links": ["other:db"]},
        {"Links": ["/bare:/x/db"]},
    ],
)
def test_a_container_cannot_use_what_is_not_the_callers(host: dict[str, Any]) -> None:
    assert "G005" in rules(world().decide("POST /containers/create", {"Image": "nginx:1.27", "HostConfig": host}))


def test_a_container_may_join_the_callers_own() -> None:
    body = {"Image": "nginx:1.27", "HostConfig": {"NetworkMode": "container:mine", "PidMode": "container:mine"}}
    assert rules(world().decide("POST /containers/create", body)) == set()


def test_a_container_that_joined_the_callers_own_starts() -> None:
    made = world()
    joined = container("joined", MINE)
    joined["HostConfig"] |= {"NetworkMode": f"container:{'mine' * 16}"}
    made.engine |= {"/containers/joined/json": joined, f"/containers/{'mine' * 16}/json": container("mine", MINE)}
    assert rules(made.decide("POST /containers/joined/start")) == set()
    joined["HostConfig"] |= {"PidMode": "container:other"}
    assert rules(made.decide("POST /containers/joined/start")) == {"C024", "G005"}


def said(decision: Allowed | Denied) -> list[str]:
    """Why a request is denied."""
    return [reason.why for reason in decision.reasons] if isinstance(decision, Denied) else []


def test_an_image_of_another_caller_stays_its_own() -> None:
    assert "G005" in rules(world().decide("POST /containers/create", {"Image": "other:1"}))
    assert "G005" in rules(world().decide("GET /images/other:1/json"))
    assert "G005" in rules(world().decide("GET /images/get?names=mine:1&names=other:1"))
    assert "G005" in rules(world().decide("POST /images/mine:1/tag?repo=other&tag=1"))
    assert "G005" in rules(world().decide("POST /build?t=bare:1"))
    assert said(world().decide("POST /images/bare:1/push")) == ["would push the image bare:1, which ci did not make"]


def test_a_tag_that_an_image_has_takes_nothing() -> None:
    made = world()
    for name, identity in (("bare:1", "sha256:1"), ("pulled", "sha256:1"), ("mine:1", "sha256:2")):
        made.engine[f"/images/{name}/json"] = made.engine.get(f"/images/{name}/json", {}) | {"Id": identity}
    assert rules(made.decide("POST /images/pulled/tag?repo=bare&tag=1")) == set()
    assert said(made.decide("POST /images/mine:1/tag?repo=bare&tag=1")) == [
        "would take the name bare:1 from an image that is not of ci"
    ]
    assert "G005" in rules(made.decide("POST /images/absent/tag?repo=bare&tag=1"))


def test_a_commit_is_of_a_container_of_its_own() -> None:
    assert "G005" in rules(world().decide("POST /commit?container=other&repo=new"))
    for name in ("/other", "", "other?x", "oth%25er"):
        assert "G004" in rules(world().decide(f"POST /commit?container={quote(name)}&repo=new"))
    assert rules(world().decide("POST /containers/create", {"Image": "bare:1"})) == set()
    assert rules(world().decide("POST /commit?container=mine&repo=new")) == set()


@pytest.mark.parametrize(
    ("query", "denied"),
    [
        ("fromImage=other&tag=1", True),
        ("fromImage=other:1", True),
        ("fromImage=bare&tag=1", False),
        ("fromImage=mine&tag=1", False),
        ("fromImage=new&tag=1", False),
        ("fromImage=new", True),
        (f"fromImage=new&tag=sha256:{'a' * 64}", False),
    ],
)
def test_a_pull_takes_no_name_of_another_caller(query: str, *, denied: bool) -> None:
    assert rules(world().decide(f"POST /images/create?{query}")) == ({"G005"} if denied else set())
    open_ = CI.replace("own = true\n", "")
    assert rules(world(open_).decide(f"POST /images/create?{query}")) == set()


@pytest.mark.parametrize(
    ("instructions", "denied"),
    [
        (["LABEL sealock.guard.owner=web"], True),
        (['LABEL sealock.gu"ar"d.owner=web'], True),
        (["LABEL 'sealock.guard'.owner=web"], True),
        (["LABEL a=b sealock.gu''ard.own\"\"er web"], True),
        (["LABEL sealock.guard.own\\", "er=web"], True),
        (["# escape=`", "LABEL sealock.guard.own`", "er=web"], True),
        (["CMD x\n \t# escape=`\nLABEL sealock.guard.own`\ner=web"], True),
        (["LABEL $NAME=web"], True),
        (["LABEL team='web'", 'CMD ["sh", "-c", "date # now"]', "ENV A=`date`"], False),
    ],
)
def test_no_instruction_of_a_commit_changes_the_owner(instructions: list[str], *, denied: bool) -> None:
    changes = "".join(f"&changes={quote(text, safe='')}" for text in instructions)
    for line in (f"POST /commit?container=mine&repo=new{changes}", f"POST /images/create?fromSrc=-&repo=new{changes}"):
        assert rules(world().decide(line)) == ({"G005"} if denied else set())


def test_the_number_of_containers_is_limited() -> None:
    full = world(CI.replace("own = true", "own = true\ncontainers = 2"))
    full.engine[f'/containers/json?all=1&filters={{"label": {{"{LABEL}=ci": true}}}}'] = [{}, {}]
    assert "G010" in rules(full.decide("POST /containers/create", {"Image": "nginx:1.27"}))
    service = {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "nginx:1.27"}}}
    assert "G010" in rules(full.decide("POST /services/create", service)), "its tasks are containers too"


def test_a_reach_holds_for_creating_and_touching() -> None:
    made = world()
    body = {"Image": "docker.io/library/nginx:1.27", "Labels": {"team": "web"}}
    assert rules(made.decide("POST /containers/create?name=web-2", body, WEB)) == set()
    assert "G005" in rules(made.decide("POST /containers/create?name=db", body, WEB))
    assert "G005" in rules(made.decide("POST /containers/create?name=web-2", body | {"Labels": {}}, WEB))
    assert "G009" in rules(made.decide("POST /containers/create?name=web-2", body | {"Image": "ghcr.io/x/y:1"}, WEB))
    assert "G009" in rules(
        made.decide("POST /containers/create?name=web-2", body | {"Image": "sha256:" + "a" * 64}, WEB)
    )
    assert "G009" in rules(made.decide("POST /images/create?fromImage=ghcr.io/x/y&tag=1", None, WEB))
    assert "G009" in rules(made.decide("POST /images/web-1:1/tag?repo=ghcr.io/x/y&tag=1", None, WEB))
    assert rules(made.decide("POST /containers/web-1/stop", None, WEB)) == set()
    assert "G005" in rules(made.decide("POST /containers/other/stop", None, WEB))
    assert "G005" in rules(made.decide("POST /containers/web-1/rename?name=db", None, WEB))
    decision = made.decide("GET /containers/json", None, WEB)
    assert isinstance(decision, Allowed)
    assert "team%3Dweb" in decision.target


def test_a_service_uses_only_secrets_of_its_owner() -> None:
    made = world()
    made.engine |= {"/configs/mine": {"Spec": {"Labels": MINE}}, "/configs/other": {"Spec": {"Labels": OTHERS}}}
    for key, id_key in (("Secrets", "SecretID"), ("Configs", "ConfigID")):
        for name, denied in (("mine", ""), ("other", "G005"), ("../x", "G004")):
            spec = {
                "Image": "nginx:1.27",
                key: [{id_key: name, "File": {"Name": "x", "UID": "0", "GID": "0", "Mode": 292}}],
            }
            decision = made.decide("POST /services/create", {"Name": "s", "TaskTemplate": {"ContainerSpec": spec}})
            assert rules(decision) == ({denied} if denied else set())


def test_a_list_is_narrowed_to_the_reach_in_the_answer() -> None:
    decision = world().decide("GET /containers/json", None, WEB)
    assert isinstance(decision, Allowed)
    assert decision.answer_filter is not None
    entries = [
        {"Names": ["/web-1"], "Image": "nginx:1.27", "Labels": {"team": "web"}},
        {"Names": ["/web-2"], "Image": "ghcr.io/x/y", "Labels": {"team": "web"}},
        {"Names": ["/db"], "Image": "nginx:1.27", "Labels": {"team": "web"}},
        {"Names": ["/web-3"], "Image": "nginx:1.27", "Labels": {}},
        "nonsense",
    ]
    assert filter_answer("GET /containers/json", entries, decision.answer_filter) == entries[:1]
    images = [{"RepoTags": ["nginx:1.27"]}, {"RepoTags": ["ghcr.io/x/y:1"]}, {"RepoTags": None}]
    assert filter_answer("GET /images/json", images, decision.answer_filter) == images[:1]


@pytest.mark.parametrize("line", ["GET /events", "POST /containers/prune"])
def test_what_names_cannot_narrow_is_denied(line: str) -> None:
    text = CI.replace('allow = ["containers", "images", "logs"]', 'allow = ["containers", "events"]')
    assert rules(GuardWorld(text).decide(line, None, WEB)) == {"G005"}


def test_a_path_that_the_caller_can_swap_is_denied() -> None:
    policy = CI.replace("own = true", 'binds = ["/srv/ci/*"]')
    body = {"Image": "nginx:1.27", "HostConfig": {"Binds": ["/srv/ci/x:/d"]}}
    for answer, caller, denied in (
        (PathAnswer("/srv/ci/x", "directory"), Caller(uid=1000, gid=1000), False),
        (PathAnswer("/srv/ci/x", "directory", writers=(1000,)), Caller(uid=1000, gid=1000), True),
        (PathAnswer("/srv/ci/x", "directory", writers=(7,)), Caller(uid=1000, gid=1000), False),
        (PathAnswer("/srv/ci/x", "directory", writer_groups=(50,)), Caller(uid=1000, gid=1000, groups=(50,)), True),
        (PathAnswer("/srv/ci/x", "directory", everybody=True), Caller(uid=1000, gid=1000), True),
        (PathAnswer("/srv/ci/x", "directory", writers=(0,), everybody=True), Caller(uid=0, gid=0), False),
    ):
        made = GuardWorld(policy.replace("uid = 1000", f"uid = {caller.uid}"))
        made.paths["/srv/ci/x"] = answer
        assert ("G007" in rules(made.decide("POST /containers/create", body, caller))) == denied


def test_a_container_can_swap_what_lies_below_its_own_mounts() -> None:
    policy = CI.replace("uid = 1000\nown = true", 'container = "*"\nbinds = ["/srv/ci/*"]')
    inside = Caller(uid=0, gid=0, container=CallingContainer("c1", "runner"))
    for source, read_write, denied in (("/srv/ci", True, True), ("/srv/ci", False, False), ("/srv/ci/x", True, False)):
        made = GuardWorld(policy)
        made.engine["/containers/c1/json"] = {"Mounts": [{"Type": "bind", "Source": source, "RW": read_write}]}
        body = {"Image": "nginx:1.27", "HostConfig": {"Binds": ["/srv/ci/x:/d"]}}
        assert ("G007" in rules(made.decide("POST /containers/create", body, inside))) == denied
