"""The parts of a container and its pod: reads and writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sealock.formats.kubernetes.manifest import ManifestValue, boolean, integer, text
from sealock.formats.kubernetes.quantities import size
from sealock.model.absent import UNSET, AnyValue, Maybe
from sealock.model.container import Health, Hook, Label, Mount, PodVolume, Port, Sysctl, Variable
from sealock.text import read_number

PROFILE_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
"""What an annotation starts with that names a container's AppArmor profile; the container's name follows."""
HANDLERS = (
    ("livenessProbe",), ("readinessProbe",), ("startupProbe",), ("lifecycle", "postStart"), ("lifecycle", "preStop"),
)  # fmt: skip
"""Where a container has what the kubelet may connect to."""
_PULL = {"Always": "always", "IfNotPresent": "missing", "Never": "never"}
_PROPAGATION = {"Bidirectional": "rshared", "HostToContainer": "rslave", "None": None}
_READ_ONLY_VOLUMES = ("configMap", "secret", "projected", "downwardAPI")


def pull(value: ManifestValue) -> str:
    """`imagePullPolicy`."""
    word = text(value)
    if word not in _PULL:
        msg = f"must be {', '.join(_PULL)}"
        raise ValueError(msg)
    return _PULL[word]


def not_escalating(value: ManifestValue) -> bool:
    """`allowPrivilegeEscalation`, which is the opposite of no-new-privileges."""
    return not boolean(value)


def of_host(value: ManifestValue) -> Maybe[str]:
    """`hostNetwork`, `hostPID`, `hostIPC`: whether the namespace is the host's."""
    return "host" if boolean(value) else UNSET


def own_users(value: ManifestValue) -> Maybe[str]:
    """`hostUsers`: only false changes anything."""
    return UNSET if boolean(value) else "private"


def unmasked(value: ManifestValue) -> Maybe[bool]:
    """`procMount`."""
    return True if text(value) == "Unmasked" else UNSET


def profile(value: ManifestValue) -> str:
    """`seccompProfile` or `appArmorProfile`: "builtin" for the runtime's, a path, or "unconfined"."""
    match value.word("type"):
        case "Unconfined":
            return "unconfined"
        case "RuntimeDefault":
            return "builtin"
        case "Localhost" if value.word("localhostProfile"):
            return value.word("localhostProfile")
        case _:
            msg = "must have the type RuntimeDefault, Unconfined, or Localhost with a localhostProfile"
            raise ValueError(msg)


def annotated_profile(value: ManifestValue) -> str:
    """The AppArmor profile of an annotation."""
    word = text(value)
    return {"runtime/default": "builtin", "": "builtin"}.get(word, word.removeprefix("localhost/"))


def as_profile(name: Maybe[str]) -> dict[str, str]:
    """Write a profile; without one the runtime's own, which is what other engines apply then."""
    if name == "unconfined":
        return {"type": "Unconfined"}
    if name == "builtin" or not isinstance(name, str):
        return {"type": "RuntimeDefault"}
    return {"type": "Localhost", "localhostProfile": name}


def selinux(value: ManifestValue) -> tuple[str, ...]:
    """`seLinuxOptions` as label options."""
    return tuple(f"{key}:{text(option)}" for key, option in value.entries.items() if option.data is not None)


def capability(value: ManifestValue) -> str:
    """A capability's name without CAP_, in upper case."""
    return text(value).upper().removeprefix("CAP_")


def dropped_capability(value: ManifestValue) -> str:
    """A dropped capability's name in upper case; with CAP_ before it, containerd drops nothing."""
    return text(value).upper()


def group(value: ManifestValue) -> str:
    """A supplementary group's number."""
    return str(integer(value))


def sysctl(value: ManifestValue) -> Sysctl:
    """A kernel parameter."""
    return Sysctl(value.word("name"), value.word("value"))


def variable(value: ManifestValue) -> Variable:
    """An environment variable; without a value where it comes from a Secret, a ConfigMap or the pod's fields."""
    if value.at("valueFrom") is not None:
        return Variable(value.word("name"), None)
    inner = value.at("value")
    return Variable(value.word("name"), text(inner) if inner is not None else "")


def pod_volume(value: ManifestValue, mounted: Collection[str] = ()) -> PodVolume:
    """A volume of a pod, whose containers mount all of those that are `mounted`; one without a type is an emptyDir."""
    kind = next((key for key in value.entries if key != "name" and value.at(key) is not None), "emptyDir")
    name = value.word("name")
    return PodVolume(name, kind, value.word("hostPath", "path"), name in mounted)


