"""Evaluates a pod by the Pod Security Standards, field by field as the admission controller does.

https://kubernetes.io/docs/concepts/security/pod-security-standards/: the versions below are minor versions of
Kubernetes 1. A field counts as it is written, also where a container's own value would override that of its pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.formats.kubernetes import parts
from sealock.formats.kubernetes.fields import Keys
from sealock.formats.kubernetes.manifest import ManifestValue, boolean, integer, text
from sealock.formats.kubernetes.pods import Pod
from sealock.formats.yamltree import Scalar
from sealock.model.location import Place
from sealock.model.podsecurity import PodControl, PodSecurityLevel

NEWEST: Final = 37
"""The newest minor version whose standards are known here; the standards of later ones are taken to be the same."""
_USER_NAMESPACES: Final = 35
"""Since this version some controls let a pod with a user namespace of its own do what they forbid others."""
_WINDOWS: Final = 25
"""Since this version some controls do not apply to Windows."""
_FIRST_SECCOMP_FIELD: Final = 19

FieldViolation: TypeAlias = tuple[str, Place]
"""What is wrong, and where."""
_Check: TypeAlias = Callable[["_PodFields"], Iterator[FieldViolation]]


class _PodFields(Struct, frozen=True):
    """What the checks look at: a pod, and the version of the standards."""

    pod: Pod
    minor: int

    @property
    def members(self) -> Iterator[tuple[str, ManifestValue]]:
        """Each container with its name in messages."""
        for index, member in enumerate(self.pod.containers, 1):
            yield f"container {member.value.word('name') or index}", member.value

    @property
    def is_windows(self) -> bool:
        """Whether it is for Windows, which has no such settings."""
        return self.minor >= _WINDOWS and self.pod.spec.word("os", "name") == "windows"

    @property
    def own_users(self) -> bool:
        """Whether it has a user namespace of its own."""
        users = self.pod.spec.at("hostUsers")
        return self.minor >= _USER_NAMESPACES and users is not None and not boolean(users)


def _shown(value: ManifestValue) -> str:
    if isinstance(value.node, Scalar):
        return value.node.text or "an empty text"
    return value.word("type") or "a value without a type"


def _allows(allowed: Callable[[ManifestValue], bool], value: ManifestValue) -> str:
    """Why a value is not allowed, "" where it is; one that Kubernetes does not understand is not."""
    try:
        return "" if allowed(value) else _shown(value)
    except ValueError as error:
        return f"a value that {error}"


def _never(keys: Keys, allowed: Callable[[ManifestValue], bool], fields: _PodFields, *, in_pod: bool = True,
           ) -> Iterator[FieldViolation]:  # fmt: skip
    """A field of securityContext that may be absent, and otherwise must have an allowed value."""
    places = [("the pod", fields.pod.spec)] if in_pod else []
    for name, value in (*places, *fields.members):
        field = value.at("securityContext", *keys)
        if field is not None and (bad := _allows(allowed, field)):
            yield f"{name} sets {keys[-1]} to {bad}", field.place


def _always(
    keys: Keys, allowed: Callable[[ManifestValue], bool], wanted: str, fields: _PodFields, *, in_pod: bool = True
) -> Iterator[FieldViolation]:
    """A field of securityContext that each container must have with an allowed value, or inherit from its pod."""
    inherited = False
    own = fields.pod.spec.at("securityContext", *keys) if in_pod else None
    if own is not None:
        bad = _allows(allowed, own)
        inherited = not bad
        if bad:
            yield f"the pod sets {keys[-1]} to {bad}", own.place
    for name, value in fields.members:
        field = value.at("securityContext", *keys)
        if field is None:
            if not inherited:
                yield f"{name} does not set {keys[-1]} to {wanted}", _head(value)
        elif bad := _allows(allowed, field):
            yield f"{name} sets {keys[-1]} to {bad}", field.place


def _head(value: ManifestValue) -> Place:
    """The place of a container as a whole: its name."""
    return (value.at("name") or next(iter(value.entries.values()), value)).place


def _is(*allowed: str) -> Callable[[ManifestValue], bool]:
    return lambda value: text(value) in allowed


def _is_type(*allowed: str) -> Callable[[ManifestValue], bool]:
    return lambda value: value.word("type") in allowed


def _is_false(value: ManifestValue) -> bool:
    return not boolean(value)


def _host_namespaces(fields: _PodFields) -> Iterator[FieldViolation]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        value = fields.pod.spec.at(key)
        if value is not None and (bad := _allows(_is_false, value)):
            yield f"the pod sets {key} to {bad}", value.place


_BASELINE_CAPABILITIES: Final = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip


def _added(allowed: frozenset[str], fields: _PodFields) -> Iterator[FieldViolation]:
    for name, value in fields.members:
        listed = value.at("securityContext", "capabilities", "add")
        for item in listed.items if listed is not None else ():
            if bad := _allows(lambda item: text(item) in allowed, item):
                yield f"{name} adds the capability {bad}", item.place


def _restricted_capabilities(fields: _PodFields) -> Iterator[FieldViolation]:
    if fields.is_windows:
        return
    yield from _added(frozenset({"NET_BIND_SERVICE"}), fields)
    for name, value in fields.members:
        listed = value.at("securityContext", "capabilities", "drop")
        if not any(item.data == "ALL" for item in (listed.items if listed is not None else ())):
            yield f"{name} does not drop ALL capabilities", listed.place if listed is not None else _head(value)


def _host_paths(fields: _PodFields) -> Iterator[FieldViolation]:
    for volume in _volumes(fields):
        if (value := volume.at("hostPath")) is not None:
            yield f"the volume {volume.word('name')} is the host's {value.word('path') or 'file system'}", value.place


def _volumes(fields: _PodFields) -> tuple[ManifestValue, ...]:
    volumes = fields.pod.spec.at("volumes")
    return volumes.items if volumes is not None else ()


_VOLUMES: Final = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
})  # fmt: skip


def _restricted_volumes(fields: _PodFields) -> Iterator[FieldViolation]:
    for volume in _volumes(fields):
        kinds = [key for key in volume.entries if key != "name" and volume.at(key) is not None]
        # One without a type is an emptyDir.
        if kinds and not set(kinds) & _VOLUMES:
            yield f"the volume {volume.word('name')} is of the type {kinds[0]}", volume.entries[kinds[0]].place


def _host_ports(fields: _PodFields) -> Iterator[FieldViolation]:
    for name, value in fields.members:
        ports = value.at("ports")
        for item in ports.items if ports is not None else ():
            port = item.at("hostPort")
            if port is not None and (bad := _allows(lambda port: integer(port) == 0, port)):
                yield f"{name} publishes the host's port {bad}", port.place


def _probe_hosts(fields: _PodFields) -> Iterator[FieldViolation]:
    for name, value in fields.members:
        for handler in parts.HANDLERS:
            for kind in ("httpGet", "tcpSocket"):
                host = value.at(*handler, kind, "host")
                if host is not None and (bad := _allows(_is(""), host)):
                    yield f"{name} makes the kubelet connect to {bad} ({handler[-1]})", host.place


_PROFILES: Final = ("RuntimeDefault", "Localhost")


def _apparmor(fields: _PodFields) -> Iterator[FieldViolation]:
    yield from _never(("appArmorProfile",), _is_type(*_PROFILES), fields)
    for key, value in _annotations(fields):
        named = text(value) if value.data is not None else ""
        allowed = named in {"", "runtime/default"} or named.startswith("localhost/")
        if key.startswith(parts.PROFILE_ANNOTATION) and not allowed:
            yield f"an annotation sets the AppArmor profile {named}", value.place


def _annotations(fields: _PodFields) -> tuple[tuple[str, ManifestValue], ...]:
    metadata = fields.pod.metadata
    annotations = metadata.at("annotations") if metadata is not None else None
    return tuple(annotations.entries.items()) if annotations is not None else ()


_OLD_SECCOMP: Final = "seccomp.security.alpha.kubernetes.io/pod"
_OLD_SECCOMP_OF: Final = "container.seccomp.security.alpha.kubernetes.io/"


def _baseline_seccomp(fields: _PodFields) -> Iterator[FieldViolation]:
    if fields.minor >= _FIRST_SECCOMP_FIELD:
        yield from _never(("seccompProfile",), _is_type(*_PROFILES), fields)
        return
    names = {_OLD_SECCOMP, *(f"{_OLD_SECCOMP_OF}{member.value.word('name')}" for member in fields.pod.containers)}
    for key, value in _annotations(fields):
        named = text(value) if value.data is not None else ""
        if key in names and named not in {"runtime/default", "docker/default"} and not named.startswith("localhost/"):
            yield f"an annotation sets the seccomp profile {named}", value.place


def _linux(check: _Check, fields: _PodFields) -> Iterator[FieldViolation]:
    """A check that does not apply to Windows."""
    return iter(()) if fields.is_windows else check(fields)


def _outside(check: _Check, fields: _PodFields) -> Iterator[FieldViolation]:
    """A check that does not apply to a pod with a user namespace of its own."""
    try:
        return iter(()) if fields.own_users else check(fields)
    except ValueError:  # hostUsers is no boolean, so nothing is known to exempt the pod
        return check(fields)


_SELINUX_TYPES: Final = ((0, ("", "container_t", "container_init_t", "container_kvm_t")), (31, ("container_engine_t",)))


def _selinux(fields: _PodFields) -> Iterator[FieldViolation]:
    types = _until(fields.minor, _SELINUX_TYPES)
    for key, allowed in (("type", types), ("user", ("",)), ("role", ("",))):
        yield from _never(("seLinuxOptions", key), _is(*allowed), fields)


_SYSCTLS: Final = (
    (0, ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
         "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start")),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (29, ("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
          "net.ipv4.tcp_keepalive_probes")),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)  # fmt: skip
"""The sysctls that are allowed, by the version that added them."""


def _until(minor: int, table: tuple[tuple[int, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """What a version allows: all that it or an earlier one added."""
    return tuple(entry for since, entries in table if since <= minor for entry in entries)


def _sysctls(fields: _PodFields) -> Iterator[FieldViolation]:
    allowed = _until(fields.minor, _SYSCTLS)
    listed = fields.pod.spec.at("securityContext", "sysctls")
    for item in listed.items if listed is not None else ():
        if item.word("name") not in allowed:
            yield f"the pod sets the sysctl {item.word('name')}", item.place


class _Row(Struct, frozen=True):
    """A control with its check.

    `since` is the first version that has it. `covers` is a baseline control that the restricted standard has it for.
    """

    control: PodControl
    check: _Check
    since: int = 0
    covers: str = ""


def _baseline(id_: str, title: str, *rules: str) -> PodControl:
    return PodControl(id_, title, "baseline", rules)


def _restricted(id_: str, title: str, *rules: str) -> PodControl:
    return PodControl(id_, title, "restricted", rules)


_proc_mount: Final = partial(_never, ("procMount",), _is("Default"), in_pod=False)
_host_process: Final = partial(_never, ("windowsOptions", "hostProcess"), _is_false)
_privileged: Final = partial(_never, ("privileged",), _is_false, in_pod=False)
_escalation: Final = partial(_always, ("allowPrivilegeEscalation",), _is_false, "false", in_pod=False)
_non_root: Final = partial(_always, ("runAsNonRoot",), boolean, "true")
_user: Final = partial(_never, ("runAsUser",), lambda value: integer(value) != 0)
_restricted_seccomp: Final = partial(_always, ("seccompProfile",), _is_type(*_PROFILES), "RuntimeDefault or Localhost")
_ROWS: Final = (
    _Row(_baseline("windowsHostProcess", "HostProcess", "C092"), _host_process),
    _Row(_baseline("hostNamespaces", "Host namespaces", "C018", "C019", "C020"), _host_namespaces),
    _Row(_baseline("privileged", "Privileged containers", "C001"), _privileged),
    _Row(
        _baseline("capabilities_baseline", "Capabilities", "C002", "C003", "C005"),
        partial(_added, _BASELINE_CAPABILITIES),
    ),
    _Row(_baseline("hostPathVolumes", "hostPath volumes", "C011", "C012", "C014", "C015", "C016", "C094"), _host_paths),
    _Row(_baseline("hostPorts", "Host ports", "C060", "C062", "C063"), _host_ports),
    _Row(_baseline("hostProbesAndHostLifecycle", "Hosts of probes and hooks", "C093"), _probe_hosts, since=34),
    _Row(_baseline("appArmorProfile", "AppArmor", "C008"), _apparmor),
    _Row(_baseline("seLinuxOptions", "SELinux", "C009", "C095"), _selinux),
    _Row(_baseline("procMount", "/proc mount type", "C010"), partial(_outside, _proc_mount)),
    _Row(_baseline("seccompProfile_baseline", "seccomp", "C007"), _baseline_seccomp),
    _Row(_baseline("sysctls", "sysctls", "C050"), _sysctls),
    _Row(
        _restricted("restrictedVolumes", "Volume types", "C094", "C096"), _restricted_volumes, covers="hostPathVolumes"
    ),
    _Row(
        _restricted("allowPrivilegeEscalation", "Privilege escalation", "C006", "C001"),
        partial(_linux, _escalation),
        since=8,
    ),
    _Row(_restricted("runAsNonRoot", "Running as non-root", "C091", "C046"), partial(_outside, _non_root)),
    _Row(_restricted("runAsUser", "Running as a non-root user", "C046"), partial(_outside, _user), since=23),
    _Row(
        _restricted("seccompProfile_restricted", "seccomp is asked for", "C007"),
        partial(_linux, _restricted_seccomp),
        since=_FIRST_SECCOMP_FIELD,
        covers="seccompProfile_baseline",
    ),
    _Row(
        _restricted("capabilities_restricted", "Capabilities are dropped", "C004", "C002", "C003"),
        _restricted_capabilities,
        since=22,
        covers="capabilities_baseline",
    ),
    _Row(
        _restricted("procMount_restricted", "/proc mount type, in user namespaces too", "C010"),
        _proc_mount,
        since=_USER_NAMESPACES,
        covers="procMount",
    ),
)
"""The standards' tables in their order: first those of baseline, then what restricted adds or replaces."""


def controls(level: PodSecurityLevel, minor: int) -> tuple[PodControl, ...]:
    """The controls of a level's standard in a version, in the standards' order."""
    return tuple(row.control for row in _rows(level, minor))


def _rows(level: PodSecurityLevel, minor: int) -> tuple[_Row, ...]:
    if level == "privileged":
        return ()
    known = [row for row in _ROWS if row.since <= minor]
    if level == "baseline":
        return tuple(row for row in known if row.control.level == "baseline")
    covered = {row.covers for row in known}
    return tuple(row for row in known if row.control.id not in covered)


def violations(pod: Pod, level: PodSecurityLevel, minor: int) -> Iterator[tuple[PodControl, str, Place]]:
    """What of a pod a level's standard forbids: the control, what is wrong, and where."""
    fields = _PodFields(pod, minor)
    for row in _rows(level, minor):
        for message, place in row.check(fields):
            yield row.control, message, place
