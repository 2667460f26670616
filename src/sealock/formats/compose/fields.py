"""The table of a service's fields: the keys of each, how to read it, and how to write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sealock.formats.compose import mounts, parts, ports, settings, values
from sealock.formats.compose.tree import ComposeValue, Path
from sealock.model.absent import AnyValue
from sealock.model.container import POD_FIELDS, Hook, Mount

Keys: TypeAlias = tuple[str, ...]
WrittenValue: TypeAlias = Any
"""A value to write: scalars, lists and dicts."""


class SingleField(Struct, frozen=True):
    """A field with one value. `paths` are the keys that can set it, the preferred one first.

    `write` returns the value at the path; of a dict, only the keys that differ are changed in the file.
    """

    name: str
    paths: tuple[Keys, ...]
    read: Callable[[ComposeValue], Any]
    write: Callable[[Any], WrittenValue]
    second: Callable[[Any], WrittenValue] | None = None
    """How to write it at the other paths, where that differs."""


class ListKey(Struct, frozen=True):
    """A key with a list of elements of a field. `long` writes their form with keys, if they have one.

    `find` finds the elements that stand deeper below the key; they can be changed in place only.
    """

    key: str
    read: Callable[[ComposeValue], Any]
    write: Callable[[Any], WrittenValue]
    takes: Callable[[Any], bool] = lambda _element: True
    long: Callable[[Any], dict[str, object]] | None = None
    find: Callable[[ComposeValue], list[tuple[Path, ComposeValue]]] | None = None


class ListField(Struct, frozen=True):
    """A field of several elements, each an item of a list (or the only one, as a string)."""

    name: str
    parts: tuple[ListKey, ...]


class NamedField(Struct, frozen=True):
    """A field of several elements with names: a mapping, or a list of NAME=VALUE.

    `pair` reads an entry of the mapping, `item` one of the list; `to_pair` and `to_item` write them (None: a list
    cannot express it).
    """

    name: str
    key: str
    pair: Callable[[str, ComposeValue], Any]
    item: Callable[[ComposeValue], Any]
    to_pair: Callable[[Any], tuple[str, WrittenValue]]
    to_item: Callable[[Any], str | None]
    as_list: bool = False
    """Whether to write a new one as a list."""


class SecurityOptionField(Struct, frozen=True):
    """A field that items of `security_opt` set. `read` returns None for items of other fields."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], tuple[str, ...]]
    several: bool = False


ServiceFieldRow: TypeAlias = SingleField | ListField | NamedField | SecurityOptionField


def _same(value: AnyValue) -> WrittenValue:
    return value


def _texts(name: str, key: str = "") -> ListField:
    return ListField(name, (ListKey(key or name, values.text, _same),))


def _text(name: str, key: str = "") -> SingleField:
    return SingleField(name, ((key or name,),), values.text, _same)


def _flag(name: str) -> SingleField:
    return SingleField(name, ((name,),), values.boolean, _same)


def _integer(name: str, *paths: Keys) -> SingleField:
    return SingleField(name, paths or ((name,),), values.integer, _same)


def _size(name: str, *paths: Keys) -> SingleField:
    return SingleField(name, paths, values.size, values.size_as_text)


def _is_tmpfs(element: Mount) -> bool:
    return element.kind == "tmpfs" and not element.propagation


def _is_of(moment: str) -> Callable[[Hook], bool]:
    return lambda hook: hook.moment == moment


_LIMITS: Final = ("deploy", "resources", "limits")
_RESERVED: Final = ("deploy", "resources", "reservations")

