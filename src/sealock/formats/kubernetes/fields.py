"""The table of a container's fields: the keys of each in the container and its pod, how to read it, how to write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from sealock.formats.kubernetes import parts, quantities
from sealock.formats.kubernetes.manifest import ManifestValue, boolean, text, texts
from sealock.model.absent import UNSET, AnyValue, given
from sealock.model.change import Add, FieldChange, Swap
from sealock.model.container import Container, Mount, PodVolume, Port, Sysctl, Variable

Keys: TypeAlias = tuple[str, ...]
WrittenValue: TypeAlias = Any
"""A value to write: scalars, lists and dicts; None removes a key."""
_NOT_WITHOUT_A_SOURCE: Final = "a manifest takes such a value from a Secret, which has to be made first"


class ManifestField(Struct, frozen=True):
    """A field with one value: at the keys `own` of the container, else at the keys `pod` of its pod.

    `unset` is what to write where the field should have no value, None to remove it.
    """

    name: str
    own: Keys
    pod: Keys
    read: Callable[[ManifestValue], Any]
    write: Callable[[Any], WrittenValue]
    unset: WrittenValue = None


class ManifestList(Struct, frozen=True):
    """A field of several elements, each an item of a list of the container, or of the pod where `of_pod`.

    `read` returns None for an item of another kind. Where `marks` names keys, an element is removed by removing these
    from its item.
    """

    name: str
    keys: Keys
    read: Callable[[ManifestValue], Any]
    write: Callable[[Any], WrittenValue]
    of_pod: bool = False
    marks: Keys = ()


def _same(value: AnyValue) -> WrittenValue:
    return value


def _context(name: str, key: str, read: Callable[[ManifestValue], Any], write: Callable[[Any], Any]) -> ManifestField:
    return ManifestField(name, ("securityContext", key), (), read, write)


def _namespace(name: str, key: str) -> ManifestField:
    return ManifestField(name, (), (key,), parts.of_host, lambda value: value == "host" or None)


def _limit(name: str, key: str, read: Callable[[ManifestValue], Any], write: Callable[[Any], Any]) -> ManifestField:
    return ManifestField(name, ("resources", "limits", key), ("resources", "limits", key), read, write)


def _profile(name: str, key: str, *, by_default: bool) -> ManifestField:
    keys = ("securityContext", key)
    return ManifestField(
        name, keys, keys, parts.profile, parts.as_profile, None if by_default else parts.as_profile(UNSET)
    )


def _pull(value: str) -> str:
    return {"always": "Always", "never": "Never"}.get(value, "IfNotPresent")


def _labels(value: tuple[str, ...]) -> WrittenValue:
    for label in value:
        if ":" not in label:
            msg = f"a manifest has no key for the label option {label}"
            raise ValueError(msg)
    return dict(label.split(":", 1) for label in value)


def _sysctl(element: Sysctl) -> WrittenValue:
    return {"name": element.name, "value": element.value}


def _variable(element: Variable) -> WrittenValue:
    if element.value is None:
        raise ValueError(_NOT_WITHOUT_A_SOURCE)
    return {"name": element.name, "value": element.value}


def _port(element: Port) -> WrittenValue:
    values = {
        "containerPort": int(element.container),
        "hostPort": int(element.host or 0) or None,
        "hostIP": element.address,
        "protocol": element.protocol.upper() if element.protocol != "tcp" else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _volume(element: PodVolume) -> WrittenValue:
    msg = f"what mounts the volume {element.name} has to be changed too"
    raise ValueError(msg)


def _mount(element: Mount) -> WrittenValue:
    """The keys of a mount that are not its volume's."""
    propagation = {"rshared": "Bidirectional", "rslave": "HostToContainer"}.get(element.propagation or "")
    return {"mountPath": element.target, "readOnly": element.read_only or None, "mountPropagation": propagation}


