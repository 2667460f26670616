"""The table of the engine's settings: one row reads a field of daemon.json and writes it.

Keys are those of https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file (Docker 26 to 29).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, ValidationError, convert

from sealock.formats.jsontree import JsonNode
from sealock.model.absent import AnyValue
from sealock.model.container import Ulimit
from sealock.model.daemon import FIELDS

Read = Callable[[JsonNode], Any]
"""Returns the value; raises WrongTypeError."""


class WrongTypeError(Exception):
    """A value of a wrong type; the text says what it should be."""


class DaemonFieldRow(Struct, frozen=True):
    """One field: its key, how to read it, and how to turn its value back into plain JSON."""

    field: str
    key: str
    read: Read
    plain: Callable[[Any], Any] = lambda value: value


def _typed(node: JsonNode, kind: object, expected: str) -> AnyValue:
    try:
        return convert(node.plain(), kind)
    except ValidationError:
        msg = f"should be {expected}"
        raise WrongTypeError(msg) from None


def _text(node: JsonNode) -> AnyValue:
    return _typed(node, str, "a string")


def _bool(node: JsonNode) -> AnyValue:
    return _typed(node, bool, "true or false")


def _texts(node: JsonNode) -> AnyValue:
    return _typed(node, tuple[str, ...], "a list of strings")


def _pairs(node: JsonNode) -> tuple[tuple[str, str | bool], ...]:
    return tuple(_typed(node, dict[str, str | bool], "an object of strings").items())


def _names(node: JsonNode) -> tuple[str, ...]:
    return tuple(_typed(node, dict[str, Any], "an object"))


def _ulimits(node: JsonNode) -> tuple[Ulimit, ...]:
    ulimits = []
    for name, entry in node.items():
        soft, hard = (number.value if (number := entry.get(key)) is not None else 0 for key in ("Soft", "Hard"))
        if not isinstance(entry.value, dict) or type(soft) is not int or type(hard) is not int:
            msg = 'should be an object such as {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}'
            raise WrongTypeError(msg)
        ulimits.append(Ulimit(name, soft, hard))
    _names(node)
    return tuple(ulimits)


def _plain_ulimits(ulimits: tuple[Ulimit, ...]) -> dict[str, Any]:
    return {ulimit.name: {"Name": ulimit.name, "Hard": ulimit.hard, "Soft": ulimit.soft} for ulimit in ulimits}


def _cgroup_driver(node: JsonNode) -> str | None:
    options = [option.partition("=") for option in _texts(node)]
    return next((value for name, _, value in reversed(options) if name == "native.cgroupdriver"), None)


_TEXT: Final = (
    "tlscacert", "tlscert", "tlskey", "group", "metrics_addr", "userns_remap", "seccomp_profile",
    "default_cgroupns_mode", "default_ipc_mode", "cgroup_parent", "default_runtime", "ip", "bridge",
    "log_level", "log_driver", "storage_driver", "data_root", "exec_root",
)  # fmt: skip
_BOOL: Final = (
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
    *(DaemonFieldRow(field, _key(field), _bool) for field in _BOOL),
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
"""Rows that read only a part of the value, and so cannot write it."""

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
    "allow-direct-routing", "bridge-accept-fwmark", "nri-opts", "validate", "cri-containerd", "default-stop-timeout",
    "ip-forward-no-drop", "network-diagnostic-port",
})  # fmt: skip
"""Every key that an engine accepts; with any other key it does not start."""
