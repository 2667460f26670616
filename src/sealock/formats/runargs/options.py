"""The field table: how each option of `docker run` is parsed, and how a field is spelled as an option.

A *setting* is what one option sets: a field of the container, or a part of one ("health.interval"). A list setting gets
one value from each use of its option.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias, TypedDict, Unpack

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.runargs import mounts, networks, scalars, values
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.security import parse_security_option, spell_security
from sealock.model.absent import UNKNOWN

FieldValue: TypeAlias = tuple[str, SettingValue]
OptionReader: TypeAlias = Callable[[str], tuple[FieldValue, ...]]


class RunOption(Struct, frozen=True):
    """The specification of an option. A flag takes no value; `engines` and `verbs` are empty for all.

    `settings` are those that it may set. `comma` marks a list that podman splits at commas.
    """

    name: str
    read: OptionReader
    short: str = ""
    flag: bool = False
    settings: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    comma: bool = False


class _Extra(TypedDict, total=False):
    engines: tuple[str, ...]
    verbs: tuple[str, ...]
    comma: bool


Spelling: TypeAlias = tuple[str, str | None]
"""An option's name and value (None for a flag)."""

OPTIONS: Final[dict[str, RunOption]] = {}
SHORT_OPTIONS: Final[dict[str, RunOption]] = {}
LIST_SETTINGS: Final[set[str]] = set()
"""The settings that are lists."""
SPELLERS: Final[dict[str, Callable[[SettingValue], Spelling]]] = {}
_OTHERS: Final = ("podman", "nerdctl")


def _register(option: RunOption) -> None:
    for name in option.name.split():
        OPTIONS[name] = option
    if option.short:
        SHORT_OPTIONS[option.short] = option


def _add_flag(name: str, setting: str, short: str = "", *, inverted: bool = False, **more: Unpack[_Extra]) -> None:
    def read(text: str) -> tuple[FieldValue, ...]:
        return ((setting, scalars.parse_boolean(text) is not inverted),)

    _register(RunOption(name, read, short, flag=True, settings=(setting,), **more))
    SPELLERS[setting] = lambda value: (name, None if value is not inverted else "false")


def _add_single(
    name: str,
    setting: str,
    short: str = "",
    read: Callable[[str], SettingValue] = str,
    spell: Callable[[SettingValue], str] = str,
    **more: Unpack[_Extra],
) -> None:
    """Add an option with one setting. Names after the first are aliases."""
    _register(RunOption(name, lambda text: ((setting, read(text)),), short, settings=(setting,), **more))
    SPELLERS.setdefault(setting, lambda value: (name.split(maxsplit=1)[0], spell(value)))


def _add_list(
    name: str,
    setting: str,
    short: str = "",
    read: Callable[[str], SettingValue] = str,
    spell: Callable[[SettingValue], str] = str,
    **more: Unpack[_Extra],
) -> None:
    LIST_SETTINGS.add(setting)
    _add_single(name, setting, short, read, spell, **more)


def _add_ignored(
    names: str,
    short: str = "",
    *,
    flag: bool = False,
    check: Callable[[str], SettingValue] = str,
    **more: Unpack[_Extra],
) -> None:
    """Add options that set no field of the container."""

    def read(text: str) -> tuple[FieldValue, ...]:
        (scalars.parse_boolean if flag else check)(text)
        return ()

    for name in names.split():
        _register(RunOption(name, read, short, flag=flag, **more))