TABLE: Final[tuple[ServiceFieldRow, ...]] = (
    _text("image"),
    _text("name", "container_name"),
    _text("platform"),
    SingleField("pull", (("pull_policy",),), settings.pull, _same),
    SingleField("entrypoint", (("entrypoint",),), settings.command, list),
    SingleField("command", (("command",),), settings.command, list),
    ListField(
        "hooks",
        (
            *(
                ListKey(moment, parts.hook(moment), parts.hook_as_mapping, _is_of(moment), parts.hook_as_mapping)
                for moment in ("pre_start", "post_start", "pre_stop")
            ),
            ListKey(
                "develop",
                parts.hook("watch"),
                parts.hook_as_mapping,
                _is_of("watch"),
                parts.hook_as_mapping,
                parts.watch_commands,
            ),
        ),
    ),
    _text("working_dir"),
    _flag("init"),
    _flag("tty"),
    _flag("stdin_open"),
    _text("stop_signal"),
    _text("runtime"),
    NamedField(
        "environment", "environment", parts.variable, parts.variable_item, parts.from_variable, parts.variable_text
    ),
    ListField("env_files", (ListKey("env_file", parts.env_file, _same),)),
    NamedField("labels", "labels", parts.label, parts.label_item, parts.from_label, parts.label_text),
    NamedField("annotations", "annotations", parts.label, parts.label_item, parts.from_label, parts.label_text),
    ListField("secrets", (ListKey("secrets", parts.source, _same),)),
    _text("user"),
    _texts("groups", "group_add"),
    _flag("privileged"),
    ListField("cap_add", (ListKey("cap_add", values.capability, _same),)),
    ListField("cap_drop", (ListKey("cap_drop", values.capability, _same),)),
    SecurityOptionField("seccomp", parts.option("seccomp"), lambda value: (f"seccomp={value}",)),
    SecurityOptionField("apparmor", parts.option("apparmor"), lambda value: (f"apparmor={value}",)),
    SecurityOptionField(
        "selinux", parts.option("label"), lambda value: tuple(f"label={label}" for label in value), several=True
    ),
    SecurityOptionField(
        "no_new_privileges", parts.no_new_privileges, lambda value: (f"no-new-privileges:{str(value).lower()}",)
    ),
    SecurityOptionField(
        "unconfined_paths", parts.system_paths, lambda value: ("systempaths=unconfined",) if value else ()
    ),
    ListField("devices", (ListKey("devices", mounts.device, mounts.device_as_text, long=parts.device_as_mapping),)),
    _texts("device_rules", "device_cgroup_rules"),
    SingleField("gpus", (("gpus",), (*_RESERVED, "devices")), settings.gpus, settings.from_gpus, settings.as_devices),
    NamedField("sysctls", "sysctls", parts.sysctl, parts.sysctl_item, parts.from_label, parts.label_text),
    _flag("read_only"),
    ListField(
        "mounts",
        (
            ListKey(
                "volumes", mounts.mount, parts.mount, lambda element: not _is_tmpfs(element), mounts.mount_as_mapping
            ),
            ListKey("tmpfs", mounts.tmpfs, mounts.tmpfs_as_text, _is_tmpfs),
        ),
    ),
    _texts("volumes_from"),
    _text("pid"),
    _text("ipc"),
    _text("uts"),
    _text("userns", "userns_mode"),
    _text("cgroupns", "cgroup"),
    _text("cgroup_parent"),
    _text("network_mode"),
    NamedField(
        "networks", "networks", parts.network, parts.network_item, parts.from_network, parts.network_text, as_list=True
    ),
    ListField("links", (ListKey("links", parts.link, parts.link_text),)),
    ListField("ports", (ListKey("ports", ports.port, ports.port_as_text, long=ports.port_as_mapping),)),
    ListField("expose", (ListKey("expose", parts.expose, parts.expose_text),)),
    _text("hostname"),
    _text("domainname"),
    _texts("dns"),
    _texts("dns_search"),
    _texts("dns_options", "dns_opt"),
    NamedField("extra_hosts", "extra_hosts", parts.host, parts.host_item, parts.from_host, _same, as_list=True),
    _text("mac_address"),
    _size("memory", ("mem_limit",), (*_LIMITS, "memory")),
    _size("memory_reservation", ("mem_reservation",), (*_RESERVED, "memory")),
    _size("memory_swap", ("memswap_limit",)),
    _integer("memory_swappiness", ("mem_swappiness",)),
    _size("shm_size", ("shm_size",)),
    SingleField("cpus", (("cpus",), (*_LIMITS, "cpus")), values.number, settings.from_number),
    _integer("cpu_shares"),
    _integer("cpu_quota"),
    _integer("cpu_period"),
    _integer("cpu_rt_runtime"),
    _integer("cpu_rt_period"),
    _text("cpuset_cpus", "cpuset"),
    _integer("pids_limit", ("pids_limit",), (*_LIMITS, "pids")),
    NamedField("ulimits", "ulimits", parts.ulimit, parts.no_item, parts.from_ulimit, lambda _element: None),
    _integer("blkio_weight", ("blkio_config", "weight")),
    _flag("oom_kill_disable"),
    _integer("oom_score_adj"),
    NamedField(
        "storage_options", "storage_opt", parts.pair_text, parts.no_item, parts.from_pair_text, lambda _element: None
    ),
    SingleField(
        "restart",
        (("restart",), ("deploy", "restart_policy")),
        settings.restart,
        settings.from_restart,
        settings.as_policy,
    ),
    SingleField("health", (("healthcheck",),), settings.health, settings.from_health),
    SingleField("logging", (("logging",),), settings.logging, settings.from_logging),
    SingleField("stop_timeout", (("stop_grace_period",),), settings.whole_seconds, values.seconds_as_text),
)
ROWS: Final = {row.name: row for row in TABLE}
"""The rows by field name."""

UNSAID: Final = ("volume_driver", "publish_all", "cpuset_mems", *POD_FIELDS)
"""Fields that a compose file cannot set: the platform's default applies."""
UNKNOWN_TO_COMPOSE: Final = ("content_trust", "auto_remove", "detach")
"""Fields that depend on how Compose is called."""
