"""The engine's description of a container is read without the defaults that it fills in."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.inspect import SAYS, Inspected, read_inspect
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import (
    FIELDS,
    Device,
    Health,
    Label,
    Link,
    Logging,
    Mount,
    Network,
    Port,
    Restart,
    Sysctl,
    Ulimit,
    Variable,
)
from sealock.model.location import At
from support.draws import draws

ID = "b1ff0977ce2ab52cecb4444834b6222d2af67a72c0fc1e43c0a50ea41d34a09a"
PLAIN: dict[str, Any] = {
    "Id": ID,
    "Name": "/web",
    "Image": "sha256:aae4",
    "HostConfig": {
        "Binds": None, "LogConfig": {"Type": "json-file", "Config": {}}, "NetworkMode": "bridge", "PortBindings": {},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False, "VolumeDriver": "", "VolumesFrom": None,
        "CapAdd": None, "CapDrop": None, "CgroupnsMode": "private", "Dns": [], "DnsOptions": [], "DnsSearch": [],
        "ExtraHosts": None, "GroupAdd": None, "IpcMode": "private", "Links": None, "OomScoreAdj": 0, "PidMode": "",
        "Privileged": False, "PublishAllPorts": False, "ReadonlyRootfs": False, "SecurityOpt": None, "UTSMode": "",
        "UsernsMode": "", "ShmSize": 67108864, "Runtime": "runc", "CpuShares": 0, "Memory": 0, "NanoCpus": 0,
        "CgroupParent": "", "BlkioWeight": 0, "CpuPeriod": 0, "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0,
        "CpusetCpus": "", "CpusetMems": "", "Devices": [], "DeviceCgroupRules": None, "DeviceRequests": None,
        "MemoryReservation": 0, "MemorySwap": 0, "MemorySwappiness": None, "OomKillDisable": False, "PidsLimit": None,
        "Ulimits": [], "MaskedPaths": ["/proc/acpi"], "ReadonlyPaths": ["/proc/bus"],
    },
    "Mounts": [],
    "Config": {
        "Hostname": ID[:12], "Domainname": "", "User": "", "Tty": False, "OpenStdin": False, "Env": ["A=1"], "Cmd": ["sh"],
        "Image": "alpine:3", "Volumes": None, "WorkingDir": "", "Entrypoint": None, "Labels": {},
    },
    "NetworkSettings": {"Networks": {"bridge": {"Aliases": None, "Links": None}}},
}  # fmt: skip


def engine(host: dict[str, Any] | None = None, config: dict[str, Any] | None = None, **top: Any) -> Inspected:
    answer = deepcopy(PLAIN)
    answer["HostConfig"] |= host or {}
    answer["Config"] |= config or {}
    return read_inspect(json.dumps([answer | top]))


def test_plain_container_has_only_fields_of_its_image_and_name() -> None:
    inspected = engine()
    assert inspected.errors == ()
    values = {field: value for field in SAYS if (value := getattr(inspected.container, field)) is not UNSET}
    assert values == {
        "image": "alpine:3", "name": "web", "environment": (Variable("A", "1"),), "command": ("sh",), "user": "",
    }  # fmt: skip


@pytest.mark.parametrize("field", sorted(set(FIELDS) - set(SAYS)))
def test_field_that_the_engine_does_not_store_is_unknown(field: str) -> None:
    assert getattr(engine().container, field) is UNKNOWN


@pytest.mark.parametrize(
    ("host", "field", "value"),
    [
        ({"Privileged": True}, "privileged", True),
        ({"Privileged": True, "SecurityOpt": ["label=disable"]}, "selinux", UNSET),
        ({"PidMode": "host", "SecurityOpt": ["label=disable"]}, "selinux", UNSET),
        ({"SecurityOpt": ["label=disable"]}, "selinux", ("disable",)),
        ({"SecurityOpt": ["no-new-privileges"]}, "no_new_privileges", True),
        ({"SecurityOpt": ["no-new-privileges:false"]}, "no_new_privileges", False),
        ({"SecurityOpt": ["seccomp=unconfined", "apparmor=x"]}, "apparmor", "x"),
        ({"SecurityOpt": ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']}, "seccomp", '{"defaultAction":"SCMP_ACT_ALLOW"}'),
        ({"MaskedPaths": [], "ReadonlyPaths": []}, "unconfined_paths", True),
        ({"MaskedPaths": None, "ReadonlyPaths": None}, "unconfined_paths", UNSET),
        ({"CapAdd": ["cap_net_admin", "SYS_TIME"]}, "cap_add", ("NET_ADMIN", "SYS_TIME")),
        ({"Binds": ["/a:/b:ro", "v:/c"]}, "mounts", (Mount("bind", "/a", "/b", read_only=True), Mount("volume", "v", "/c"))),
        ({"Tmpfs": {"/t": "size=5m,ro", "/u": ""}}, "mounts", (Mount("tmpfs", None, "/t", read_only=True, options=("size=5m",)), Mount("tmpfs", None, "/u"))),
        ({"Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True, "BindOptions": {"Propagation": "rslave"}}]}, "mounts", (Mount("bind", "/a", "/b", read_only=True, propagation="rslave"),)),
        ({"Mounts": [{"Type": "tmpfs", "Target": "/b", "TmpfsOptions": {"SizeBytes": 5, "Mode": 1016}}]}, "mounts", (Mount("tmpfs", None, "/b", options=("size=5", "mode=1770")),)),
        ({"PortBindings": {"80/tcp": [{"HostIp": "::", "HostPort": "8080"}, {"HostIp": "", "HostPort": ""}]}}, "ports", (Port("80", "8080", "::"), Port("80"))),
        ({"Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"}]}, "devices", (Device("/dev/a", "/dev/b", "r"),)),
        ({"DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": None}]}, "gpus", "all"),
        ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["v/c=n"]}, {"Count": 2, "DeviceIDs": None}]}, "gpus", "2"),
        ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["v/c=n"]}]}, "devices", (Device("v/c=n", ""),)),
        ({"Memory": 64, "MemorySwap": 128}, "memory_swap", UNSET),
        ({"Memory": 64, "MemorySwap": -1}, "memory_swap", -1),
        ({"NanoCpus": 1500000000}, "cpus", 1.5),
        ({"Ulimits": [{"Name": "core", "Soft": 0, "Hard": 5}]}, "ulimits", (Ulimit("core", 0, 5),)),
        ({"Ulimits": [{"Name": "RLIMIT_NOFILE", "Soft": 1, "Hard": 2}]}, "ulimits", (Ulimit("nofile", 1, 2),)),
        ({"RestartPolicy": None}, "restart", UNSET),
        ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}, "restart", Restart("on-failure", 3)),
        ({"LogConfig": {"Type": "none", "Config": {}}}, "logging", Logging("none")),
        ({"LogConfig": {"Type": "json-file", "Config": {"max-size": "5m"}}}, "logging", Logging("json-file", (("max-size", "5m"),))),
        ({"NetworkMode": "host"}, "network_mode", "host"),
        ({"NetworkMode": "container:abc"}, "network_mode", "container:abc"),
        ({"NetworkMode": "app"}, "networks", (Network("app"),)),
        ({"Links": ["/db:/web/alias"]}, "links", (Link("db", "alias"),)),
        ({"Init": False}, "init", False),
        ({"IpcMode": "shareable"}, "ipc", "shareable"),
        ({"CgroupnsMode": "host"}, "cgroupns", "host"),
        ({"Sysctls": {"net.x": "1"}}, "sysctls", (Sysctl("net.x", "1"),)),
        ({"Annotations": {"a": "b"}}, "annotations", (Label("a", "b"),)),
        ({"StorageOpt": {"size": "5g"}}, "storage_options", ("size=5g",)),
        ({"PidsLimit": 100}, "pids_limit", 100),
    ],
)  # fmt: skip
def test_each_setting_is_read(host: dict[str, Any], field: str, value: Any) -> None:
    inspected = engine(host)
    assert inspected.errors == ()
    assert getattr(inspected.container, field) == value


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        ({"Hostname": "web"}, "hostname", "web"),
        ({"User": "1000"}, "user", "1000"),
        ({"Tty": True}, "tty", True),
        ({"Labels": {"a": "b"}}, "labels", (Label("a", "b"),)),
        ({"Healthcheck": {"Test": ["NONE"]}}, "health", Health(disabled=True)),
        ({"Volumes": {"/data": {}}}, "mounts", (Mount("volume", None, "/data"),)),
        ({"StopTimeout": 5}, "stop_timeout", 5),
        ({"MacAddress": "02:42:ac:11:00:02"}, "mac_address", "02:42:ac:11:00:02"),
    ],
)
def test_the_container_s_own_configuration_is_read(config: dict[str, Any], field: str, value: Any) -> None:
    inspected = engine(config=config)
    assert inspected.errors == ()
    assert getattr(inspected.container, field) == value


def test_short_id_is_no_alias_and_links_are_read_from_networks() -> None:
    joined = {"b": {"Aliases": None}, "a": {"Aliases": ["x", ID[:12], "b"], "Links": ["db:d"]}}
    inspected = engine({"NetworkMode": "a"}, NetworkSettings={"Networks": joined})
    assert inspected.container.networks == (Network("a", ("x", "b")), Network("b"))
    assert inspected.container.links == (Link("db", "d"),)
    assert inspected.where["networks", 0].pointer == "/0/NetworkSettings/Networks/a"


def test_further_networks_are_read() -> None:
    inspected = engine(NetworkSettings={"Networks": {"bridge": {}, "app": {}}})
    assert inspected.container.network_mode is UNSET
    assert inspected.container.networks == (Network("app"),)


def test_mounts_of_another_container_are_read() -> None:
    mounts = [
        {
            "Type": "bind",
            "Source": "/var/run/docker.sock",
            "Destination": "/sock",
            "RW": False,
            "Propagation": "rprivate",
        },
        {
            "Type": "volume",
            "Name": "shared",
            "Source": "/var/lib/docker/volumes/shared/_data",
            "Destination": "/s",
            "RW": True,
        },
        {"Type": "bind", "Source": "/a", "Destination": "/b", "RW": True},
    ]
    inspected = engine({"Binds": ["/a:/b"], "VolumesFrom": ["x"]}, Mounts=mounts)
    assert inspected.container.mounts == (
        Mount("bind", "/a", "/b"),
        Mount("bind", "/var/run/docker.sock", "/sock", read_only=True, propagation="rprivate"),
        Mount("volume", "shared", "/s"),
    )
    assert inspected.where["mounts", 1].pointer == "/0/Mounts/0"


@pytest.mark.parametrize(
    ("host", "at", "pointer"),
    [
        ({"Privileged": True}, ("privileged",), "/0/HostConfig/Privileged"),
        ({"SecurityOpt": ["apparmor=x", "seccomp=unconfined"]}, ("seccomp",), "/0/HostConfig/SecurityOpt/1"),
        ({"Binds": ["/a:/b"]}, ("mounts", 0), "/0/HostConfig/Binds/0"),
        ({"PortBindings": {"80/tcp": [{}, {}]}}, ("ports", 1), "/0/HostConfig/PortBindings/80~1tcp/1"),
        ({"CapAdd": ["ALL"]}, ("cap_add", 0), "/0/HostConfig/CapAdd/0"),
    ],
)
def test_each_field_has_its_pointer(host: dict[str, Any], at: At, pointer: str) -> None:
    assert engine(host).where[at].pointer == pointer


@pytest.mark.parametrize(
    ("host", "field", "pointer"),
    [
        ({"Privileged": "yes"}, "privileged", "/0/HostConfig/Privileged"),
        ({"Memory": "64m"}, "memory", "/0/HostConfig/Memory"),
        ({"PidsLimit": {}}, "pids_limit", "/0/HostConfig/PidsLimit"),
        ({"PortBindings": []}, "ports", "/0/HostConfig/PortBindings"),
        ({"Sysctls": []}, "sysctls", "/0/HostConfig/Sysctls"),
        ({"Devices": {}}, "devices", "/0/HostConfig/Devices"),
        ({"Ulimits": "x"}, "ulimits", "/0/HostConfig/Ulimits"),
        ({"PidMode": 5}, "pid", "/0/HostConfig/PidMode"),
        ({"Binds": {"a": 1}}, "mounts", "/0/HostConfig/Binds"),
        ({"CapAdd": [5]}, "cap_add", "/0/HostConfig/CapAdd/0"),
        ({"SecurityOpt": 5}, "seccomp", "/0/HostConfig/SecurityOpt"),
        ({"SecurityOpt": 5}, "no_new_privileges", "/0/HostConfig/SecurityOpt"),
        ({"SecurityOpt": ["nonsense"]}, "apparmor", "/0/HostConfig/SecurityOpt/0"),
        ({"Binds": ["a:b:c:d"]}, "mounts", "/0/HostConfig/Binds/0"),
        ({"RestartPolicy": 5}, "restart", "/0/HostConfig/RestartPolicy"),
        ({"LogConfig": []}, "logging", "/0/HostConfig/LogConfig"),
    ],
)
def test_wrong_type_is_an_error_and_unknown(host: dict[str, Any], field: str, pointer: str) -> None:
    inspected = engine(host)
    assert pointer in {error.location.pointer for error in inspected.errors}
    assert getattr(inspected.container, field) is UNKNOWN or field in inspected.unresolved


def test_a_list_keeps_what_could_be_read_of_it() -> None:
    inspected = engine(
        {"CapAdd": ["ALL", 5], "Binds": ["/a:/b", "a:b:c:d"], "SecurityOpt": ["no-new-privileges", "nonsense"]}
    )
    assert inspected.container.cap_add == ("ALL",)
    assert inspected.container.mounts == (Mount("bind", "/a", "/b"),)
    assert inspected.container.no_new_privileges is True
    assert {"cap_add", "mounts", "no_new_privileges"} <= set(inspected.unresolved)


@pytest.mark.parametrize(
    ("part", "fields"), [("HostConfig", ("privileged", "ports", "mounts")), ("Config", ("user", "image", "tty"))]
)
@pytest.mark.parametrize("value", [None, 5, []])
def test_without_a_part_its_fields_are_unknown(part: str, fields: tuple[str, ...], value: Any) -> None:
    inspected = engine(**{part: value})
    assert inspected.errors
    assert all(getattr(inspected.container, field) is UNKNOWN for field in fields)


@pytest.mark.parametrize("text", ["", "[]", "5", "{", "[{}, {}]", '{"Config": {}}', "null", "[" * 10_000])
def test_other_json_is_an_error(text: str) -> None:
    inspected = read_inspect(text)
    assert inspected.errors
    assert inspected.container.privileged is UNKNOWN


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@draws(200)
@given(
    st.dictionaries(
        st.sampled_from(sorted([*PLAIN["HostConfig"], "Mounts", "Tmpfs", "Sysctls", "Init"])), VALUES, max_size=8
    ),
    st.dictionaries(st.sampled_from(sorted([*PLAIN["Config"], "Healthcheck", "StopTimeout"])), VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["Id", "Name", "Mounts", "NetworkSettings"]), VALUES, max_size=2),
)
def test_no_json_makes_it_raise(host: dict[str, Any], config: dict[str, Any], top: dict[str, Any]) -> None:
    engine(host, config, **top)


def without(*keys: str) -> Inspected:
    answer = deepcopy(PLAIN)
    for key in keys:
        del answer["HostConfig"][key]
    return read_inspect(json.dumps(answer))


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("CgroupnsMode", "cgroupns"), ("NanoCpus", "cpus"), ("PidsLimit", "pids_limit"), ("CapDrop", "cap_drop"),
        ("SecurityOpt", "no_new_privileges"), ("SecurityOpt", "seccomp"), ("UsernsMode", "userns"), ("Memory", "memory"),
        ("Privileged", "privileged"), ("PidMode", "pid"), ("Devices", "devices"), ("LogConfig", "logging"),
    ],
)  # fmt: skip
def test_field_that_an_older_engine_lacks_is_unknown(key: str, field: str) -> None:
    assert getattr(without().container, field) is UNSET
    answer = without(key)
    assert getattr(answer.container, field) is UNKNOWN
    assert answer.errors == ()


@pytest.mark.parametrize("key", ["Init", "Runtime", "Sysctls", "Annotations", "StorageOpt", "Tmpfs", "Mounts"])
def test_member_that_engines_omit_by_default_is_unset(key: str) -> None:
    answer = deepcopy(PLAIN)
    answer["HostConfig"].pop(key, None)
    container = read_inspect(json.dumps(answer)).container
    assert UNKNOWN not in {container.init, container.runtime, container.sysctls, container.mounts}


def test_empty_cgroup_namespace_mode_is_unknown() -> None:
    assert engine({"CgroupnsMode": ""}).container.cgroupns is UNKNOWN
    assert engine({"CgroupnsMode": "host"}).container.cgroupns == "host"


PODMANS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
           "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]  # fmt: skip


@pytest.mark.parametrize(
    ("added", "dropped", "expected"),
    [
        ([], [], ("AUDIT_WRITE", "MKNOD", "NET_RAW")),
        (["CAP_NET_RAW"], [], ("AUDIT_WRITE", "MKNOD")),
        ([], ["CAP_CHOWN"], ("CHOWN", "AUDIT_WRITE", "MKNOD", "NET_RAW")),
        ([], PODMANS, ("ALL",)),
        (["CAP_NET_ADMIN"], [*PODMANS, "CAP_X"], ("ALL",)),
        (5, [], UNSET),
    ],
)
def test_capabilities_of_podman_are_relative_to_its_own_defaults(added: Any, dropped: Any, expected: object) -> None:
    container = engine({"Runtime": "oci", "CapAdd": added, "CapDrop": dropped}).container
    assert container.cap_drop == expected
    assert container.runtime is UNSET
