"""What each route's request would give. A route that is not named here gives nothing that needs evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any, Final

from msgspec.structs import replace

from sealock.formats.imageconfig import read_variable
from sealock.guard.decision.archivechecks import check_unread, evaluate_load
from sealock.guard.decision.builds import evaluate_build
from sealock.guard.decision.case import Case
from sealock.guard.decision.creation import (
    SWAP,
    check_network,
    evaluate_create,
    evaluate_existing,
    in_sizes,
    other_container,
)
from sealock.guard.decision.effects import check_noun, read_container
from sealock.guard.decision.exchange import EngineRequest
from sealock.guard.decision.hostaccess import check_working_directory, driver_mount, named_volume
from sealock.guard.decision.imagechecks import (
    check_distribution,
    check_login,
    check_new_tag,
    check_privileges,
    check_pull,
    check_pushed,
    check_saved,
    check_search,
)
from sealock.guard.decision.jsonvalues import as_object, as_texts, text_of
from sealock.guard.decision.ownership import bears_owner, check_new, check_object, check_objects, label_created
from sealock.guard.decision.podmanwords import check_variables
from sealock.guard.decision.reach import ObjectKind, beyond
from sealock.guard.decision.services import check_cluster_volume, evaluate_service
from sealock.guard.decision.swarms import check_join, check_role, check_settings, hide_tokens
from sealock.model.absent import UNSET
from sealock.model.container import Container
from sealock.patterns import compile_lazily
from sealock.policy.guard import Reach

_NETWORK_OPTIONS: Final = frozenset({
    "com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc", "com.docker.network.enable_ipv4",
    "com.docker.network.bridge.enable_ip_masquerade", "com.docker.network.bridge.host_binding_ipv4",
    "com.docker.network.container_iface_prefix", "com.docker.network.enable_ipv6",
})  # fmt: skip
_CHECKPOINT: Final = compile_lazily(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_NAMED: Final = "use letters, digits, _, . and -"
_OWN_ADDRESSES: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))


def evaluate_request(case: Case, request: EngineRequest) -> None:
    """Check the objects that a request names, and what it would give."""
    check_objects(case)
    if (evaluation := _EVALUATIONS.get(case.target.route.name)) is not None:
        evaluation(case)
    route = case.target.route
    wanted = "h2c" if route.group == "session" else "websocket" if route.name.endswith("/ws") else "tcp"
    if route.upgrade and request.upgrade and request.upgrade.lower() != wanted:
        # Another protocol on the connection could carry requests of its own past the guard.
        case.deny("G004", f"asks for the protocol {request.upgrade[:40]!r}", f"send Upgrade: {wanted}")
    check_unread(case)


def _body(case: Case) -> dict[str, Any]:
    """The body, an object."""
    if case.body is None:
        case.body = {}
    assert isinstance(case.body, dict)  # noqa: S101  the shapes of these bodies
    return case.body


def _use(case: Case) -> None:
    """Start a container, attach to it, or reach its files, which are also those that it mounts."""
    checkpoint = case.query.get("checkpoint", "")
    if case.query.get("checkpoint-dir"):
        case.deny("G006", "would read a checkpoint from a directory of the host", "leave checkpoint-dir out")
    elif checkpoint and not _CHECKPOINT.fullmatch(checkpoint):
        case.deny("G006", f"{checkpoint[:80]!r} is no name of a checkpoint, and could lead elsewhere", _NAMED)
    if (container := _existing(case)) is not None:
        check_noun(case, container, exists=True)


def _existing(case: Case) -> Container | None:
    described = case.engine(f"/containers/{case.object}/json")
    if not described:
        return None
    case.use_id(text_of(described, "Id"))
    return evaluate_existing(case, described)


def _exec(case: Case) -> None:
    body = _body(case)
    check_working_directory(case, body.get("WorkingDir", ""))
    check_variables(case, body)
    container = _existing(case)
    if container is None:
        return
    if body.get("Privileged") is True:
        container = replace(container, privileged=True)
    if body.get("User"):
        container = replace(container, user=body["User"])
    check_noun(case, container, exists=True)
    added = tuple(read_variable(text) for text in body.get("Env", ()))
    command = tuple(body.get("Cmd", ()))
    asked = replace(container, environment=added or UNSET, command=command or UNSET)
    check_noun(case, asked, only=frozenset({"environment", "command", "user"}))


def _exec_start(case: Case) -> None:
    described = case.engine(f"/exec/{case.object}/json")
    if not described:
        return
    process = as_object(described.get("ProcessConfig"))
    container = case.engine(f"/containers/{text_of(described, 'ContainerID')}/json")
    noun = evaluate_existing(case, container) if container else None
    if noun is not None:
        privileged = process.get("privileged") is not False
        check_noun(case, replace(noun, privileged=True) if privileged else noun, exists=True)


def _update(case: Case) -> None:
    described = case.engine(f"/containers/{case.object}/json")
    if not described:
        return
    case.use_id(text_of(described, "Id"))
    body = _body(case)
    before = described.get("HostConfig")
    host: dict[str, Any] = dict(before) if isinstance(before, dict) else {}
    # The engine leaves what is 0 or "" as it is, except the limit of processes, where 0 and -1 remove it.
    host |= {key: value for key, value in body.items() if value or key == "PidsLimit"}
    container = evaluate_existing(case, dict(described) | {"HostConfig": host})
    limits = case.setting.limits
    for key, most, unit in (
        ("Memory", limits.memory, 1),
        ("MemorySwap", None if limits.memory is None else SWAP * limits.memory, 1),
        ("PidsLimit", limits.pids, 1),
        ("NanoCpus", limits.cpus, 1e9),
    ):
        if (
            most is not None
            and key in body
            and (body[key] / unit > most or body[key] < 0 or (key == "PidsLimit" and not body[key]))
        ):
            asked, granted = str(body[key]), f"{most:.15g}"
            if key.startswith("Memory"):
                size, granted = in_sizes(body[key], most)
                asked = size if body[key] > 0 else asked
            case.deny("G010", f"{key} is {asked}, and {case.setting.name} may have {granted}", "ask for less")
    quota = host.get("CpuQuota") or 0
    if limits.cpus is not None and not {"CpuQuota", "CpuPeriod"}.isdisjoint(body) and quota:
        cpus = quota / (host.get("CpuPeriod") or 100_000)
        if not 0 < cpus <= limits.cpus:
            case.deny(
                "G010",
                f"asks for {cpus:.15g} CPUs, and {case.setting.name} may have {limits.cpus:.15g}",
                "ask for less",
            )
    if container is not None:
        check_noun(case, container, exists=True)


def _rename(case: Case) -> None:
    name = case.query.get("name", "").removeprefix("/")
    if why := beyond(Reach(names=case.setting.reach.names), "containers", name, "", {}):
        case.deny("G005", f"the new name is out of the reach of {case.setting.name}: {why}")


def _checkpoint(case: Case) -> None:
    body = _body(case)
    if body.get("CheckpointDir"):
        case.deny("G006", "would write a checkpoint into a directory of the host", "leave CheckpointDir out")
    elif not _CHECKPOINT.fullmatch(name := body.get("CheckpointID", "")):
        case.deny("G006", f"{name[:80]!r} is no name of a checkpoint, and could lead elsewhere", _NAMED)


def _checkpoints(case: Case) -> None:
    if case.query.get("dir"):
        case.deny("G006", "would use a directory of the host", "leave dir out")


def _commit(case: Case) -> None:
    container = other_container(case, case.query.get("container", ""))
    label_created(case, _body(case), case.setting, inherits=bears_owner(case, as_object(container).get("Config")))
    _check_instructions(case)
    check_new_tag(case, _tagged(case.query.get("repo", ""), case.query.get("tag", "")))


def _check_instructions(case: Case) -> None:
    """Deny Dockerfile instructions that could change the label of the owner, also by quotes or another escape sign."""
    for text in case.target.parameters("changes"):
        odd = {"\\", "$"} & set(text) or any(row.strip().startswith("#") for row in text.splitlines())
        if odd or case.guard.policy.label in text.replace('"', "").replace("'", ""):
            case.deny("G005", f"the instruction {text[:80]!r} could change the owner's label", "leave it out")


def _tagged(repository: str, tag: str) -> str:
    joint = "@" if tag.startswith("sha256:") else ":"
    return f"{repository}{joint}{tag}" if repository and tag else repository


def _pull(case: Case) -> None:
    """A pull, or an import of a root file system (fromSrc)."""
    image, source = case.query.get("fromImage", ""), case.query.get("fromSrc", "")
    if bool(image) == bool(source):
        case.deny("G003", "names fromImage and fromSrc, or neither", "name the one that is meant")
    elif image:
        check_pull(case, _tagged(image, case.query.get("tag", "")))
    else:
        if source != "-":
            case.deny("G009", f"would make the engine fetch {source[:80]}", "send the archive itself: docker import -")
        _check_instructions(case)
        check_new_tag(case, _tagged(case.query.get("repo", ""), case.query.get("tag", "")))
        if case.setting.own:
            case.add("changes", f'LABEL "{case.guard.policy.label}"="{case.setting.name}"')


def _tag(case: Case) -> None:
    check_new_tag(case, _tagged(case.query.get("repo", ""), case.query.get("tag", "")), case.object)


def _push(case: Case) -> None:
    check_pushed(case, _tagged(case.object, case.query.get("tag", "")))


def _save(case: Case) -> None:
    """Images in one archive."""
    for name in case.target.values or case.target.parameters("names"):
        check_saved(case, name)


def _volume(case: Case) -> None:
    body = _body(case)
    label_created(case, body, case.setting)
    name, reach = body.get("Name", ""), case.setting.reach
    if name and (case.setting.own or reach.labels) and (described := named_volume(case, name)):
        check_object(case, "volumes", described, f"volume {name}")  # the engine answers with the one that there is
    else:
        check_new(case, "volumes", name, body.get("Labels") or {})
    if "ClusterVolumeSpec" in body and not case.setting.volume_drivers:
        case.deny("G008", "creates a cluster volume", "use a volume of the driver local")
    check_cluster_volume(case, body.get("ClusterVolumeSpec", {}))
    bind = driver_mount(case, body.get("Driver", ""), body.get("DriverOpts", {}), "/volume")
    if bind is not None:
        if body.get("DriverOpts", {}).get("device") != bind.source and case.guard.rewrites:
            body["DriverOpts"]["device"] = bind.source
            case.change(f"device {bind.source}, where the path leads")
        container = read_container(case, {})
        if container is not None:
            check_noun(case, replace(container, mounts=(bind,)), only=frozenset({"mounts"}))


def _cluster_volume(case: Case) -> None:
    check_cluster_volume(case, _body(case).get("Spec", {}))


def _network(case: Case) -> None:
    body = _body(case)
    label_created(case, body, case.setting)
    source = as_object(body.get("ConfigFrom")).get("Network")
    inherited = check_network(case, source, inherits=True) if source else {}
    if inherited is not None:
        check_new(case, "networks", body.get("Name", ""), {**inherited, **(body.get("Labels") or {})})
    driver = body.get("Driver", "") or "bridge"
    if driver not in case.setting.network_drivers:
        case.deny("G012", f"the network driver {driver[:60]!r} is not allowed to {case.setting.name}", "use bridge")
    if body.get("IPAM", {}).get("Driver", "default") not in {"", "default"} or body.get("Ingress") is True:
        case.deny("G012", "the network has an address driver of its own, or is the swarm's ingress", "leave that out")
    if "G012" in case.setting.accept:
        return
    _check_subnets(case, body)
    if unknown := set(body.get("Options", {})) - _NETWORK_OPTIONS:
        case.deny("G012", f"the network has the option {min(unknown)[:80]!r}, which reaches the host", "leave it out")


def _check_subnets(case: Case, body: Mapping[str, Any]) -> None:
    """Deny a subnet whose addresses are others': the host would send its own traffic for them into the network."""
    for entry in body.get("IPAM", {}).get("Config", ()):
        text = entry.get("Subnet", "")
        if not text:
            continue
        try:
            subnet = ip_network(text, strict=False)
        except ValueError:
            case.deny("G012", f"{text[:60]!r} is no subnet", "write it as in 172.28.0.0/16")
            continue
        longest = 16 if subnet.version == 4 else 48
        if subnet.prefixlen < longest or not any(
            subnet.version == own.version and subnet.network_address in own for own in _OWN_ADDRESSES
        ):
            remedy = "use a private subnet of at most 2^16 addresses, as 172.28.0.0/16, or leave it to the engine"
            case.deny("G012", f"the host would send its traffic for {subnet} into the network", remedy)


