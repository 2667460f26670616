"""The schema of a compose file: its keys and the kinds of their values; anything else is reported with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.formats.compose.tree import ComposeValue, ReportFault


class ListOf(Struct, frozen=True):
    """A list of items of one kind; in a `unique` one Compose refuses equal items, in others it drops or keeps them."""

    item: ValueKind
    unique: bool = False


class MapOf(Struct, frozen=True):
    """A mapping: its keys, the kind of other keys (None: not allowed), and the required keys."""

    keys: Mapping[str, ValueKind] = {}
    others: ValueKind | None = None
    needs: tuple[str, ...] = ()
    named: bool = False
    """Whether other keys must be valid service, network or volume names."""


class WordKind(Struct, frozen=True):
    """One of these words, or any word with this prefix."""

    words: tuple[str, ...]
    start: str = ""

    def takes(self, data: object) -> bool:
        """Whether a value is one of them."""
        return data in self.words or (bool(self.start) and str(data).startswith(self.start))


ValueKind: TypeAlias = str | ListOf | MapOf | WordKind | tuple["ValueKind", ...]
"""Letters are kinds of scalars: s string, n number, i whole number, b boolean, 0 null, * anything."""

_LONG: Final = 40
"""The characters of an unknown key that are compared with the known ones."""
_WORDS: Final = {"s": "a string", "n": "a number", "i": "a whole number", "b": "true or false", "0": "empty"}


def _each(keys: str, kind: ValueKind) -> dict[str, ValueKind]:
    """The same kind for several keys."""
    return dict.fromkeys(keys.split(), kind)


TEXTS: Final = ListOf("s")
UNIQUE_TEXTS: Final = ListOf("s", unique=True)
BOOL: Final = "bs"
NUMBER: Final = "ns"
INTEGER: Final = "is"
PAIRS: Final = (MapOf(others="snb0"), TEXTS)
UNIQUE_PAIRS: Final = (MapOf(others="snb0"), UNIQUE_TEXTS)
COMMAND: Final = ("0s", TEXTS)
TEXT_OR_TEXTS: Final = ("s", TEXTS)
HOSTS: Final = (MapOf(others=TEXT_OR_TEXTS), UNIQUE_TEXTS)
OPTIONS: Final = MapOf(others="sn")
MOUNTED: Final = ListOf(("s", MapOf(_each("source target uid gid", "s") | {"mode": NUMBER})))
ULIMITS: Final = MapOf(others=(INTEGER, MapOf({"hard": INTEGER, "soft": INTEGER}, needs=("soft", "hard"))))
_GPU: Final[dict[str, ValueKind]] = {
    "capabilities": UNIQUE_TEXTS,
    "count": "si",
    "device_ids": UNIQUE_TEXTS,
    "driver": "s",
    "options": PAIRS,
}
_LIMITS: Final = ListOf(MapOf({"path": "s", "rate": INTEGER, "weight": INTEGER}))
_UPDATE: Final = MapOf(
    _each("delay failure_action monitor order", "s") | {"parallelism": INTEGER, "max_failure_ratio": NUMBER}
)
_EXECUTED: Final[dict[str, ValueKind]] = {
    "command": COMMAND,
    "user": "s",
    "privileged": BOOL,
    "working_dir": "s",
    "environment": PAIRS,
}
_HOOK: Final = MapOf(_EXECUTED)
_HOOKS: Final = ListOf(_HOOK)
_INITIAL: Final = ListOf(MapOf({**_EXECUTED, "image": "s", "per_replica": BOOL}))
_WATCHED: Final = MapOf(
    {
        "path": "s", "target": "s", "action": WordKind(("rebuild", "sync", "restart", "sync+restart", "sync+exec")),
        "ignore": TEXT_OR_TEXTS, "include": TEXT_OR_TEXTS, "initial_sync": "b", "exec": _HOOK,
    },
    needs=("path", "action"),
)  # fmt: skip
BUILD: Final = MapOf({
    **_each("context dockerfile dockerfile_inline network target isolation", "s"),
    **_each("entitlements cache_from cache_to tags platforms", TEXTS),
    **_each("args labels additional_contexts", PAIRS),
    "ssh": UNIQUE_PAIRS,
    **_each("no_cache pull privileged provenance sbom", BOOL),
    "no_cache_filter": TEXT_OR_TEXTS,
    "shm_size": INTEGER, "extra_hosts": HOSTS, "secrets": MOUNTED, "ulimits": ULIMITS,
})  # fmt: skip
_CONDITION: Final = WordKind(("service_started", "service_healthy", "service_completed_successfully"))
DEPLOY: Final = MapOf({
    "mode": "s", "endpoint_mode": "s", "replicas": INTEGER, "labels": PAIRS,
    "rollback_config": _UPDATE, "update_config": _UPDATE,
    "resources": MapOf({
        "limits": MapOf({"cpus": NUMBER, "memory": "s", "pids": INTEGER}),
        "reservations": MapOf({
            "cpus": NUMBER, "memory": "s", "generic_resources": ListOf("*"),
            "devices": ListOf(MapOf(_GPU, needs=("capabilities",))),
        }),
    }),
    "restart_policy": MapOf({"condition": "s", "delay": "s", "max_attempts": INTEGER, "window": "s"}),
    "placement": MapOf({"constraints": TEXTS, "preferences": ListOf("*"), "max_replicas_per_node": INTEGER}),
})  # fmt: skip
PORTS: Final = ListOf((
    "ns",
    MapOf({
        **_each("name mode host_ip protocol app_protocol", "s"), "target": INTEGER, "published": "si",
    }),
))  # fmt: skip
VOLUMES: Final = ListOf((
    "s",
    MapOf(
        {
            "type": "s", "source": "s", "target": "s", "read_only": BOOL, "consistency": "s",
            "bind": MapOf({"propagation": "s", "create_host_path": BOOL, "recursive": "s", "selinux": "s"}),
            "volume": MapOf({"nocopy": BOOL, "subpath": "s", "labels": PAIRS}),
            "tmpfs": MapOf({"size": INTEGER, "mode": NUMBER}),
            "image": MapOf({"subpath": "s"}),
        },
        needs=("type",),
    ),
))  # fmt: skip
SERVICE: Final = MapOf({
    **_each(
        "cgroup_parent container_name cpuset domainname hostname image ipc isolation mac_address "
        "network_mode platform restart runtime stop_grace_period stop_signal user uts userns_mode "
        "working_dir",
        "s",
    ),
    **_each("attach init oom_kill_disable privileged read_only stdin_open tty", BOOL),
    **_each(
        "cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus mem_limit memswap_limit pids_limit "
        "shm_size",
        NUMBER,
    ),
    **_each("cpu_count cpu_percent mem_reservation mem_swappiness oom_score_adj scale", INTEGER),
    **_each("cap_add cap_drop dns_opt links profiles", TEXTS),
    **_each("device_cgroup_rules external_links security_opt volumes_from", UNIQUE_TEXTS),
    **_each("annotations environment labels sysctls", PAIRS),
    **_each("dns dns_search label_file tmpfs", TEXT_OR_TEXTS),
    **_each("command entrypoint", COMMAND),
    **_each("configs secrets", MOUNTED),
    **_each("post_start pre_stop", _HOOKS),
    "pre_start": _INITIAL,
    "blkio_config": MapOf({
        **_each("device_read_bps device_read_iops device_write_bps device_write_iops weight_device", _LIMITS),
        "weight": INTEGER,
    }),
    "build": ("s", BUILD),
    "credential_spec": MapOf(_each("config file registry", "s")),
    "depends_on": (
        UNIQUE_TEXTS,
        MapOf(others=MapOf({"restart": BOOL, "required": "b", "condition": _CONDITION}, needs=("condition",))),
    ),
    "deploy": ("0", DEPLOY),
    "develop": ("0", MapOf({"watch": ListOf(_WATCHED)})),
    "models": "*",
    "provider": MapOf({"type": "s", "options": MapOf(others=("snb", ListOf("snb")))}, needs=("type",)),
    "pull_refresh_after": "s",
    "use_api_socket": "b",
    "devices": ListOf(("s", MapOf(_each("source target permissions", "s"), needs=("source",)))),
    "env_file": ("s", ListOf(("s", MapOf({"path": "s", "format": "s", "required": BOOL}, needs=("path",))))),
    "expose": ListOf("sn"),
    "extends": ("s", MapOf({"service": "s", "file": "s"}, needs=("service",))),
    "extra_hosts": HOSTS,
    "gpus": (WordKind(("all",)), ListOf(MapOf(_GPU))),
    "group_add": ListOf("sn", unique=True),
    "healthcheck": MapOf({
        "disable": BOOL, "retries": NUMBER, "test": TEXT_OR_TEXTS,
        **_each("interval timeout start_period start_interval", "s"),
    }),
    "logging": MapOf({"driver": "s", "options": MapOf(others="sn0")}),
    "networks": (
        UNIQUE_TEXTS,
        MapOf(others=("0", MapOf({
            "aliases": TEXTS, "ipv4_address": "s", "ipv6_address": "s", "link_local_ips": TEXTS, "mac_address": "s",
            "driver_opts": OPTIONS, "priority": "n", "gw_priority": "n", "interface_name": "s",
        }))),
    ),
    "pid": "s0",
    "cgroup": WordKind(("host", "private")),
    "pull_policy": WordKind(
        ("always", "never", "if_not_present", "build", "missing", "refresh", "daily", "weekly"), "every_"
    ),
    "ports": PORTS,
    "storage_opt": MapOf(others="*"),
    "ulimits": ULIMITS,
    "volumes": VOLUMES,
})  # fmt: skip
_EXTERNAL: Final = (BOOL, MapOf({"name": "s"}))
NETWORK: Final = MapOf({
    "name": "s", "driver": "s", "driver_opts": OPTIONS, "external": _EXTERNAL, "labels": PAIRS, "ipam": "*",
    **_each("internal enable_ipv4 enable_ipv6 attachable", BOOL),
})  # fmt: skip
VOLUME: Final = MapOf({
    "name": "s", "driver": "s", "driver_opts": OPTIONS, "external": _EXTERNAL, "labels": UNIQUE_PAIRS,
})  # fmt: skip
SECRET: Final = MapOf({
    **_each("name environment file driver template_driver", "s"),
    "external": _EXTERNAL, "labels": UNIQUE_PAIRS, "driver_opts": OPTIONS,
})  # fmt: skip
CONFIG: Final = MapOf({
    **_each("name content environment file template_driver", "s"),
    "external": _EXTERNAL, "labels": UNIQUE_PAIRS,
})  # fmt: skip
INCLUDE: Final = ListOf(
    ("s", MapOf({"path": TEXT_OR_TEXTS, "env_file": TEXT_OR_TEXTS, "project_directory": "s"}))
)  # fmt: skip
FILE: Final = MapOf({
    "version": "s", "name": "s", "include": INCLUDE,
    "services": MapOf(others=SERVICE, named=True),
    "networks": MapOf(others=("0", NETWORK), named=True),
    "volumes": MapOf(others=("0", VOLUME), named=True),
    "secrets": MapOf(others=SECRET, named=True),
    "configs": MapOf(others=CONFIG, named=True),
    "models": MapOf(others="*", named=True),
})  # fmt: skip


def check(value: ComposeValue, kind: ValueKind, report: ReportFault, path: str = "") -> None:
    """Report each part of a value that does not match its kind."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    scalar = not value.is_mapping and not value.is_list
    for option in kinds:
        match option:
            case MapOf() if value.is_mapping:
                _check_mapping(value, option, report, path)
                return
            case ListOf() if value.is_list:
                for index, item in enumerate(value.items):
                    check(item, option.item, report, f"{path}.{index}")
                if option.unique:
                    _check_unique(value, report, path)
                return
            case WordKind() if option.takes(value.data) or value.unset:
                return
            case str() if "*" in option or _is(value.data, option) or (value.unset and scalar):
                return
            case _:
                pass
    report(f"{path or 'the file'} must be {_describe(kinds)}", value.whole())


