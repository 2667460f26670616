"""The command line of dockerd, read into the same settings as daemon.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sealock.formats.daemon.fields import BY_FIELD
from sealock.model.container import Ulimit
from sealock.model.daemon import Daemon, daemon
from sealock.patterns import compile_lazily

_SHORT: Final = {
    "-H": "--host",
    "-D": "--debug",
    "-l": "--log-level",
    "-G": "--group",
    "-s": "--storage-driver",
    "-b": "--bridge",
}
_FIELDS: Final = {
    "host": "hosts",
    "authorization-plugin": "authorization_plugins",
    "insecure-registry": "insecure_registries",
    "registry-mirror": "registry_mirrors",
    "storage-opt": "storage_opts",
    "label": "labels",
    "default-ulimit": "default_ulimits",
    "log-opt": "log_opts",
    "add-runtime": "runtimes",
    "exec-opt": "cgroup_driver",
    "http-proxy": "proxies",
    "https-proxy": "proxies",
    "no-proxy": "proxies",
}
"""Flags whose field has another name and that may be repeated; other flags are the field's name with dashes."""
_TRUTH: Final = frozenset({
    "tls", "tlsverify", "debug", "no_new_privileges", "selinux_enabled", "iptables", "ip6tables", "ip_forward", "icc",
    "userland_proxy", "live_restore", "experimental", "rootless",
})  # fmt: skip
_NUMBER: Final = compile_lazily(r"-?[0-9]{1,19}")
_FALSE: Final = frozenset({"false", "0", "f", "F", "FALSE", "False"})
SAYS: Final = (*(field for field in BY_FIELD if field != "features"), "rootless")


def read_flags(words: Sequence[str]) -> Daemon:
    """Read the words after "dockerd"; flags without a field are ignored."""
    values: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word[:2] in _SHORT and not word.startswith("--"):
            word = f"{_SHORT[word[:2]]}{'=' if len(word) > 2 else ''}{word[2:].removeprefix('=')}"
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        field = _FIELDS.get(name, name.replace("-", "_"))
        if field in _TRUTH:
            values[field] = value not in _FALSE if equals else True
        elif field in BY_FIELD or field in _FIELDS.values():
            if not equals:
                value = rest.pop(0) if rest else ""
            _put(values, name, field, value)
    return daemon(says=SAYS, **values)


def _put(values: dict[str, Any], name: str, field: str, value: str) -> None:
    """Add a flag's value to those of earlier flags."""
    before = values.get(field, ())
    match field:
        case "hosts" | "authorization_plugins" | "insecure_registries" | "registry_mirrors" | "storage_opts" | "labels":
            values[field] = (*before, value)
        case "runtimes":
            values[field] = (*before, value.partition("=")[0])
        case "proxies":
            values[field] = (*before, (name, value))
        case "log_opts":
            key, _, setting = value.partition("=")
            values[field] = (*before, (key, setting))
        case "cgroup_driver":
            key, _, setting = value.partition("=")
            if key == "native.cgroupdriver":
                values[field] = setting
        case "default_ulimits":
            key, _, numbers = value.partition("=")
            soft, _, hard = numbers.partition(":")
            if _NUMBER.fullmatch(soft) and _NUMBER.fullmatch(hard or soft):
                values[field] = (*before, Ulimit(key, int(soft), int(hard or soft)))
        case _:
            values[field] = value
