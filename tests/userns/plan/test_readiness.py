"""What a machine must have, one fact after the other changed on a machine that is ready."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.container import Container, container
from sealock.userns.plan import EngineImage, EngineVolume, MachineFacts, Owned, PlannedContainer, plan

GIB = 1 << 30
WEB = PlannedContainer("web", container(userns="", privileged=False))
READY = MachineFacts(
    kernel="6.1.0",
    user_namespaces=True,
    most_namespaces=1000,
    subuid="other:100000:65536\n",
    subgid="other:100000:65536\n",
    accounts={"root": 0, "other": 1000},
    groups={"root": 0, "other": 1000},
    engine=True,
    flag="",
    storage="overlay2",
    data_root="/var/lib/docker",
    free=50 * GIB,
    version="26.1.5",
    images=(EngineImage("nginx:1", GIB), EngineImage("own:1", GIB, pullable=False)),
    containers=(WEB,),
)
RANGE = "dockremap:200000:65536\n"


def with_(**fields: Any) -> MachineFacts:
    return replace(READY, **fields)


def told(machine: MachineFacts, user: str = "") -> list[tuple[str, str, str]]:
    return [(check.name, check.answer, check.text) for check in plan(machine, user).checks if check.answer != "ok"]


def test_a_machine_that_is_ready() -> None:
    made = plan(READY)
    assert made.result == "ready"
    assert not told(READY)
    assert [(uid.start, uid.count) for uid in (*made.uids, *made.gids)] == [(165536, 65536)] * 2
    assert made.new_uids
    assert made.new_gids
    assert made.data_root == "/var/lib/docker/165536.165536"
    assert made.setting == "default"


@pytest.mark.parametrize(
    ("fields", "name", "answer", "words"),
    [
        # The kernel and the distribution
        ({"user_namespaces": False}, "kernel", "fails", "has no user namespaces"),
        ({"user_namespaces": None}, "kernel", "unknown", "could not find out whether"),
        ({"most_namespaces": 0}, "kernel", "fails", "user.max_user_namespaces = 0"),
        ({"most_namespaces": 0, "kernel": "3.10.0-1160.el7.x86_64"}, "kernel", "fails", "the default of RHEL 7"),
        ({"most_namespaces": None, "kernel": "3.10.0-514.el7.x86_64"}, "kernel", "fails", "only with a boot option"),
        ({"most_namespaces": None}, "kernel", "unknown", "how many"),
        ({"away": "tcp://10.0.0.5:2376"}, "kernel", "unknown", "tcp://10.0.0.5:2376"),
        # The ranges
        ({"subuid": None}, "subuid", "unknown", "could not be read"),
        ({"subgid": None}, "subgid", "unknown", "could not be read"),
        ({"subuid": "nonsense\n"}, "subuid", "fails", "the engine will not start with it"),
        ({"subuid": "dockremap: 1:65536\n"}, "subuid", "fails", "the engine will not start with it"),
        ({"subuid": "jo: 1:65536\n"}, "subuid", "note", "is no range"),
        ({"subuid": "dockremap:200000:1000\n"}, "subuid", "fails", "only 1000 ids"),
        ({"subuid": "dockremap:30000:65536\n"}, "subuid", "fails", "below 65536"),
        ({"subuid": f"{RANGE}other:200000:65536\n"}, "subuid", "fails", "shares ids with other's"),
        ({"subuid": RANGE, "accounts": {"jo": 200005}}, "subuid", "fails", "jo is in dockremap's range"),
        ({"subgid": RANGE, "groups": {"jo": 200005}}, "subgid", "fails", "jo is in dockremap's range"),
        ({"subuid": "a:100000:4294867295\n"}, "subuid", "fails", "leaves no 65536 ids free"),
        (
            {"subuid": "".join(f"dockremap:{at}:256\n" for at in range(200000, 400000, 256))},
            "subuid",
            "fails",
            "ranges",
        ),
        ({"subuid": "a:100000:424288\n"}, "subuid", "note", "systemd-nspawn"),
        ({"subuid": "a:100000:65536\nb:165536:65536\n", "directory": "sss"}, "subuid", "note", "come from sss too"),
        # The user
        ({"remap_setting": "gone"}, "user", "fails", "there is no user gone"),
        ({"remap_setting": "root"}, "user", "fails", "which is no remapping"),
        # The engine
        ({"engine": False}, "engine", "unknown", "no engine answered"),
        ({"podman": True}, "engine", "fails", "Podman"),
        ({"rootless": True}, "engine", "fails", "rootless"),
        ({"swarm": True}, "swarm", "fails", "swarm"),
        ({"live_restore": True}, "restart", "note", "live-restore keeps 1 running"),
        # Its settings
        ({"flag": "default"}, "settings", "fails", "would not start"),
        ({"flag": None}, "settings", "note", "could not be read"),
        ({"broken_settings": "not valid JSON"}, "settings", "fails", "not valid JSON"),
        ({"interrupted": True}, "settings", "note", "interrupted"),
        ({"remap_setting": "default"}, "settings", "note", "does not remap"),
        ({"closed": ("/srv",)}, "data", "fails", "cannot enter /srv"),
        # Its storage
        ({"storage": "devicemapper"}, "storage", "fails", "out of support"),
        ({"storage": "aufs"}, "storage", "fails", "out of support"),
        ({"storage": "strange"}, "storage", "unknown", "supports remapping"),
        ({"storage": ""}, "storage", "unknown", "supports remapping"),
        ({"storage": "overlayfs", "containerd_store": True}, "storage", "fails", "docker build does not work"),
        ({"containerd_store": True, "version": "29.0.1"}, "storage", "note", "turns the containerd image store off"),
        (
            {"containerd_store": True, "version": "29.1.0", "store_setting": True},
            "storage",
            "fails",
            "enables the containerd image store",
        ),
        ({"containerd_store": True, "version": ""}, "storage", "unknown", "its version is unknown"),
        ({"free": None}, "disk", "unknown", "free space is unknown"),
        ({"free": GIB}, "disk", "fails", "only 1 GiB are free"),
        ({"containers": (PlannedContainer("odd", Container()),)}, "containers", "unknown", "odd"),
    ],
)
def test_what_is_not_well_is_reported(fields: dict[str, Any], name: str, answer: str, words: str) -> None:
    machine = with_(**fields)
    found = [
        check for check in plan(machine).checks if check.name == name and check.answer == answer and words in check.text
    ]
    assert found
    wanted = {"fails": "not ready", "unknown": "unknown", "note": "ready"}
    assert plan(machine).result == wanted[answer]
    assert answer != "fails" or all(one.remedy for one in found)


@pytest.mark.parametrize(
    "fields",
    [
        {"unprivileged": False},
        {"most_namespaces": None, "kernel": "3.10.0-514.el7.x86_64", "boot": "quiet user_namespace.enable=1"},
        {"subuid": RANGE, "subgid": RANGE},
        {"subuid": f"{RANGE}dockremap:300000:5\n"},
        {"storage": "btrfs"},
        {"free": 2 * GIB},
        {"directory": "sss", "subuid": "", "subgid": ""},
        {"live_restore": True, "containers": (PlannedContainer("web", WEB.container, running=False),)},
    ],
)
def test_what_is_well_is_left_only(fields: dict[str, Any]) -> None:
    assert not told(with_(**fields))


def test_volumes_take_room_too() -> None:
    held = {"volumes": (EngineVolume("db", path="/v"),), "owned": (Owned(path="/v", size=2 * GIB),)}
    assert plan(with_(free=3 * GIB, **held)).result == "not ready"
    assert plan(with_(free=4 * GIB, **held)).result == "ready"


@pytest.mark.parametrize(
    ("setting", "asked", "user", "written"),
    [
        ("", "", "dockremap", "default"),
        ("default", "", "dockremap", "default"),
        ("dockremap", "", "dockremap", "default"),
        ("other", "", "other", "other"),
        ("other:docker", "", "other", "other"),
        ("1000", "", "other", "other"),
        ("1000:1000", "", "other", "other"),
        ("other", "dockremap", "dockremap", "default"),
        ("", "other", "other", "other"),
        ("", "1000", "other", "other"),
        ("", "default", "dockremap", "default"),
    ],
)
def test_the_user_is_the_one_asked_for_else_the_settings_own(setting: str, asked: str, user: str, written: str) -> None:
    made = plan(with_(remap_setting=setting), asked)
    assert (made.user, made.setting) == (user, written)


def test_another_users_setting_is_reported() -> None:
    assert ("user", "note") in [one[:2] for one in told(with_(remap_setting="other"), "dockremap")]
    assert ("user", "note") not in [one[:2] for one in told(with_(remap_setting="other"))]


def test_ranges_of_groups_go_by_the_user_and_never_by_a_group() -> None:
    made = plan(with_(subgid="docker:200000:65536\n", groups={"docker": 999}), "other")
    assert made.gids[0].start == 100_000
    assert made.gids[0].name == "other"


def test_an_engine_that_remaps_is_on_already() -> None:
    made = plan(with_(remapped=True, subuid=RANGE, subgid=RANGE))
    assert made.result == "already on"
    assert not made.images
    assert not made.containers


def test_an_engine_elsewhere_needs_nothing_of_this_machine() -> None:
    made = plan(with_(away="ssh://me@there"))
    assert not made.uids
    assert not made.data_root
    assert {check.name for check in made.checks} <= {"kernel", "storage", "disk", "engine"}


def test_an_engine_elsewhere_is_not_said_to_be_on_already() -> None:
    assert plan(with_(remapped=True)).result == "already on"
    assert plan(with_(remapped=True, away="ssh://me@there")).result == "unknown"
