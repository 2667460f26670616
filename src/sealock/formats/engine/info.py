"""/info and /version: the settings in force, the parts and their versions, the machine, the swarm."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.formats.members import JsonMembers, decode
from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.daemon import Daemon
from sealock.model.finding import InputError
from sealock.model.host import Component, Host, Swarm
from sealock.model.location import Location

_NANOSECONDS: Final = 1_000_000_000
_PROXIES: Final = (("http-proxy", "HttpProxy"), ("https-proxy", "HttpsProxy"), ("no-proxy", "NoProxy"))
_PARTS: Final = {"Engine": "engine", "Podman Engine": "podman"}
_OWN_REGISTRIES: Final = frozenset({"127.0.0.0/8", "::1/128"})
"""The engine counts loopback as insecure without being told to."""


class EngineInfo(Struct, frozen=True):
    """What the engine says. The daemon's settings are those in force, flags and daemon.json together."""

    daemon: Daemon
    host: Host
    errors: tuple[InputError, ...] = ()


def read_info(info: str, version: str) -> EngineInfo:
    """Read both answers; either may be "" where the engine did not give it."""
    said, versions = JsonMembers(decode(info)), JsonMembers(decode(version))
    errors = tuple(
        InputError("the engine did not answer with a JSON object", Location(path))
        for path, text, held in (("/info", info, said), ("/version", version, versions))
        if text and not held
    )
    daemon = _daemon(said)
    host = Host(
        name=said.text("Name"),
        kernel=said.text("KernelVersion"),
        distribution=said.text("OperatingSystem"),
        architecture=said.text("Architecture"),
        cgroup_version=daemon.cgroup_version,
        swap_accounting=said.truth("SwapLimit"),
        seccomp=_offers(daemon.security_options, "seccomp"),
        components=_components(versions, said),
        api_version=versions.text("ApiVersion"),
        daemon=daemon,
        swarm=_swarm(said.within("Swarm")),
        containers=said.whole("Containers"),
        running=said.whole("ContainersRunning"),
        images=said.whole("Images"),
    )
    return EngineInfo(daemon, host, errors)


def _daemon(members: JsonMembers) -> Daemon:
    options = members.texts("SecurityOptions")
    registries = members.within("RegistryConfig")
    indexes = registries.within("IndexConfigs")
    insecure = [name for name in indexes.held if indexes.within(name).truth("Secure") is False]
    ranges = registries.texts("InsecureRegistryCIDRs")
    insecure += [one for one in given(ranges, ()) if one not in _OWN_REGISTRIES]
    return Daemon(
        authorization_plugins=members.within("Plugins").texts("Authorization"),
        debug=members.truth("Debug"),
        insecure_registries=tuple(insecure) or (UNKNOWN if ranges is UNKNOWN else UNSET),
        registry_mirrors=registries.texts("Mirrors"),
        proxies=_proxies(members),
        userns_remap=_remapped(options),
        rootless=_offers(options, "rootless"),
        no_new_privileges=_offers(options, "no-new-privileges"),
        seccomp_profile=_seccomp(options),
        selinux_enabled=_offers(options, "selinux"),
        security_options=options,
        default_cgroupns_mode=UNKNOWN if options is UNKNOWN else "private" if _offers(options, "cgroupns") else "host",
        cgroup_version={"1": 1, "2": 2}.get(members.plain("CgroupVersion"), UNKNOWN),
        cgroup_driver=members.text("CgroupDriver"),
        default_runtime=members.text("DefaultRuntime"),
        runtimes=tuple(members.within("Runtimes").held) or UNKNOWN,
        ip_forward=members.truth("IPv4Forwarding"),
        live_restore=members.truth("LiveRestoreEnabled"),
        log_driver=members.text("LoggingDriver"),
        storage_driver=members.text("Driver"),
        data_root=members.text("DockerRootDir"),
        experimental=members.truth("ExperimentalBuild"),
        labels=members.texts("Labels"),
    )


def _proxies(members: JsonMembers) -> Maybe[tuple[tuple[str, str], ...]]:
    if not any(key in members.held for _, key in _PROXIES):
        return UNKNOWN
    return tuple((name, members.plain(key)) for name, key in _PROXIES if members.plain(key)) or UNSET


def _offers(options: Maybe[tuple[str, ...]], name: str) -> Maybe[bool]:
    """Whether a security option is listed: "name=seccomp,profile=builtin", or bare in old engines."""
    if options is UNKNOWN:
        return UNKNOWN
    return isinstance(options, tuple) and any(
        option in {name, f"name={name}"} or option.startswith(f"name={name},") for option in options
    )


def _remapped(options: Maybe[tuple[str, ...]]) -> Maybe[str]:
    """The engine says that it remaps, and not to whom."""
    offered = _offers(options, "userns")
    return UNKNOWN if offered is UNKNOWN else "on" if offered else UNSET


def _seccomp(options: Maybe[tuple[str, ...]]) -> Maybe[str]:
    if not isinstance(options, tuple):
        return UNKNOWN
    for option in options:
        name, _, rest = option.removeprefix("name=").partition(",")
        if name == "seccomp":
            profile = rest.removeprefix("profile=")
            return UNSET if profile in {"", "builtin", "default"} else profile
    return UNKNOWN


def _components(versions: JsonMembers, members: JsonMembers) -> Maybe[tuple[Component, ...]]:
    found = tuple(
        Component(
            _PARTS.get(one.plain("Name"), one.plain("Name")),
            one.plain("Version"),
            one.within("Details").plain("GitCommit"),
        )
        for one in versions.each("Components")
        if one.plain("Name")
    )
    engine = versions.plain("Version") or members.plain("ServerVersion")
    return found or ((Component("engine", engine, versions.plain("GitCommit")),) if engine else UNKNOWN)


def _swarm(members: JsonMembers) -> Maybe[Swarm]:
    if members.text("LocalNodeState") is UNKNOWN:
        return UNKNOWN
    cluster = members.within("Cluster")
    spec = cluster.within("Spec")
    expiry = spec.within("CAConfig").whole("NodeCertExpiry")
    return Swarm(
        active=members.plain("LocalNodeState") not in {"", "inactive"},
        manager=members.truth("ControlAvailable") is True,
        managers=members.whole("Managers"),
        nodes=members.whole("Nodes"),
        autolock=spec.within("EncryptionConfig").truth("AutoLockManagers"),
        advertise_address=members.text("NodeAddr"),
        certificate_expiry=expiry / _NANOSECONDS if isinstance(expiry, int) else UNKNOWN,
    )
