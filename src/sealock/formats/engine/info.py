"""/info and /version: the effective settings, the components and their versions, the machine, the swarm."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.formats.jsonobject import JsonObject, decode_object
from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.daemon import Daemon
from sealock.model.finding import InputError
from sealock.model.host import Component, Host, Swarm
from sealock.model.location import Location

_NANOSECONDS: Final = 1_000_000_000
_PROXIES: Final = (("http-proxy", "HttpProxy"), ("https-proxy", "HttpsProxy"), ("no-proxy", "NoProxy"))
_PARTS: Final = {"Engine": "engine", "Podman Engine": "podman"}
_OWN_REGISTRIES: Final = frozenset({"127.0.0.0/8", "::1/128"})
"""The engine always counts loopback as insecure."""


class EngineInfo(Struct, frozen=True):
    """What the engine reports. The daemon's settings are effective: flags and daemon.json together."""

    daemon: Daemon
    host: Host
    errors: tuple[InputError, ...] = ()


def read_info(info: str, version: str) -> EngineInfo:
    """Read both answers; either may be "" where the engine did not give it."""
    members, versions = decode_object(info), decode_object(version)
    errors = tuple(
        InputError("the engine did not answer with a JSON object", Location(path))
        for path, text, answer in (("/info", info, members), ("/version", version, versions))
        if text and not answer
    )
    daemon = _daemon(members)
    host = Host(
        name=members.maybe_text("Name"),
        kernel=members.maybe_text("KernelVersion"),
        distribution=members.maybe_text("OperatingSystem"),
        architecture=members.maybe_text("Architecture"),
        cgroup_version=daemon.cgroup_version,
        swap_accounting=members.maybe_bool("SwapLimit"),
        seccomp=_offers(daemon.security_options, "seccomp"),
        components=_components(versions, members),
        api_version=versions.maybe_text("ApiVersion"),
        daemon=daemon,
        swarm=_swarm(members.child("Swarm")),
        containers=members.maybe_int("Containers"),
        running=members.maybe_int("ContainersRunning"),
        images=members.maybe_int("Images"),
    )
    return EngineInfo(daemon, host, errors)


def _daemon(members: JsonObject) -> Daemon:
    options = members.maybe_texts("SecurityOptions")
    registries = members.child("RegistryConfig")
    indexes = registries.child("IndexConfigs")
    insecure = [name for name in indexes.members if indexes.child(name).maybe_bool("Secure") is False]
    ranges = registries.maybe_texts("InsecureRegistryCIDRs")
    insecure += [cidr for cidr in given(ranges, ()) if cidr not in _OWN_REGISTRIES]
    return Daemon(
        authorization_plugins=members.child("Plugins").maybe_texts("Authorization"),
        debug=members.maybe_bool("Debug"),
        insecure_registries=tuple(insecure) or (UNKNOWN if ranges is UNKNOWN else UNSET),
        registry_mirrors=registries.maybe_texts("Mirrors"),
        proxies=_proxies(members),
        userns_remap=_remapped(options),
        rootless=_offers(options, "rootless"),
        no_new_privileges=_offers(options, "no-new-privileges"),
        seccomp_profile=_seccomp(options),
        selinux_enabled=_offers(options, "selinux"),
        security_options=options,
        default_cgroupns_mode=UNKNOWN if options is UNKNOWN else "private" if _offers(options, "cgroupns") else "host",
        cgroup_version={"1": 1, "2": 2}.get(members.text("CgroupVersion"), UNKNOWN),
        cgroup_driver=members.maybe_text("CgroupDriver"),
        default_runtime=members.maybe_text("DefaultRuntime"),
        runtimes=tuple(members.child("Runtimes").members) or UNKNOWN,
        ip_forward=members.maybe_bool("IPv4Forwarding"),
        live_restore=members.maybe_bool("LiveRestoreEnabled"),
        log_driver=members.maybe_text("LoggingDriver"),
        storage_driver=members.maybe_text("Driver"),
        data_root=members.maybe_text("DockerRootDir"),
        experimental=members.maybe_bool("ExperimentalBuild"),
        labels=members.maybe_texts("Labels"),
    )


def _proxies(members: JsonObject) -> Maybe[tuple[tuple[str, str], ...]]:
    if not any(key in members.members for _, key in _PROXIES):
        return UNKNOWN
    return tuple((name, members.text(key)) for name, key in _PROXIES if members.text(key)) or UNSET


def _offers(options: Maybe[tuple[str, ...]], name: str) -> Maybe[bool]:
    """Whether a security option is listed: "name=seccomp,profile=builtin", or bare in old engines."""
    if options is UNKNOWN:
        return UNKNOWN
    return isinstance(options, tuple) and any(
        option in {name, f"name={name}"} or option.startswith(f"name={name},") for option in options
    )


def _remapped(options: Maybe[tuple[str, ...]]) -> Maybe[str]:
    """The engine reports that it remaps users, but not to which user."""
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


def _components(versions: JsonObject, members: JsonObject) -> Maybe[tuple[Component, ...]]:
    components = tuple(
        Component(
            _PARTS.get(name, name),
            component.text("Version"),
            component.child("Details").text("GitCommit"),
        )
        for component in versions.objects("Components")
        if (name := component.text("Name"))
    )
    engine = versions.text("Version") or members.text("ServerVersion")
    return components or ((Component("engine", engine, versions.text("GitCommit")),) if engine else UNKNOWN)


def _swarm(members: JsonObject) -> Maybe[Swarm]:
    if members.maybe_text("LocalNodeState") is UNKNOWN:
        return UNKNOWN
    cluster = members.child("Cluster")
    spec = cluster.child("Spec")
    expiry = spec.child("CAConfig").maybe_int("NodeCertExpiry")
    return Swarm(
        active=members.text("LocalNodeState") not in {"", "inactive"},
        manager=members.maybe_bool("ControlAvailable") is True,
        managers=members.maybe_int("Managers"),
        nodes=members.maybe_int("Nodes"),
        autolock=spec.child("EncryptionConfig").maybe_bool("AutoLockManagers"),
        advertise_address=members.maybe_text("NodeAddr"),
        certificate_expiry=expiry / _NANOSECONDS if isinstance(expiry, int) else UNKNOWN,
    )