_HOST_PROCESS: Final = ("securityContext", "windowsOptions", "hostProcess")
_NON_ROOT: Final = ("securityContext", "runAsNonRoot")
FIELDS: Final[tuple[ManifestField, ...]] = (
    ManifestField("image", ("image",), (), text, _same),
    ManifestField("pull", ("imagePullPolicy",), (), parts.pull, _pull),
    ManifestField("entrypoint", ("command",), (), texts, list),
    ManifestField("command", ("args",), (), texts, list),
    ManifestField("working_dir", ("workingDir",), (), text, _same),
    ManifestField("tty", ("tty",), (), boolean, _same),
    ManifestField("stdin_open", ("stdin",), (), boolean, _same),
    ManifestField("runtime", (), ("runtimeClassName",), text, _same),
    _context("privileged", "privileged", boolean, _same),
    ManifestField("host_process", _HOST_PROCESS, _HOST_PROCESS, boolean, _same),
    ManifestField("root_refused", _NON_ROOT, _NON_ROOT, boolean, _same),
    ManifestField("service_token", (), ("automountServiceAccountToken",), boolean, _same),
    _context("no_new_privileges", "allowPrivilegeEscalation", parts.not_escalating, lambda value: not value),
    _context("read_only", "readOnlyRootFilesystem", boolean, _same),
    _context("unconfined_paths", "procMount", parts.unmasked, lambda value: "Unmasked" if value else "Default"),
    _profile("seccomp", "seccompProfile", by_default=False),
    _profile("apparmor", "appArmorProfile", by_default=True),
    ManifestField(
        "selinux", ("securityContext", "seLinuxOptions"), ("securityContext", "seLinuxOptions"), parts.selinux, _labels
    ),
    _namespace("network_mode", "hostNetwork"),
    _namespace("pid", "hostPID"),
    _namespace("ipc", "hostIPC"),
    ManifestField("userns", (), ("hostUsers",), parts.own_users, lambda _value: False),
    _limit("memory", "memory", quantities.size, quantities.size_as_text),
    _limit("cpus", "cpu", quantities.cpus, quantities.cpus_as_text),
)
LISTS: Final[tuple[ManifestList, ...]] = (
    ManifestList("cap_add", ("securityContext", "capabilities", "add"), parts.capability, _same),
    ManifestList("cap_drop", ("securityContext", "capabilities", "drop"), parts.dropped_capability, _same),
    ManifestList("groups", ("securityContext", "supplementalGroups"), parts.group, int, of_pod=True),
    ManifestList("sysctls", ("securityContext", "sysctls"), parts.sysctl, _sysctl, of_pod=True),
    ManifestList("pod_volumes", ("volumes",), parts.pod_volume, _volume, of_pod=True),
    ManifestList("environment", ("env",), parts.variable, _variable),
    ManifestList("ports", ("ports",), parts.port, _port, marks=("hostPort", "hostIP")),
)
MOUNTS: Final = ManifestList("mounts", ("volumeMounts",), lambda _value: None, _mount)
"""Read with the volumes of the pod."""
ROWS: Final = {row.name: row for row in FIELDS}
LIST_ROWS: Final = {row.name: row for row in (*LISTS, MOUNTS)}

DEFAULTS: Final = (
    "restart", "hooks", "labels", "annotations", "devices", "device_rules", "volumes_from", "volume_driver",
    "publish_all", "links", "cpu_quota", "cpuset_cpus", "unconfined_paths",
)  # fmt: skip
"""Fields that a manifest cannot set, or that are read apart from the table: the platform's default applies."""
SAYS: Final = (*ROWS, *LIST_ROWS, "user", "health", "probe_hosts", *DEFAULTS)
"""The fields that a manifest decides. All others are the cluster's: PID limits, logging, swap, ulimits, networks."""


def refusal(container: Container, change: FieldChange) -> str:
    """Why no manifest can hold this change of a container, however it is written; "" where one can."""
    field = change.field
    if field == "no_new_privileges" and "SYS_ADMIN" in given(container.cap_add, ()):
        return "Kubernetes allows no allowPrivilegeEscalation: false with the capability SYS_ADMIN"
    match change:
        case Add(value=Variable(value=None)) | Swap(new=Variable(value=None)):
            return _NOT_WITHOUT_A_SOURCE
        case _:
            known = field in ROWS or field in LIST_ROWS or field == "user"
            return "" if known else f"a manifest cannot set {field}"