# Program
_add_single("name", "name")
_add_single("platform", "platform")
_add_single(
    "pull",
    "pull",
    read=scalars.choice_parser("always", "missing", "never", "newer", "ifnotpresent", "true", "false", ""),
)
_add_flag("disable-content-trust", "content_trust", inverted=True)
_add_single(
    "entrypoint",
    "entrypoint",
    read=lambda text: (text,) if text else (),
    spell=lambda words: scalars.single_word(words, "--entrypoint"),
)
_add_single("workdir", "working_dir", "w")
_add_flag("init", "init")
_add_flag("tty", "tty", "t")
_add_flag("interactive", "stdin_open", "i")
_add_single("stop-signal", "stop_signal")
_add_single("runtime", "runtime")
_add_list("env", "environment", "e", values.parse_variable, values.spell_variable)
_add_list("env-file", "env_files")
_add_list("label", "labels", "l", values.parse_label, values.spell_label)
_add_list("annotation", "annotations", "", values.parse_label, values.spell_label)
_add_list("secret", "secrets", "", lambda text: text.partition(",")[0], engines=_OTHERS)
# User
_add_single("user", "user", "u")
_add_list("group-add", "groups")
# Privileges
_add_flag("privileged", "privileged")
_add_list("cap-add", "cap_add", "", values.parse_capability, comma=True)
_add_list("cap-drop", "cap_drop", "", values.parse_capability, comma=True)
_add_list("device", "devices", "", values.parse_device, values.spell_device)
_add_list("device-cgroup-rule", "device_rules", "", values.parse_device_rule)
_add_single("gpus", "gpus", read=scalars.parse_gpus, spell=scalars.spell_gpus)
_add_list("sysctl", "sysctls", "", values.parse_sysctl, values.spell_sysctl)
# Mounts and namespaces
_add_flag("read-only", "read_only")
_add_list("volume", "mounts", "v", mounts.parse_volume)
_add_list("mount", "mounts", "", mounts.parse_mount)
_add_list("tmpfs", "mounts", "", mounts.parse_tmpfs)
SPELLERS["mounts"] = mounts.spell_mount_option
_add_list("volumes-from", "volumes_from")
_add_single("volume-driver", "volume_driver")
_add_single("pid", "pid", read=scalars.namespace_parser("host", "private"))
_add_single("ipc", "ipc", read=scalars.namespace_parser("host", "private", "shareable", "none"))
_add_single("uts", "uts", read=scalars.namespace_parser("host", "private"))
_add_single("userns", "userns")
_add_single("cgroupns", "cgroupns", read=scalars.namespace_parser("host", "private"))
_add_single("cgroup-parent", "cgroup_parent")
# Network
_add_list("network net", "net", "", networks.parse_network, networks.spell_network)
_add_list("network-alias net-alias", "net.alias")
_add_list("link", "links", "", values.parse_link, values.spell_link)
_add_list("publish", "ports", "p", networks.parse_port, networks.spell_port)
_add_flag("publish-all", "publish_all", "P")
_add_list("expose", "expose", "", networks.parse_exposed)
_add_single("hostname", "hostname", "h")
_add_single("domainname", "domainname")
_add_list("dns", "dns", "", networks.parse_name_server)
_add_list("dns-search", "dns_search")
_add_list("dns-option dns-opt", "dns_options")
_add_list("add-host", "extra_hosts", "", networks.parse_extra_host)
_add_single("mac-address", "mac_address", read=networks.parse_mac_address)
# Resources
_add_single("memory", "memory", "m", scalars.parse_size, scalars.spell_size)
_add_single("memory-reservation", "memory_reservation", "", scalars.parse_size, scalars.spell_size)
_add_single("memory-swap", "memory_swap", "", scalars.parse_swap, scalars.spell_size)
_add_single("memory-swappiness", "memory_swappiness", "", scalars.parse_integer)
_add_single("shm-size", "shm_size", "", scalars.parse_size, scalars.spell_size)
_add_single("cpus", "cpus", "", scalars.parse_cpus, scalars.spell_number)
_add_single("cpu-shares", "cpu_shares", "c", scalars.parse_integer)
_add_single("cpu-quota", "cpu_quota", "", scalars.parse_integer)
_add_single("cpu-period", "cpu_period", "", scalars.parse_integer)
_add_single("cpu-rt-runtime", "cpu_rt_runtime", "", scalars.parse_integer)
_add_single("cpu-rt-period", "cpu_rt_period", "", scalars.parse_integer)
_add_single("cpuset-cpus", "cpuset_cpus")
_add_single("cpuset-mems", "cpuset_mems")
_add_single("pids-limit", "pids_limit", "", scalars.parse_integer)
_add_list("ulimit", "ulimits", "", values.parse_ulimit, values.spell_ulimit)
_register(
    replace(
        OPTIONS["ulimit"],
        read=lambda text: () if text == values.ULIMITS_OF_HOST else (("ulimits", values.parse_ulimit(text)),),
    )
)
_add_single("blkio-weight", "blkio_weight", "", scalars.parse_uint16)
_add_flag("oom-kill-disable", "oom_kill_disable")
_add_single("oom-score-adj", "oom_score_adj", "", scalars.parse_integer)
_add_list("storage-opt", "storage_options", "", values.parse_key_value)
# Lifecycle
_add_single("restart", "restart", "", values.parse_restart, values.spell_restart)
_add_flag("rm", "auto_remove")
_add_flag("detach", "detach", "d", verbs=("run",))
_add_flag("no-healthcheck", "health.disabled")
_add_single("health-cmd", "health.test")
_add_single("health-interval", "health.interval", "", scalars.parse_seconds, scalars.spell_duration)
_add_single("health-timeout", "health.timeout", "", scalars.parse_seconds, scalars.spell_duration)
_add_single("health-start-period", "health.start_period", "", scalars.parse_seconds, scalars.spell_duration)
_add_single("health-start-interval", "health.start_interval", "", scalars.parse_seconds, scalars.spell_duration)
_add_single("health-retries", "health.retries", "", scalars.parse_integer)
_add_single("log-driver", "logging.driver")
_add_list("log-opt", "logging.options", "", values.parse_pair, values.spell_pair)
_add_single("stop-timeout", "stop_timeout", "", scalars.parse_integer)
# One option with several fields
_SECURITY: Final = ("no_new_privileges", "seccomp", "apparmor", "selinux", "unconfined_paths")
LIST_SETTINGS.add("selinux")
_register(RunOption("security-opt", parse_security_option, settings=_SECURITY))
for _setting in _SECURITY:
    SPELLERS[_setting] = partial(spell_security, _setting)
