"""The engine's own settings, from daemon.json, its command line, or its API (/info).

A field is a value, UNSET (the engine's default applies) or UNKNOWN (the source cannot say), as for a Container.
Names are those of daemon.json with underscores.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.container import Ulimit


class Daemon(Struct, frozen=True, kw_only=True):
    """One reading of the engine's settings. All fields default to unknown."""

    # Who can reach it
    hosts: Maybe[tuple[str, ...]] = UNKNOWN
    """"unix:///var/run/docker.sock", "tcp://0.0.0.0:2375", "fd://"."""
    tls: Maybe[bool] = UNKNOWN
    tlsverify: Maybe[bool] = UNKNOWN
    tlscacert: Maybe[str] = UNKNOWN
    tlscert: Maybe[str] = UNKNOWN
    tlskey: Maybe[str] = UNKNOWN
    group: Maybe[str] = UNKNOWN
    authorization_plugins: Maybe[tuple[str, ...]] = UNKNOWN
    metrics_addr: Maybe[str] = UNKNOWN
    debug: Maybe[bool] = UNKNOWN
    # Where images come from
    insecure_registries: Maybe[tuple[str, ...]] = UNKNOWN
    registry_mirrors: Maybe[tuple[str, ...]] = UNKNOWN
    proxies: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """("http-proxy", address), as written: an address may contain a password."""
    # How containers are isolated
    userns_remap: Maybe[str] = UNKNOWN
    rootless: Maybe[bool] = UNKNOWN
    no_new_privileges: Maybe[bool] = UNKNOWN
    seccomp_profile: Maybe[str] = UNKNOWN
    """"builtin", "unconfined" or a path."""
    selinux_enabled: Maybe[bool] = UNKNOWN
    security_options: Maybe[tuple[str, ...]] = UNKNOWN
    """As /info lists them: "name=seccomp,profile=builtin", "name=apparmor", "name=userns", "name=rootless"."""
    default_cgroupns_mode: Maybe[str] = UNKNOWN
    default_ipc_mode: Maybe[str] = UNKNOWN
    cgroup_parent: Maybe[str] = UNKNOWN
    cgroup_version: Maybe[int] = UNKNOWN
    cgroup_driver: Maybe[str] = UNKNOWN
    default_ulimits: Maybe[tuple[Ulimit, ...]] = UNKNOWN
    default_runtime: Maybe[str] = UNKNOWN
    runtimes: Maybe[tuple[str, ...]] = UNKNOWN
    # Networks
    iptables: Maybe[bool] = UNKNOWN
    ip6tables: Maybe[bool] = UNKNOWN
    ip_forward: Maybe[bool] = UNKNOWN
    icc: Maybe[bool] = UNKNOWN
    userland_proxy: Maybe[bool] = UNKNOWN
    ip: Maybe[str] = UNKNOWN
    """The default address of published ports."""
    bridge: Maybe[str] = UNKNOWN
    # How it runs, logs and stores
    live_restore: Maybe[bool] = UNKNOWN
    log_level: Maybe[str] = UNKNOWN
    log_driver: Maybe[str] = UNKNOWN
    log_opts: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    storage_driver: Maybe[str] = UNKNOWN
    storage_opts: Maybe[tuple[str, ...]] = UNKNOWN
    data_root: Maybe[str] = UNKNOWN
    exec_root: Maybe[str] = UNKNOWN
    experimental: Maybe[bool] = UNKNOWN
    features: Maybe[tuple[tuple[str, bool], ...]] = UNKNOWN
    labels: Maybe[tuple[str, ...]] = UNKNOWN
    unknown_keys: Maybe[tuple[str, ...]] = UNKNOWN
    """Keys of daemon.json that no engine knows."""


FIELDS: Final = Daemon.__struct_fields__


def daemon(*, says: tuple[str, ...] = FIELDS, **values: Any) -> Daemon:  # noqa: ANN401  each field has its type
    """Build a Daemon from a source that can set the fields `says`: where it does not they are UNSET, others UNKNOWN."""
    return Daemon(**dict.fromkeys(says, UNSET) | values)
