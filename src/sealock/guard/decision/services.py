"""Services of a swarm: each task of one is a container, which is evaluated as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sealock.guard.decision.bodyfields import SERVICE
from sealock.guard.decision.case import Case
from sealock.guard.decision.creation import check_network, evaluate_body
from sealock.guard.decision.imagechecks import check_image, gives_owner
from sealock.guard.decision.jsonvalues import as_object, labels_of, text_of
from sealock.guard.decision.ownership import check_new, check_object, label_created, owner_of
from sealock.guard.decision.reach import ObjectKind
from sealock.guard.decision.requestbodies import BodyError, check_shape
from sealock.patterns import compile_lazily

_SAME: Final = (
    ("Image", "Image"), ("Command", "Entrypoint"), ("Args", "Cmd"), ("Hostname", "Hostname"), ("Env", "Env"),
    ("Dir", "WorkingDir"), ("User", "User"), ("Labels", "Labels"), ("StopSignal", "StopSignal"), ("TTY", "Tty"),
    ("HealthCheck", "Healthcheck"), ("Healthcheck", "Healthcheck"),
)  # fmt: skip
"""Fields of a container of a service, and the same ones of a create body."""
_HOST: Final = (
    ("Groups", "GroupAdd"), ("ReadOnly", "ReadonlyRootfs"), ("Mounts", "Mounts"), ("CapabilityAdd", "CapAdd"),
    ("CapabilityDrop", "CapDrop"), ("Sysctls", "Sysctls"), ("Ulimits", "Ulimits"), ("Init", "Init"),
    ("OomScoreAdj", "OomScoreAdj"), ("Isolation", "Isolation"), ("Hosts", "ExtraHosts"),
)  # fmt: skip
_ID: Final = compile_lazily(r"[a-z0-9]{1,64}")
_SPECIAL: Final = frozenset({"host", "none", "bridge"})


def evaluate_service(case: Case) -> None:
    """Evaluate a service's specification, and where an update goes back to the one before, that."""
    assert isinstance(case.body, dict)  # noqa: S101  the shape of this body
    label_created(case, case.body, case.setting)
    container = as_object(as_object(case.body.get("TaskTemplate")).get("ContainerSpec"))
    inherits = gives_owner(case, text_of(container, "Image"))
    label_created(case, container, case.setting, inherits=inherits)
    if case.setting.containers:
        why = f"the containers of {case.setting.name} are limited, and those of a service are not counted"
        case.deny("G010", why, "create containers, or leave containers out of the policy")
    _evaluate(case, case.body)
    if case.query.get("rollback"):
        described = case.engine(f"/services/{case.object}")
        before = as_object(described).get("PreviousSpec")
        if before is None:
            return
        _check_owner(case, as_object(before))
        try:
            _evaluate(case, check_shape(before, SERVICE, ""))
        except BodyError as error:
            case.deny("G011", f"the specification to go back to cannot be evaluated: {error.why}", "send the new one")


def _check_owner(case: Case, before: Mapping[str, Any]) -> None:
    """Deny to go back to a specification with another caller's label."""
    container = as_object(as_object(before.get("TaskTemplate")).get("ContainerSpec"))
    if not {owner_of(case, labels_of(holder)) for holder in (before, container)} <= {"", case.setting.name}:
        case.deny("G005", "the specification to go back to bears the label of another caller", "send the new one")


def _evaluate(case: Case, spec: dict[str, Any]) -> None:
    task = spec.get("TaskTemplate", {})
    if task.get("Runtime", "container") not in {"", "container"} or "PluginSpec" in task:
        case.deny("G015", "the tasks of this service are plugins, which run as root on the host", "use containers")
        return
    if "NetworkAttachmentSpec" in task:
        case.deny("G012", "the service attaches a container to networks", "use docker network connect")
        return
    container = task.get("ContainerSpec", {})
    case.name, case.image = spec.get("Name", ""), container.get("Image", "")
    check_new(case, "services", case.name, spec.get("Labels") or {}, case.image)
    container["Image"] = check_image(case, case.image)
    if container.get("Privileges", {}).get("CredentialSpec"):
        case.deny("G013", "the service has a credential specification of Windows", "leave it out")
    for mount in container.get("Mounts", ()):
        if b"{{" in msgspec.json.encode(mount):
            why = f"the mount at {mount.get('Target', '')[:80]!r} has a template, which the swarm expands for each task"
            case.deny("G006", f"{why}: it could lead anywhere", "write out what it stands for")
    if case.setting.own or case.setting.reach.labels:
        _check_references(case, container)
    # What resolving a bind changes is changed in the specification too: the mounts are the same objects.
    evaluate_body(case, as_create(spec, task, container), case.name)
    for network in (*task.get("Networks", ()), *spec.get("Networks", ())):
        if network.get("Target", "") not in _SPECIAL | {""}:
            check_network(case, network["Target"])