def _check_mapping(value: ComposeValue, kind: MapOf, report: ReportFault, path: str) -> None:
    for key, entry in value.mapping.items():
        below = f"{path}.{key}" if path else key
        if key in kind.keys:
            check(entry, kind.keys[key], report, below)
        elif key.startswith("x-"):
            continue
        elif kind.others is None:
            where, close = f"{path}: " if path else "", get_close_matches(key[:_LONG], kind.keys, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            report(f"{where}unknown key {key!r}{hint}", entry.key if entry.key.start >= 0 else entry.place)
        else:
            if kind.named and not re.fullmatch(r"[a-zA-Z0-9._-]+", key):
                report(f"{below!r} is not a valid name: use letters, digits, dots, dashes and underscores", entry.key)
            check(entry, kind.others, report, below)
    for key in kind.needs:
        if key not in value.mapping:
            report(f"{path} needs the key {key!r}", value.whole())


def _check_unique(value: ComposeValue, report: ReportFault, path: str) -> None:
    """Report the items that repeat an earlier one."""
    earlier: set[object] = set()
    for index, item in enumerate(value.items):
        if not item.is_mapping and not item.is_list and not item.unset:
            if item.data in earlier:
                report(f"{path}.{index} repeats an earlier item, which docker compose refuses", item.whole())
            earlier.add(item.data)


def _is(data: object, letters: str) -> bool:
    match data:
        case bool():
            return "b" in letters
        case str():
            return "s" in letters
        case int():
            return "n" in letters or "i" in letters
        case float():
            return "n" in letters or ("i" in letters and data == data // 1)
        case _:
            return data is None and "0" in letters


def _describe(kinds: tuple[ValueKind, ...]) -> str:
    words: list[str] = []
    for kind in kinds:
        match kind:
            case ListOf():
                words.append("a list")
            case MapOf():
                words.append("a mapping")
            case WordKind():
                words.append(f"one of {', '.join(kind.words)}")
            case str():
                words += [_WORDS[letter] for letter in kind]
            case _:
                pass
    return " or ".join(words)