def mounted_whole(containers: Iterable[ManifestValue]) -> frozenset[str]:
    """The names of the volumes that some of these containers mount without a path below them."""
    mounts = (value.items for container in containers if (value := container.at("volumeMounts")) is not None)
    below = ("subPath", "subPathExpr")
    return frozenset(item.word("name") for items in mounts for item in items if not any(map(item.word, below)))


def probe_host(handler: ManifestValue) -> ManifestValue | None:
    """The host that a probe or hook connects to, None where that is the pod."""
    host = handler.at("httpGet", "host") or handler.at("tcpSocket", "host")
    return host if host is not None and text(host) else None


def port(value: ManifestValue) -> Port | None:
    """A port that is published on the node; None for one that is not."""
    host = value.at("hostPort")
    if host is None or integer(host) == 0:
        return None
    address = value.word("hostIP")
    protocol = value.word("protocol").lower() or "tcp"
    return Port(value.word("containerPort"), str(integer(host)), address or None, protocol)


def mount(value: ManifestValue, volume: ManifestValue | None) -> Mount:
    """A mount of one of the pod's volumes; `volume` is None for one that is made from a claim's template."""
    name, target = value.word("name"), value.word("mountPath")
    if not name or not target:
        msg = "must have a name and a mountPath"
        raise ValueError(msg)
    read_only = (flag := value.at("readOnly")) is not None and boolean(flag)
    propagation = _PROPAGATION.get(value.word("mountPropagation"))
    below = value.word("subPath") or value.word("subPathExpr")
    if volume is None:
        return Mount("volume", name, target, read_only, propagation)
    if (host := volume.at("hostPath")) is not None:
        path = host.word("path")
        source = f"{path.rstrip('/')}/{below}" if below else path
        return Mount("bind", source, target, read_only, propagation)
    if (empty := volume.at("emptyDir")) is not None:
        limit = empty.at("sizeLimit")
        if empty.word("medium") == "Memory":
            return Mount("tmpfs", None, target, read_only, None, (f"size={size(limit)}",) if limit is not None else ())
        return Mount("volume", None, target, read_only, propagation, ("ephemeral",))
    if (image := volume.at("image")) is not None:
        return Mount("image", image.word("reference"), target, read_only=True)
    claim = volume.at("persistentVolumeClaim", "readOnly")
    fixed = any(volume.at(kind) is not None for kind in _READ_ONLY_VOLUMES) or (claim is not None and boolean(claim))
    return Mount("volume", name, target, read_only or fixed, propagation)


def user(own: ManifestValue | None, pod: ManifestValue | None) -> tuple[Maybe[str], ManifestValue | None]:
    """The user of a container by its own and its pod's securityContext, and the value that decides it.

    "nonroot" is whoever the image names, since the kubelet refuses to start it as root.
    """
    number = _first(own, pod, "runAsUser")
    if number is not None:
        primary = _first(own, pod, "runAsGroup")
        name = str(integer(number))
        return f"{name}:{integer(primary)}" if primary is not None else name, number
    windows = _first(own, pod, "windowsOptions")
    if windows is not None and windows.word("runAsUserName"):
        return windows.word("runAsUserName"), windows
    refused = _first(own, pod, "runAsNonRoot")
    if refused is not None and boolean(refused):
        return "nonroot", refused
    return UNSET, refused


def _first(own: ManifestValue | None, pod: ManifestValue | None, key: str) -> ManifestValue | None:
    """The container's own value, else the pod's."""
    return next((value for context in (own, pod) if context is not None and (value := context.at(key))), None)


def as_user(name: str | None) -> dict[str, AnyValue]:
    """Write a user by number, or no user; ValueError for a name, which Kubernetes does not know."""
    if name is None:
        return dict.fromkeys(("runAsUser", "runAsGroup", "runAsNonRoot"))
    if name == "nonroot":
        return {"runAsNonRoot": True}
    number, colon, primary = name.partition(":")
    user, group = read_number(number), read_number(primary)
    if user is None or (colon and group is None):
        msg = "Kubernetes sets users by number"
        raise ValueError(msg)
    return {"runAsUser": user, **({"runAsGroup": group} if colon else {}), "runAsNonRoot": user != 0}


def health(value: ManifestValue) -> Health:
    """A probe: its command, else no test that a rule could look at."""
    command = value.at("exec", "command")
    words = tuple(text(item) for item in command.items) if command is not None else ()
    return Health(test=("CMD", *words) if words else ())


def hook(moment: str, value: ManifestValue) -> Hook:
    """A command of `lifecycle`."""
    return Hook(moment, tuple(text(item) for item in value.items))


def label(name: str, value: ManifestValue) -> Label:
    """A label or annotation."""
    return Label(name, text(value))