def _check_references(case: Case, container: Mapping[str, Any]) -> None:
    """Deny secrets and configs that are not the caller's to use."""
    kinds: tuple[tuple[str, str, ObjectKind], ...] = (
        ("Secrets", "SecretID", "secrets"), ("Configs", "ConfigID", "configs"),
    )  # fmt: skip
    for key, id_key, kind in kinds:
        for reference in container.get(key, ()):
            _check_reference(case, kind, reference.get(id_key, ""))


def check_cluster_volume(case: Case, spec: Mapping[str, Any]) -> None:
    """Deny secrets that are not the caller's to use, in the specification of a cluster volume."""
    if case.setting.own or case.setting.reach.labels:
        for reference in spec.get("Secrets", ()):
            _check_reference(case, "secrets", reference.get("Secret", ""))


def _check_reference(case: Case, kind: ObjectKind, id_: str) -> None:
    if not _ID.fullmatch(id_):
        case.deny("G004", f"{kind.capitalize()} name {id_[:60]!r}, which is no id", "name them by their ids")
    elif described := case.engine(f"/{kind}/{id_}"):
        check_object(case, kind, described, f"{kind.removesuffix('s')} {id_}")


def as_create(spec: Mapping[str, Any], task: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any]:
    """The create body of a service's containers."""
    body = {there: container[here] for here, there in _SAME if here in container}
    host: dict[str, Any] = {there: container[here] for here, there in _HOST if here in container}
    limits = task.get("Resources", {}).get("Limits", {})
    for here, there in (("MemoryBytes", "Memory"), ("NanoCPUs", "NanoCpus"), ("Pids", "PidsLimit")):
        if limits.get(here):
            host[there] = limits[here]
    swap = task.get("Resources", {}).get("SwapBytes", 0)
    if swap:
        host["MemorySwap"] = swap if swap < 0 else swap + host.get("Memory", 0)
    if options := _security_options(container.get("Privileges", {})):
        host["SecurityOpt"] = options
    if "LogDriver" in task:
        host["LogConfig"] = {"Type": task["LogDriver"].get("Name", ""), "Config": task["LogDriver"].get("Options", {})}
    dns = container.get("DNSConfig", {})
    for here, there in (("Nameservers", "Dns"), ("Search", "DnsSearch"), ("Options", "DnsOptions")):
        if here in dns:
            host[there] = dns[here]
    names = [network.get("Target", "") for network in (*task.get("Networks", ()), *spec.get("Networks", ()))]
    if "host" in names:
        host["NetworkMode"] = "host"
    ports: dict[str, list[dict[str, str]]] = {}
    for port in spec.get("EndpointSpec", {}).get("Ports", ()):
        inner = f"{port.get('TargetPort', 0)}/{port.get('Protocol') or 'tcp'}"
        published = port.get("PublishedPort")
        ports.setdefault(inner, []).append({"HostIp": "", "HostPort": str(published) if published else ""})
    if ports:
        host["PortBindings"] = ports
    return body | {"HostConfig": host}


def _security_options(privileges: Mapping[str, Any]) -> list[str]:
    """The privileges of a service as security options."""
    options: list[str] = []
    if privileges.get("NoNewPrivileges") is True:
        options.append("no-new-privileges")
    seccomp, apparmor = privileges.get("Seccomp", {}), privileges.get("AppArmor", {})
    if seccomp.get("Mode", "default") not in {"", "default"}:
        options.append(f"seccomp={seccomp['Mode'] if seccomp['Mode'] == 'unconfined' else '{}'}")
    if apparmor.get("Mode", "default") not in {"", "default"}:
        options.append("apparmor=unconfined")
    selinux = privileges.get("SELinuxContext", {})
    if selinux.get("Disable") is True:
        options.append("label=disable")
    options += [f"label={key.lower()}:{selinux[key]}" for key in ("User", "Role", "Type", "Level") if selinux.get(key)]
    return options
