"""The field table: each option, what it says of which field, and how a field's value is spelled again.

A *slot* is what one option can say: a field of the container, or a part of one ("health.interval"). Slots that hold
several values get one from each time that the option is given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sealock.formats.runargs import mounts, ports, scalars, values
from sealock.formats.runargs.networks import network, spell_network
from sealock.formats.runargs.security import security_option, spell_security
from sealock.model.absent import UNKNOWN

FieldValue: TypeAlias = tuple[str, Any]
OptionReader: TypeAlias = Callable[[str], tuple[FieldValue, ...]]


class RunOption(Struct, frozen=True):
    """One option. A flag takes no word of its own; `engines` is empty for all, else the words that know it.

    `slots` are those that it may fill. `comma` marks a list that podman splits at commas.
    """

    name: str
    read: OptionReader
    short: str = ""
    flag: bool = False
    slots: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    comma: bool = False


Spelling: TypeAlias = tuple[str, str | None]
"""An option's name, and the word that it is given (None for a flag)."""

OPTIONS: Final[dict[str, RunOption]] = {}
SHORT_OPTIONS: Final[dict[str, RunOption]] = {}
LIST_SETTINGS: Final[set[str]] = set()
"""The slots that hold several values."""
SPELLERS: Final[dict[str, Callable[[Any], Spelling]]] = {}
_OTHERS: Final = ("podman", "nerdctl")


def _enter(option: RunOption) -> None:
    for name in option.name.split():
        OPTIONS[name] = option
    if option.short:
        SHORT_OPTIONS[option.short] = option


def _flag(name: str, slot: str, short: str = "", *, inverted: bool = False, **more: Any) -> None:  # noqa: ANN401  as Option's
    def read(text: str) -> tuple[FieldValue, ...]:
        return ((slot, scalars.boolean(text) is not inverted),)

    _enter(RunOption(name, read, short, flag=True, slots=(slot,), **more))
    SPELLERS[slot] = lambda value: (name, None if value is not inverted else "false")


def _one(
    name: str,
    slot: str,
    short: str = "",
    read: Callable[[str], Any] = str,
    spell: Callable[[Any], str] = str,
    **more: Any,  # noqa: ANN401  as Option's
) -> None:
    """An option that fills one slot. Names after the first are other spellings of it."""
    _enter(RunOption(name, lambda text: ((slot, read(text)),), short, slots=(slot,), **more))
    SPELLERS.setdefault(slot, lambda value: (name.split(maxsplit=1)[0], spell(value)))


def _many(
    name: str,
    slot: str,
    short: str = "",
    read: Callable[[str], Any] = str,
    spell: Callable[[Any], str] = str,
    **more: Any,  # noqa: ANN401  as Option's
) -> None:
    LIST_SETTINGS.add(slot)
    _one(name, slot, short, read, spell, **more)


def _known(names: str, short: str = "", *, flag: bool = False, check: Callable[[str], Any] = str, **more: Any) -> None:  # noqa: ANN401  as Option's
    """Options that say nothing of the container that a field holds."""

    def read(text: str) -> tuple[FieldValue, ...]:
        (scalars.boolean if flag else check)(text)
        return ()

    for name in names.split():
        _enter(RunOption(name, read, short, flag=flag, **more))


