"""The table of the engine's settings: one row reads a field from daemon.json and writes it there.

Keys are those of https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file (Docker 26 to 29).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from sealock.formats.jsontree import JsonNode
from sealock.model.container import Ulimit
from sealock.model.daemon import FIELDS

Read = Callable[[JsonNode], Any]
"""Gives the value; raises Mistyped where it is of a wrong type."""


class Mistyped(Exception):  # noqa: N818  it ends the reading of one field, and is told as a problem
    """What should stand there."""


class DaemonFieldRow(Struct, frozen=True):
    """One field: its key, how it is read, and how its value is made plain again for JSON."""

    field: str
    key: str
    read: Read
    plain: Callable[[Any], Any] = lambda value: value


def _text(node: JsonNode) -> str:
    if not isinstance(node.value, str):
        msg = "should be a text"
        raise Mistyped(msg)
    return node.value


def _truth(node: JsonNode) -> bool:
    if not isinstance(node.value, bool):
        msg = "should be true or false"
        raise Mistyped(msg)
    return node.value


def _texts(node: JsonNode) -> tuple[str, ...]:
    if not isinstance(node.value, list) or not all(isinstance(one.value, str) for one in node.value):
        msg = "should be a list of texts"
        raise Mistyped(msg)
    return tuple(one.value for one in node.value)


def _pairs(node: JsonNode) -> tuple[tuple[str, Any], ...]:
    """The members of an object whose values are texts or truth values."""
    if not isinstance(node.value, dict) or not all(isinstance(one.value, (str, bool)) for one in node.value.values()):
        msg = "should be an object of texts"
        raise Mistyped(msg)
    return tuple((key, one.value) for key, one in node.items())


def _names(node: JsonNode) -> tuple[str, ...]:
    if not isinstance(node.value, dict):
        msg = "should be an object"
        raise Mistyped(msg)
    return tuple(node.value)


def _ulimits(node: JsonNode) -> tuple[Ulimit, ...]:
    found = []
    for name, one in node.items():
        soft, hard = one.get("Soft"), one.get("Hard")
        values = [part.value if part is not None else 0 for part in (soft, hard)]
        if not isinstance(one.value, dict) or not all(type(value) is int for value in values):
            msg = 'should be an object such as {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}'
            raise Mistyped(msg)
        found.append(Ulimit(name, *values))
    if not isinstance(node.value, dict):
        msg = "should be an object"
        raise Mistyped(msg)
    return tuple(found)


def _plain_ulimits(value: tuple[Ulimit, ...]) -> dict[str, Any]:
    return {one.name: {"Name": one.name, "Hard": one.hard, "Soft": one.soft} for one in value}


def _cgroup_driver(node: JsonNode) -> str | None:
    options = [text.partition("=") for text in _texts(node)]
    return next((value for name, _, value in reversed(options) if name == "native.cgroupdriver"), None)


_TEXT: Final = (
    "tlscacert", "tlscert", "tlskey", "group", "metrics_addr", "userns_remap", "seccomp_profile",
    "default_cgroupns_mode", "default_ipc_mode", "cgroup_parent", "default_runtime", "ip", "bridge",
    "log_level", "log_driver", "storage_driver", "data_root", "exec_root",
)  # fmt: skip
_TRUTH: Final = (
    "tls", "tlsverify", "debug", "no_new_privileges", "selinux_enabled", "iptables", "ip6tables", "ip_forward", "icc",
    "userland_proxy", "live_restore", "experimental",
)  # fmt: skip
_TEXTS: Final = (
    "hosts", "authorization_plugins", "insecure_registries", "registry_mirrors", "storage_opts", "labels",
)  # fmt: skip


def _key(field: str) -> str:
    return field.replace("_", "-")


TABLE: Final[tuple[DaemonFieldRow, ...]] = (
    *(DaemonFieldRow(field, _key(field), _text) for field in _TEXT),
    *(DaemonFieldRow(field, _key(field), _truth) for field in _TRUTH),
    *(DaemonFieldRow(field, _key(field), _texts, list) for field in _TEXTS),
    DaemonFieldRow("proxies", "proxies", _pairs, dict),
    DaemonFieldRow("log_opts", "log-opts", _pairs, dict),
    DaemonFieldRow("features", "features", _pairs, dict),
    DaemonFieldRow("runtimes", "runtimes", _names),
    DaemonFieldRow("default_ulimits", "default-ulimits", _ulimits, _plain_ulimits),
    DaemonFieldRow("cgroup_driver", "exec-opts", _cgroup_driver),
)
BY_FIELD: Final = {row.field: row for row in TABLE}
SAYS: Final = tuple(field for field in FIELDS if field in BY_FIELD or field == "unknown_keys")
UNWRITTEN: Final = frozenset({"runtimes", "cgroup_driver"})
"""Rows that read a part of what stands there, and so cannot write it."""

KNOWN: Final = frozenset({row.key for row in TABLE}) | frozenset({
    "allow-nondistributable-artifacts", "api-cors-header", "bip", "bip6", "builder", "cdi-spec-dirs",
    "cluster-advertise", "cluster-store", "cluster-store-opts", "config-file", "containerd", "containerd-namespace",
    "containerd-plugins-namespace", "cpu-rt-period", "cpu-rt-runtime", "default-address-pools", "default-gateway",
    "default-gateway-v6", "default-network-opts", "default-shm-size", "dns", "dns-opts", "dns-search",
    "firewall-backend", "fixed-cidr", "fixed-cidr-v6", "graph", "host-gateway-ip", "host-gateway-ips", "http-proxy",
    "https-proxy", "init", "init-path", "ip-masq", "ipv6", "log-format", "max-concurrent-downloads",
    "max-concurrent-uploads", "max-download-attempts", "min-api-version", "mtu", "network-control-plane-mtu",
    "no-proxy", "node-generic-resources", "pidfile", "raw-logs", "rootless",
    "shutdown-timeout", "swarm-default-advertise-addr", "userland-proxy-path", "deprecated-key-path",
    "allow-direct-routing", "bridge-accept-fwmark", "nri-opts", "validate",
})  # fmt: skip
"""Every key that an engine takes; with any other it does not start."""