def _connect(case: Case) -> None:
    body = _body(case)
    check_network(case, case.object)
    if case.setting.own or case.setting.reach != Reach():
        other_container(case, body.get("Container", ""))
        for link in as_texts(as_object(body.get("EndpointConfig")).get("Links")):
            other_container(case, link.partition(":")[0].removeprefix("/"))


def _plugin(case: Case) -> None:
    if "G015" in case.setting.accept:
        return
    route = case.target.route.name
    if isinstance(case.body, list) and not case.body and route != "POST /plugins/{name}/set":
        return
    what = "settings" if route == "POST /plugins/{name}/set" else "code" if case.body is None else "privileges"
    case.deny("G015", f"gives a plugin {what} that let it reach the host", 'add "G015" to accept of this caller')


def _labelled(case: Case) -> None:
    """Secrets and configs."""
    body = _body(case)
    label_created(case, body, case.setting)
    kind: ObjectKind = "secrets" if case.target.route.group == "secrets" else "configs"
    check_new(case, kind, body.get("Name", ""), body.get("Labels") or {})


_EVALUATIONS: Final[Mapping[str, Callable[[Case], None]]] = {
    "POST /auth": check_login,
    "POST /containers/create": evaluate_create,
    "POST /containers/{id}/start": _use,
    "POST /containers/{id}/restart": _use,
    "POST /containers/{id}/unpause": _use,
    "POST /containers/{id}/attach": _use,
    "GET /containers/{id}/attach/ws": _use,
    "GET /containers/{id}/archive": _use,
    "HEAD /containers/{id}/archive": _use,
    "PUT /containers/{id}/archive": _use,
    "POST /containers/{id}/exec": _exec,
    "POST /exec/{id}/start": _exec_start,
    "POST /containers/{id}/update": _update,
    "POST /containers/{id}/rename": _rename,
    "POST /containers/{id}/checkpoints": _checkpoint,
    "GET /containers/{id}/checkpoints": _checkpoints,
    "DELETE /containers/{id}/checkpoints/{id}": _checkpoints,
    "POST /commit": _commit,
    "POST /images/create": _pull,
    "POST /images/load": evaluate_load,
    "POST /images/{name}/tag": _tag,
    "POST /images/{name}/push": _push,
    "GET /images/get": _save,
    "GET /images/{name}/get": _save,
    "GET /images/search": check_search,
    "GET /distribution/{name}/json": check_distribution,
    "POST /build": evaluate_build,
    "POST /volumes/create": _volume,
    "PUT /volumes/{id}": _cluster_volume,
    "POST /networks/create": _network,
    "POST /networks/{id}/connect": _connect,
    "POST /networks/{id}/disconnect": _connect,
    "POST /services/create": evaluate_service,
    "POST /services/{id}/update": evaluate_service,
    "GET /swarm": hide_tokens,
    "POST /swarm/init": check_settings,
    "POST /swarm/update": check_settings,
    "POST /swarm/join": check_join,
    "POST /nodes/{id}/update": check_role,
    "POST /secrets/create": _labelled,
    "POST /secrets/{id}/update": _labelled,
    "POST /configs/create": _labelled,
    "POST /configs/{id}/update": _labelled,
    "GET /plugins/privileges": check_privileges,
    "POST /plugins/pull": _plugin,
    "POST /plugins/create": _plugin,
    "POST /plugins/{name}/upgrade": _plugin,
    "POST /plugins/{name}/set": _plugin,
}
