"""A caller with a reach (names, images, labels) sees, touches, uses and creates what is in it, however it is named."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sealock.guard.decision.exchange import Allowed
from sealock.guard.decision.ownership import explain_reach, filter_answer
from sealock.guard.decision.routes import BY_NAME
from support.guardworld import GuardWorld, rules

ALL = """allow = [
  "containers", "logs", "exec", "files", "images", "build", "volumes", "networks", "events", "system", "services",
  "secrets", "configs", "tasks", "nodes", "commit",
]"""
TABLE = f'[guard]\n[[guard.caller]]\nname = "web"\naccept = ["C024", "C056"]\n{ALL}\n'
LABELS = f'{TABLE}labels = {{ team = "web" }}\n'
NAMES = f'{TABLE}names = "web-*"\n'
IMAGES = f'{TABLE}images = "docker.io/library/*"\n'
TEAM = {"team": "web"}


def world(policy: str) -> GuardWorld:
    """An engine with two of each kind: `in` bears the label of the team, `out` does not."""
    made = GuardWorld(policy)
    for name, labels, image in (("in", TEAM, "nginx:1"), ("out", {}, "ghcr.io/x/y:1")):
        task = {"ContainerSpec": {"Image": image, "Labels": labels}}
        made.engine |= {
            f"/containers/{name}/json": {
                "Id": name * 8, "Name": f"/web-{name}" if labels else "/db", "Config": {"Labels": labels, "Image": image},
                "HostConfig": {"Memory": 1 << 28}, "NetworkSettings": {"Networks": {}}, "Mounts": [],
            },
            f"/volumes/{name}": {"Name": name, "Driver": "local", "Labels": labels},
            f"/networks/{name}": {"Name": name, "Id": name * 8, "Driver": "bridge", "Labels": labels},
            f"/services/{name}": {
                "ID": name * 5, "PreviousSpec": service(labels) if labels else service({}),
                "Spec": {"Name": f"web-{name}" if labels else "db", "Labels": labels, "TaskTemplate": task},
            },
            f"/tasks/{name}": {"ServiceID": name, "Spec": task},
            f"/nodes/{name}": {"ID": name, "Spec": {"Labels": labels}},
            f"/secrets/{name}": {"ID": name, "Spec": {"Labels": labels}},
            f"/configs/{name}": {"ID": name, "Spec": {"Labels": labels}},
            f"/exec/{name}/json": {"ContainerID": name, "ProcessConfig": {"privileged": False}},
        }  # fmt: skip
    made.engine["/networks/bridge"] = {"Name": "bridge", "Driver": "bridge"}
    return made


def service(labels: dict[str, str], spec: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A service whose tasks bear the label of the team."""
    container = {"Image": "nginx:1", "Labels": TEAM} | (spec or {})
    return {"Name": "web-s", "Labels": labels, "TaskTemplate": {"ContainerSpec": container}} | more


def create(**host: Any) -> dict[str, Any]:
    return {"Image": "nginx:1", "Labels": TEAM, "HostConfig": {"Memory": 1 << 28} | host}


def endpoint(**settings: Any) -> dict[str, Any]:
    return create() | {"NetworkingConfig": {"EndpointsConfig": {"x": settings}}}