# Options without a field
_add_ignored("attach", "a", check=scalars.parse_stream)
_add_ignored("cidfile label-file ip ip6 link-local-ip isolation umask")
_add_ignored("detach-keys", verbs=("run",))
_add_ignored("sig-proxy", flag=True, verbs=("run",))
_add_ignored("quiet", "q", flag=True)
_add_ignored("help", flag=True)
_add_ignored("cpu-count cpu-percent", check=scalars.parse_integer)
_add_ignored("io-maxbandwidth kernel-memory", check=scalars.parse_size)
_add_ignored("io-maxiops", check=scalars.parse_integer)
_add_ignored("blkio-weight-device", check=values.parse_weighted_device)
_add_ignored("device-read-bps device-write-bps", check=values.parse_throttled_bytes)
_add_ignored("device-read-iops device-write-iops", check=values.parse_throttled_operations)
# Options of podman and nerdctl
_add_ignored(
    "arch artifact authfile cert-dir cgroup-conf cgroups chrootdirs conmon-pidfile creds decryption-key gidmap "
    "group-entry health-log-destination health-max-log-count health-max-log-size health-on-failure health-startup-cmd "
    "health-startup-interval health-startup-retries health-startup-success health-startup-timeout hosts-file hostuser "
    "image-volume init-ctr init-path intel-rdt-closid os passwd-entry personality pidfile preserve-fd "
    "preserve-fds rdt-class requires retry retry-delay sdnotify seccomp-policy shm-size-systemd signature-policy "
    "subgidname subuidname systemd timeout tz uidmap unsetenv variant wait-for ipfs-address verify cosign-key "
    "cosign-certificate-identity cosign-certificate-identity-regexp cosign-certificate-oidc-issuer "
    "cosign-certificate-oidc-issuer-regexp snapshotter user-policy",
    engines=_OTHERS,
)  # fmt: skip
_add_ignored(
    "env-host env-merge health-log http-proxy no-hostname no-hosts passwd read-only-tmpfs replace rmi rootfs "
    "tls-verify unsetenv-all insecure-registry",
    flag=True,
    engines=_OTHERS,
)
# The pod itself determines which namespaces are shared.
_register(
    RunOption(
        "pod pod-id-file",
        lambda _: tuple((setting, UNKNOWN) for setting in ("ipc", "uts", "network_mode")),
        engines=_OTHERS,
    )
)
