"""What engines report of themselves, their machines and their networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.engine import read_info, read_network, read_networks
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.host import Component, Swarm
from sealock.model.network import NetworkEndpoint
from support.draws import draws

INFO: dict[str, Any] = {
    "ID": "x", "Containers": 3, "ContainersRunning": 2, "Images": 7, "Driver": "overlay2", "DriverStatus": None,
    "Plugins": {"Volume": ["local"], "Network": ["bridge"], "Authorization": None, "Log": ["json-file"]},
    "SwapLimit": True, "IPv4Forwarding": True, "Debug": False, "LoggingDriver": "json-file", "CgroupDriver": "systemd",
    "CgroupVersion": "2", "KernelVersion": "6.1.0", "OperatingSystem": "Debian GNU/Linux 12", "Architecture": "x86_64",
    "RegistryConfig": {
        "InsecureRegistryCIDRs": ["127.0.0.0/8"], "Mirrors": None,
        "IndexConfigs": {"docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True}},
    },
    "DockerRootDir": "/var/lib/docker", "HttpProxy": "", "HttpsProxy": "", "NoProxy": "", "Name": "vm", "Labels": [],
    "ExperimentalBuild": False, "ServerVersion": "26.1.5", "Runtimes": {"runc": {"path": "runc"}}, "DefaultRuntime": "runc",
    "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False},
    "LiveRestoreEnabled": False, "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
}  # fmt: skip
VERSION: dict[str, Any] = {
    "Components": [
        {"Name": "Engine", "Version": "26.1.5", "Details": {"GitCommit": "411e817"}},
        {"Name": "containerd", "Version": "1.7.24", "Details": {"GitCommit": "abc"}},
        {"Name": "runc", "Version": "1.1.15", "Details": {}},
    ],
    "Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24",
}  # fmt: skip


def engine(info: object = INFO, version: object = VERSION) -> Any:
    return read_info(json.dumps(info), json.dumps(version))


def test_default_engine() -> None:
    says = engine()
    daemon, host = says.daemon, says.host
    assert says.errors == ()
    assert (host.name, host.kernel, host.containers, host.running, host.images) == ("vm", "6.1.0", 3, 2, 7)
    assert (host.cgroup_version, host.swap_accounting, host.seccomp, host.api_version) == (2, True, True, "1.45")
    assert host.components == (
        Component("engine", "26.1.5", "411e817"), Component("containerd", "1.7.24", "abc"), Component("runc", "1.1.15"),
    )  # fmt: skip
    assert host.swarm == Swarm(active=False, advertise_address=UNSET)
    assert daemon.authorization_plugins is UNSET
    assert daemon.insecure_registries is UNSET
    assert daemon.userns_remap is UNSET
    assert (daemon.rootless, daemon.no_new_privileges, daemon.selinux_enabled) == (False, False, False)
    assert daemon.seccomp_profile is UNSET
    assert daemon.default_cgroupns_mode == "private"
    assert (daemon.runtimes, daemon.storage_driver, daemon.live_restore) == (("runc",), "overlay2", False)


SETTINGS: list[tuple[dict[str, Any], str, object]] = [
    ({"SecurityOptions": ["name=userns"]}, "userns_remap", "on"),
    ({"SecurityOptions": ["name=rootless"]}, "rootless", True),
    ({"SecurityOptions": ["name=no-new-privileges"]}, "no_new_privileges", True),
    ({"SecurityOptions": ["name=selinux"]}, "selinux_enabled", True),
    ({"SecurityOptions": ["name=seccomp,profile=/etc/p.json"]}, "seccomp_profile", "/etc/p.json"),
    ({"SecurityOptions": ["name=seccomp,profile=unconfined"]}, "seccomp_profile", "unconfined"),
    ({"SecurityOptions": ["seccomp"]}, "seccomp_profile", UNSET),
    ({"SecurityOptions": []}, "seccomp_profile", UNKNOWN),
    ({"SecurityOptions": []}, "default_cgroupns_mode", "host"),
    ({"SecurityOptions": None}, "rootless", False),
    ({"SecurityOptions": 5}, "rootless", UNKNOWN),
    ({"SecurityOptions": ["name=seccomp", 5]}, "userns_remap", UNKNOWN),
    ({"Plugins": {"Authorization": ["opa"]}}, "authorization_plugins", ("opa",)),
    ({"Plugins": {}}, "authorization_plugins", UNKNOWN),
    ({"RegistryConfig": {"InsecureRegistryCIDRs": ["10.0.0.0/8", "127.0.0.0/8"]}}, "insecure_registries", ("10.0.0.0/8",)),
    (
        {"RegistryConfig": {"InsecureRegistryCIDRs": None, "IndexConfigs": {"r:5000": {"Secure": False}}}},
        "insecure_registries", ("r:5000",),
    ),
    ({"RegistryConfig": {"InsecureRegistryCIDRs": 5}}, "insecure_registries", UNKNOWN),
    ({"RegistryConfig": None}, "insecure_registries", UNKNOWN),
    ({"RegistryConfig": {"Mirrors": ["https://m/"], "InsecureRegistryCIDRs": None}}, "registry_mirrors", ("https://m/",)),
    ({"HttpProxy": "http://p:1"}, "proxies", (("http-proxy", "http://p:1"),)),
    ({"CgroupVersion": "3"}, "cgroup_version", UNKNOWN),
    ({"Debug": "yes"}, "debug", UNKNOWN),
    ({"LiveRestoreEnabled": True}, "live_restore", True),
    ({"Labels": None}, "labels", UNSET),
    ({"Runtimes": 5}, "runtimes", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "field", "expected"), SETTINGS)
def test_each_setting_is_read(answer: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(engine(INFO | answer).daemon, field) == expected


@pytest.mark.parametrize("key", sorted(set(INFO) - {"ID", "DriverStatus"}))
def test_missing_key_is_unknown(key: str) -> None:
    before, after = engine(), engine({name: value for name, value in INFO.items() if name != key})
    lost = [
        name
        for noun, other in ((before.daemon, after.daemon), (before.host, after.host))
        for name in noun.__struct_fields__
        if name != "daemon" and getattr(noun, name) != getattr(other, name)
    ]
    changed = [getattr(after.daemon, name, getattr(after.host, name, None)) for name in lost]
    assert all(value is UNKNOWN for value in changed) or key == "HttpProxy"


SWARM = {
    "NodeAddr": "10.0.0.1", "LocalNodeState": "active", "ControlAvailable": True, "Managers": 3, "Nodes": 5,
    "Cluster": {"Spec": {"EncryptionConfig": {"AutoLockManagers": True}, "CAConfig": {"NodeCertExpiry": 7776000000000000}}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (SWARM, Swarm(active=True, manager=True, managers=3, nodes=5, autolock=True, advertise_address="10.0.0.1",
                      certificate_expiry=7776000.0)),
        ({"LocalNodeState": "pending"}, Swarm(active=True)),
        ({"LocalNodeState": "locked", "NodeAddr": ""}, Swarm(active=True, advertise_address=UNSET)),
        ({}, UNKNOWN),
        (5, UNKNOWN),
        ({"LocalNodeState": 5}, UNKNOWN),
    ],
)  # fmt: skip
def test_swarm(answer: object, expected: object) -> None:
    assert engine(INFO | {"Swarm": answer}).host.swarm == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"Version": "1.12.6", "GitCommit": "78d1802"}, (Component("engine", "1.12.6", "78d1802"),)),
        ({}, (Component("engine", "26.1.5"),)),
        ({"Components": [{"Name": "Podman Engine", "Version": "5.4.2"}]}, (Component("podman", "5.4.2"),)),
        ({"Components": [5, {"Name": 5}, {"Version": "1"}]}, (Component("engine", "26.1.5"),)),
    ],
)
def test_components(version: object, expected: object) -> None:
    assert engine(version=version).host.components == expected


@pytest.mark.parametrize("text", ["", "[]", "null", "5", "{", "\x00", "[" * 100_000])
def test_invalid_answer_is_an_error_and_all_unknown(text: str) -> None:
    says = read_info(text, text)
    assert len(says.errors) == (2 if text else 0)
    assert all(
        getattr(says.daemon, name) is UNKNOWN
        for name in ("rootless", "userns_remap", "authorization_plugins", "insecure_registries", "live_restore")
    )
    assert says.host.components is UNKNOWN
    assert says.host.swarm is UNKNOWN
    assert read_networks(text) == ()
    assert read_network(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@draws(150)
@given(st.dictionaries(st.sampled_from(sorted(INFO)), JSON), st.dictionaries(st.sampled_from(sorted(VERSION)), JSON))
def test_no_json_makes_it_raise(info: dict[str, Any], version: dict[str, Any]) -> None:
    engine(info, version)


NETWORK: dict[str, Any] = {
    "Name": "app", "Id": "a" * 64, "Scope": "local", "Driver": "bridge", "EnableIPv6": False, "Internal": True,
    "IPAM": {"Driver": "default", "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1/16"}, {"Subnet": "fd00::/64"}]},
    "Attachable": False, "Ingress": False, "Labels": {"a": "b", "c": 5},
    "Options": {"com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": "br-app"},
    "Containers": {
        "b" * 64: {"Name": "web", "IPv4Address": "172.18.0.2/16", "IPv6Address": "", "MacAddress": "02:42:ac:12:00:02"},
        "c" * 64: {"Name": "", "IPv4Address": "172.18.0.3/16"},
    },
}  # fmt: skip


def test_network_with_endpoints() -> None:
    network = read_network(json.dumps(NETWORK))
    assert network is not None
    assert (network.name, network.driver, network.internal, network.ipv6, network.icc) == (
        "app",
        "bridge",
        True,
        False,
        False,
    )
    assert (network.subnets, network.gateways) == (("172.18.0.0/16", "fd00::/64"), ("172.18.0.1",))
    assert (network.bridge, network.labels) == ("br-app", (("a", "b"),))
    assert network.endpoints == (
        NetworkEndpoint("c" * 12, "172.18.0.3"), NetworkEndpoint("web", "172.18.0.2", "", "02:42:ac:12:00:02"),
    )  # fmt: skip


def test_list_of_networks_has_no_endpoints() -> None:
    networks = read_networks(json.dumps([NETWORK, NETWORK | {"Name": "aaa", "Containers": {}}, 5, {"Name": ""}, {}]))
    assert [network.name for network in networks] == ["aaa", "app"]
    assert {network.endpoints for network in networks} == {UNKNOWN}


@pytest.mark.parametrize(
    ("answer", "field", "expected"),
    [
        ({"Options": {"com.docker.network.bridge.enable_icc": "maybe"}}, "icc", UNKNOWN),
        ({"Options": {"com.docker.network.bridge.enable_icc": "1"}}, "icc", True),
        ({"Options": None}, "icc", UNSET),
        ({"Options": {"encrypted": ""}}, "encrypted", True),
        ({"Options": {"encrypted": "false"}}, "encrypted", False),
        ({"Options": {"com.docker.network.bridge.gateway_mode_ipv4": "routed"}}, "gateway_mode_ipv4", "routed"),
        ({"IPAM": {"Config": None}}, "subnets", UNSET),
        ({"IPAM": 5}, "gateways", UNSET),
        ({"Internal": "no"}, "internal", UNKNOWN),
        ({"Containers": {}}, "endpoints", ()),
        ({"Containers": {"x": 5}}, "endpoints", ()),
    ],
)
def test_each_property_of_a_network(answer: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(read_network(json.dumps(NETWORK | answer)), field) == expected


@draws(100)
@given(st.dictionaries(st.sampled_from(sorted(NETWORK)), JSON))
def test_no_json_of_a_network_makes_it_raise(answer: dict[str, Any]) -> None:
    read_network(json.dumps(answer))
    read_networks(json.dumps([answer]))