NEW = "POST /containers/create?name=web-2"
USES: dict[str, tuple[str, Any]] = {
    "a volume of a bind": (NEW, create(Binds=["{}:/d"])),
    "a volume of a mount": (NEW, create(Mounts=[{"Type": "volume", "Source": "{}", "Target": "/d"}])),
    "the volumes of a container": (NEW, create(VolumesFrom=["{}:ro"])),
    "a network": (NEW, create(NetworkMode="{}")),
    "the id of a network": (NEW, endpoint(NetworkID="{}")),
    "a link": (NEW, create(Links=["{}:db"])),
    "a link of an endpoint": (NEW, endpoint(Links=["{}:db"])),
    "the network of a container": (NEW, create(NetworkMode="container:{}")),
    "the PID namespace of a container": (NEW, create(PidMode="container:{}")),
    "the IPC namespace of a container": (NEW, create(IpcMode="container:{}")),
    "a network to connect to": ("POST /networks/{}/connect", {"Container": "in"}),
    "a container to connect": ("POST /networks/bridge/connect", {"Container": "{}"}),
    "a link to connect with": ("POST /networks/bridge/connect", {"Container": "in", "EndpointConfig": {"Links": ["{}:db"]}}),
    "a network to disconnect from": ("POST /networks/{}/disconnect", {"Container": "in"}),
    "the settings of a network": ("POST /networks/create", {"Name": "n", "ConfigFrom": {"Network": "{}"}}),
    "a volume to create that exists": ("POST /volumes/create", {"Name": "{}", "Labels": TEAM}),
    "a container to commit": ("POST /commit?container={}&repo=new&tag=1", None),
    "the network of a build": ("POST /build?networkmode={}", None),
    "the container whose network a build has": ("POST /build?networkmode=container:{}", None),
    "a secret of a service": ("POST /services/create", service(TEAM, {"Secrets": [{"SecretID": "{}"}]})),
    "a config of a service": ("POST /services/create", service(TEAM, {"Configs": [{"ConfigID": "{}"}]})),
    "a volume of a service": ("POST /services/create", service(TEAM, {"Mounts": [{"Type": "volume", "Source": "{}", "Target": "/d"}]})),
    "a network of a service": ("POST /services/create", service(TEAM, Networks=[{"Target": "{}"}])),
    "the specification before": ("POST /services/{}/update?version=1&rollback=previous", service(TEAM)),
} | {
    line: (line, None)
    for line in (
        "GET /containers/{}/json", "GET /containers/{}/logs", "POST /containers/{}/start", "DELETE /containers/{}",
        "GET /exec/{}/json", "GET /volumes/{}", "DELETE /volumes/{}", "GET /networks/{}", "DELETE /networks/{}",
        "GET /services/{}", "DELETE /services/{}", "GET /services/{}/logs", "GET /tasks/{}", "GET /tasks/{}/logs",
        "GET /nodes/{}", "DELETE /nodes/{}", "GET /secrets/{}", "DELETE /secrets/{}", "GET /configs/{}",
    )
}  # fmt: skip