# What runs
_one("name", "name")
_one("platform", "platform")
_one("pull", "pull", read=scalars.choice("always", "missing", "never", "newer", "ifnotpresent", "true", "false", ""))
_flag("disable-content-trust", "content_trust", inverted=True)
_one(
    "entrypoint",
    "entrypoint",
    read=lambda text: (text,) if text else (),
    spell=lambda words: scalars.only_word(words, "--entrypoint"),
)
_one("workdir", "working_dir", "w")
_flag("init", "init")
_flag("tty", "tty", "t")
_flag("interactive", "stdin_open", "i")
_one("stop-signal", "stop_signal")
_one("runtime", "runtime")
_many("env", "environment", "e", values.variable, values.spell_variable)
_many("env-file", "env_files")
_many("label", "labels", "l", values.label, values.spell_label)
_many("annotation", "annotations", "", values.label, values.spell_label)
_many("secret", "secrets", "", lambda text: text.partition(",")[0], engines=_OTHERS)
# Who it is
_one("user", "user", "u")
_many("group-add", "groups")
# What it may do
_flag("privileged", "privileged")
_many("cap-add", "cap_add", "", values.capability, comma=True)
_many("cap-drop", "cap_drop", "", values.capability, comma=True)
_many("device", "devices", "", values.device, values.spell_device)
_many("device-cgroup-rule", "device_rules", "", values.device_rule)
_one("gpus", "gpus", read=scalars.gpus)
_many("sysctl", "sysctls", "", values.sysctl, values.spell_sysctl)
# What it sees
_flag("read-only", "read_only")
_many("volume", "mounts", "v", mounts.volume)
_many("mount", "mounts", "", mounts.mount)
_many("tmpfs", "mounts", "", mounts.tmpfs)
SPELLERS["mounts"] = mounts.spell
_many("volumes-from", "volumes_from")
_one("volume-driver", "volume_driver")
_one("pid", "pid", read=scalars.namespace("host", "private"))
_one("ipc", "ipc", read=scalars.namespace("host", "private", "shareable", "none"))
_one("uts", "uts", read=scalars.namespace("host", "private"))
_one("userns", "userns")
_one("cgroupns", "cgroupns", read=scalars.namespace("host", "private"))
_one("cgroup-parent", "cgroup_parent")
# Whom it can reach, and who it
_many("network net", "net", "", network, spell_network)
_many("network-alias net-alias", "net.alias")
_many("link", "links", "", values.link, values.spell_link)
_many("publish", "ports", "p", ports.port, ports.spell_port)
_flag("publish-all", "publish_all", "P")
_many("expose", "expose", "", ports.exposed)
_one("hostname", "hostname", "h")
_one("domainname", "domainname")
_many("dns", "dns", "", ports.address)
_many("dns-search", "dns_search")
_many("dns-option dns-opt", "dns_options")
_many("add-host", "extra_hosts", "", ports.extra_host)
_one("mac-address", "mac_address", read=ports.mac_address)
# What it may use
_one("memory", "memory", "m", scalars.size, scalars.spell_size)
_one("memory-reservation", "memory_reservation", "", scalars.size, scalars.spell_size)
_one("memory-swap", "memory_swap", "", scalars.swap, scalars.spell_size)
_one("memory-swappiness", "memory_swappiness", "", scalars.integer)
_one("shm-size", "shm_size", "", scalars.size, scalars.spell_size)
_one("cpus", "cpus", "", scalars.cpus, scalars.spell_number)
_one("cpu-shares", "cpu_shares", "c", scalars.integer)
_one("cpu-quota", "cpu_quota", "", scalars.integer)
_one("cpu-period", "cpu_period", "", scalars.integer)
_one("cpu-rt-runtime", "cpu_rt_runtime", "", scalars.integer)
_one("cpu-rt-period", "cpu_rt_period", "", scalars.integer)
_one("cpuset-cpus", "cpuset_cpus")
_one("cpuset-mems", "cpuset_mems")
_one("pids-limit", "pids_limit", "", scalars.integer)
_many("ulimit", "ulimits", "", values.ulimit, values.spell_ulimit)
_one("blkio-weight", "blkio_weight", "", scalars.natural16)
_flag("oom-kill-disable", "oom_kill_disable")
_one("oom-score-adj", "oom_score_adj", "", scalars.integer)
_many("storage-opt", "storage_options", "", values.key_value)
# How it lives
_one("restart", "restart", "", values.restart, values.spell_restart)
_flag("rm", "auto_remove")
_flag("detach", "detach", "d", verbs=("run",))
_flag("no-healthcheck", "health.disabled")
_one("health-cmd", "health.test")
_one("health-interval", "health.interval", "", scalars.duration, scalars.spell_duration)
_one("health-timeout", "health.timeout", "", scalars.duration, scalars.spell_duration)
_one("health-start-period", "health.start_period", "", scalars.duration, scalars.spell_duration)
_one("health-start-interval", "health.start_interval", "", scalars.duration, scalars.spell_duration)
_one("health-retries", "health.retries", "", scalars.integer)
_one("log-driver", "logging.driver")
_many("log-opt", "logging.options", "", values.pair, values.spell_pair)
_one("stop-timeout", "stop_timeout", "", scalars.integer)
# One option, many fields
_SECURITY: Final = ("no_new_privileges", "seccomp", "apparmor", "selinux", "unconfined_paths")
LIST_SETTINGS.add("selinux")
_enter(RunOption("security-opt", security_option, slots=_SECURITY))
for _slot in _SECURITY:
    SPELLERS[_slot] = partial(spell_security, _slot)
# Known, and without a field
_known("attach", "a", check=scalars.stream)
_known("cidfile label-file ip ip6 link-local-ip isolation")
_known("detach-keys", verbs=("run",))
_known("sig-proxy", flag=True, verbs=("run",))
_known("quiet", "q", flag=True)
_known("help", flag=True)
_known("cpu-count cpu-percent", check=scalars.integer)
_known("io-maxbandwidth kernel-memory", check=scalars.size)
_known("io-maxiops", check=scalars.integer)
_known("blkio-weight-device", check=values.weighted_device)
_known("device-read-bps device-write-bps", check=values.throttled_bytes)
_known("device-read-iops device-write-iops", check=values.throttled_operations)
# Podman's and nerdctl's own
_known(
    "arch artifact authfile cert-dir cgroup-conf cgroups chrootdirs conmon-pidfile creds decryption-key gidmap "
    "group-entry health-log-destination health-max-log-count health-max-log-size health-on-failure health-startup-cmd "
    "health-startup-interval health-startup-retries health-startup-success health-startup-timeout hosts-file hostuser "
    "image-volume init-ctr init-path intel-rdt-closid os passwd-entry personality pidfile pod-id-file preserve-fd "
    "preserve-fds rdt-class requires retry retry-delay sdnotify seccomp-policy shm-size-systemd signature-policy "
    "subgidname subuidname systemd timeout tz uidmap umask unsetenv variant wait-for ipfs-address verify cosign-key "
    "cosign-certificate-identity cosign-certificate-identity-regexp cosign-certificate-oidc-issuer "
    "cosign-certificate-oidc-issuer-regexp snapshotter user-policy",
    engines=_OTHERS,
)  # fmt: skip
_known(
    "env-host env-merge health-log http-proxy no-hostname no-hosts passwd read-only-tmpfs replace rmi rootfs "
    "tls-verify unsetenv-all insecure-registry",
    flag=True,
    engines=_OTHERS,
)
# What a pod shares is told where it is made.
_enter(RunOption("pod", lambda _: tuple((slot, UNKNOWN) for slot in ("ipc", "uts", "network_mode")), engines=_OTHERS))