def placed(value: Any, name: str) -> Any:
    """A value with a name in its gaps."""
    if isinstance(value, dict):
        return {key: placed(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [placed(item, name) for item in value]
    return value.format(name) if isinstance(value, str) else value


@pytest.mark.parametrize(("line", "body"), USES.values(), ids=USES)
def test_a_caller_uses_what_bears_its_label_and_nothing_else(line: str, body: Any) -> None:
    assert rules(world(LABELS).decide(line.format("in"), placed(body, "in"))) == set()
    assert rules(world(LABELS).decide(line.format("out"), placed(body, "out"))) == {"G005"}


CLUSTER = {
    "Group": "a", "AccessMode": {"Scope": "multi", "Sharing": "all", "MountVolume": {"FsType": "ext4"}},
    "AccessibilityRequirements": {"Requisite": [{"Segments": {"zone": "a"}}]}, "CapacityRange": {"RequiredBytes": 1},
    "Availability": "active", "Secrets": [{"Key": "k", "Secret": "{}"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("POST /volumes/create", {"Name": "new", "Driver": "csi", "Labels": TEAM, "ClusterVolumeSpec": CLUSTER}),
        ("PUT /volumes/in?version=1", {"Spec": CLUSTER}),
    ],
    ids=["create", "update"],
)
@pytest.mark.parametrize(
    ("limits", "secret", "denied"),
    [
        ("", "out", set()),
        ("", "db-pass", set()),
        ('labels = { team = "web" }\n', "in", set()),
        ('labels = { team = "web" }\n', "out", {"G005"}),
        ('labels = { team = "web" }\n', "db-pass", {"G004"}),
    ],
)
def test_a_cluster_volume_gives_its_driver_no_secret_of_others(
    line: str, body: Any, limits: str, secret: str, denied: set[str]
) -> None:
    made = world(f'{TABLE}volume-drivers = "csi"\n{limits}')
    assert rules(made.decide(line, placed(body, secret))) == denied


@pytest.mark.parametrize("policy", [NAMES, IMAGES], ids=["names", "images"])
@pytest.mark.parametrize(
    "line",
    [line for line, _ in USES.values() if line.startswith(("GET /serv", "DELETE /serv", "GET /task", "GET /cont"))],
)
def test_names_and_images_hold_for_services_and_tasks_as_for_containers(line: str, policy: str) -> None:
    assert rules(world(policy).decide(line.format("in"))) == set()
    assert rules(world(policy).decide(line.format("out"))) == {"G005"}


@pytest.mark.parametrize("policy", [NAMES, IMAGES], ids=["names", "images"])
@pytest.mark.parametrize("line", ["GET /volumes/{}", "GET /networks/{}", "DELETE /secrets/{}", "GET /nodes/{}"])
def test_names_and_images_are_not_about_what_has_none(line: str, policy: str) -> None:
    assert rules(world(policy).decide(line.format("out"))) == set()


@pytest.mark.parametrize(
    ("policy", "image", "denied"),
    [
        (LABELS, TEAM, set()), (LABELS, {}, {"G005"}), (LABELS, {"team": "db"}, {"G005"}),
        (f'{LABELS}images = "docker.io/library/*"\n', {}, set()), (IMAGES, {}, set()), (NAMES, {}, set()), (TABLE, {}, set()),
        (f"{LABELS}own = true\n", TEAM, {"G005"}), (f"{LABELS}own = true\n", {"sealock.guard.owner": "web"}, set()),
    ],
)  # fmt: skip
def test_a_caller_with_labels_deletes_images_that_bear_them(
    policy: str, image: dict[str, str], denied: set[str]
) -> None:
    made = world(policy)
    made.engine["/images/nginx:1/json"] = {"Config": {"Labels": image}}
    assert rules(made.decide("DELETE /images/nginx:1")) == denied
    if "own" not in policy:
        assert rules(made.decide("GET /images/nginx:1/json")) == set()


MADE: dict[str, tuple[str, Any]] = {
    "a container": (NEW, create()),
    "a volume": ("POST /volumes/create", {"Name": "new", "Labels": TEAM}),
    "a network": ("POST /networks/create", {"Name": "new", "Labels": TEAM}),
    "a secret": ("POST /secrets/create", {"Name": "new", "Data": "eA==", "Labels": TEAM}),
    "a config": ("POST /configs/create", {"Name": "new", "Data": "eA==", "Labels": TEAM}),
    "a service": ("POST /services/create", service(TEAM)),
    "a volume of a mount": (NEW, create(Mounts=[{"Type": "volume", "Source": "new", "Target": "/d", "VolumeOptions": {"Labels": TEAM}}])),
}  # fmt: skip


def bare(value: Any) -> Any:
    """A value without its last labels."""
    if not isinstance(value, dict):
        return [bare(item) for item in value] if isinstance(value, list) else value
    deeper = {key: bare(item) for key, item in value.items()}
    return {key: {} if key == "Labels" else item for key, item in deeper.items()} if deeper == value else deeper


@pytest.mark.parametrize(("line", "body"), MADE.values(), ids=MADE)
def test_what_a_caller_creates_bears_its_label(line: str, body: Any) -> None:
    assert rules(world(LABELS).decide(line, body)) == set()
    assert rules(world(LABELS).decide(line, bare(body))) == {"G005"}


def test_a_new_volume_of_a_bind_would_bear_no_label() -> None:
    assert rules(world(LABELS).decide(NEW, create(Binds=["new:/d"]))) == {"G005"}
    assert rules(world(NAMES).decide(NEW, create(Binds=["new:/d"]))) == set()


def entry(name: str, image: str, labels: dict[str, str]) -> dict[str, Any]:
    """An entry of each list at once."""
    container = {"ContainerSpec": {"Image": image, "Labels": labels}}
    spec = {"Name": name, "Labels": labels, "TaskTemplate": container} | container
    return {"Names": [f"/{name}"], "Image": image, "Labels": labels, "Spec": spec}


IN, OTHER_NAME = entry("web-1", "nginx:1", TEAM), entry("db", "nginx:1", TEAM)
OTHER_IMAGE, OTHER_TEAM = entry("web-2", "ghcr.io/x/y", TEAM), entry("web-3", "nginx:1", {"team": "db"})
LISTS: dict[str, tuple[str, str, list[Any]]] = {
    "containers by names": (NAMES, "GET /containers/json", [IN, OTHER_IMAGE, OTHER_TEAM]),
    "containers by images": (IMAGES, "GET /containers/json", [IN, OTHER_NAME, OTHER_TEAM]),
    "services by names": (NAMES, "GET /services", [IN, OTHER_IMAGE, OTHER_TEAM]),
    "services by images": (IMAGES, "GET /services", [IN, OTHER_NAME, OTHER_TEAM]),
    "tasks by images": (IMAGES, "GET /tasks", [IN, OTHER_NAME, OTHER_TEAM]),
    "tasks by labels": (LABELS, "GET /tasks", [IN, OTHER_NAME, OTHER_IMAGE]),
    "nodes by labels": (LABELS, "GET /nodes", [IN, OTHER_NAME, OTHER_IMAGE]),
    "nodes by names, which are not about them": (NAMES, "GET /nodes", [IN, OTHER_NAME, OTHER_IMAGE, OTHER_TEAM]),
}


@pytest.mark.parametrize(("policy", "line", "kept"), LISTS.values(), ids=LISTS)
def test_a_list_is_narrowed_in_the_answer(policy: str, line: str, kept: list[Any]) -> None:
    decision = world(policy).decide(line)
    assert isinstance(decision, Allowed)
    assert decision.answer_filter is not None
    given = [IN, OTHER_NAME, OTHER_IMAGE, OTHER_TEAM, "nonsense"]
    assert filter_answer(line, given, decision.answer_filter) == kept


def test_the_disk_usage_has_the_volumes_of_a_caller_with_names() -> None:
    decision = world(NAMES).decide("GET /system/df")
    assert isinstance(decision, Allowed)
    assert decision.answer_filter is not None
    usage = {
        "Containers": [IN, OTHER_NAME],
        "Volumes": [{"Name": "data"}],
        "VolumeUsage": {"Items": [{"Name": "data"}]},
    }
    assert filter_answer("GET /system/df", usage, decision.answer_filter) == {
        "Containers": [IN], "Volumes": [{"Name": "data"}], "BuildCache": [],
        "VolumeUsage": {"TotalCount": 1, "Items": [{"Name": "data"}]},
    }  # fmt: skip


def test_a_common_network_shows_no_containers_of_others() -> None:
    decision = world(LABELS).decide("GET /networks/bridge")
    assert isinstance(decision, Allowed)
    assert decision.answer_filter is not None
    described = {"Name": "bridge", "Containers": {"a": {"Name": "db"}}}
    assert filter_answer("GET /networks/{id}", described, decision.answer_filter) == {
        "Name": "bridge",
        "Containers": {},
    }
    own = world(LABELS).decide("GET /networks/in")
    assert isinstance(own, Allowed)
    assert own.answer_filter is None


@pytest.mark.parametrize(
    ("labels", "asked"),
    [
        ('team = "web"', ["team=web"]),
        ('team = "*"', ["team"]),
        ('team = "!"', ["team=!"]),
        ('team = "web", tier = "*"', ["team=web", "tier"]),
        ('team = "w*"', None),
        ('team = "**"', None),
        ('team = "we?"', None),
        ('team = "[vw]eb"', None),
    ],
)
def test_the_engine_is_asked_for_the_labels_of_a_caller(labels: str, asked: list[str] | None) -> None:
    decision = world(f"{TABLE}labels = {{ {labels} }}\n").decide("GET /containers/json")
    if asked is None:
        assert rules(decision) == {"G005"}
    else:
        assert isinstance(decision, Allowed)
        filters = json.loads(parse_qs(urlsplit(decision.target).query)["filters"][0])
        assert filters == {"label": dict.fromkeys(asked, True)}


@pytest.mark.parametrize(
    ("policy", "line"),
    [(NAMES, "GET /tasks"), (LABELS, "POST /build/prune"), (LABELS, "POST /build/cancel?id=x")],
)
def test_what_cannot_be_narrowed_is_denied(policy: str, line: str) -> None:
    assert rules(world(policy).decide(line)) == {"G005"}


OWN = f"{TABLE}own = true\n"
BY_LABEL, DENIED, LEFT = "with the label team=web", "others are denied (G005)", "others are left out"
WORDS: tuple[tuple[str, str, str], ...] = (
    (TABLE, "POST /containers/{id}/stop", ""),
    (LABELS, "POST /containers/{id}/stop", f"only containers {BY_LABEL}; {DENIED}"),
    (LABELS, "POST /exec/{id}/start", f"only containers {BY_LABEL}; {DENIED}"),
    (LABELS, "GET /tasks/{id}", f"only services {BY_LABEL}; {DENIED}"),
    (LABELS, "GET /tasks", f"only tasks {BY_LABEL}; {LEFT}"),
    (LABELS, "GET /containers/json", f"only containers {BY_LABEL}; {LEFT}"),
    (LABELS, "POST /containers/create", ""),
    (LABELS, "GET /info", ""),
    (LABELS, "GET /events", f"only objects {BY_LABEL}; {LEFT}"),
    (LABELS, "GET /images/{name}/json", ""),
    (LABELS, "DELETE /images/{name}", f"only images {BY_LABEL}; {DENIED}"),
    (LABELS, "POST /images/prune", f"only images {BY_LABEL}; {LEFT}"),
    (LABELS, "GET /networks/{id}", f"only networks {BY_LABEL}, or bridge, host and none; {DENIED}"),
    (LABELS, "DELETE /networks/{id}", f"only networks {BY_LABEL}; {DENIED}"),
    (LABELS, "GET /networks", f"only networks {BY_LABEL}; {LEFT}"),
    (NAMES, "DELETE /containers/{id}", f"only containers named web-*; {DENIED}"),
    (NAMES, "DELETE /volumes/{id}", ""),
    (NAMES, "GET /system/df", f"only containers named web-*; {LEFT}"),
    (IMAGES, "DELETE /images/{name}", f"only images named docker.io/library/*; {DENIED}"),
    (IMAGES, "GET /tasks", f"only tasks of images named docker.io/library/*; {LEFT}"),
    (OWN, "POST /containers/{id}/stop", f"only containers created by web; {DENIED}"),
    (OWN, "GET /images/json", f"only images created by web or by no caller; {LEFT}"),
    (OWN, "DELETE /images/{name}", f"only images created by web; {DENIED}"),
    (f'{OWN}labels = {{ team = "web" }}\n', "DELETE /images/{name}", f"only images created by web; {DENIED}"),
    (
        f'{OWN}labels = {{ team = "web" }}\n', "POST /images/prune",
        f"only images created by web, {BY_LABEL}; {LEFT}",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("policy", "route", "words"), WORDS)
def test_the_reach_of_a_caller_is_put_in_words(policy: str, route: str, words: str) -> None:
    (setting,) = GuardWorld(policy).guard.policy.callers
    assert explain_reach(BY_NAME[route], setting) == words
