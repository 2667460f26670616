"""Gathers what a network map needs, from an engine and the kernel or from a compose file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from sealock import formats
from sealock.errors import UNDECODABLE, EngineError, TargetError, decoding_fault
from sealock.formats.engine import read_network, read_networks
from sealock.formats.inspect import read_inspect
from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.network import join_clusters, read_cluster
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.clusternetwork import ClusterNetwork
from sealock.model.container import Port
from sealock.model.location import Place
from sealock.model.netmap import HOST, Map, MapNode
from sealock.model.network import EngineNetwork
from sealock.model.process import Route, Socket
from sealock.model.project import Project
from sealock.netmap import build_map, declared_nodes, running_node
from sealock.netmap.cluster import build_cluster_map
from sealock.runtime.engine import Engine, connect
from sealock.runtime.kernel.processes import ProcReader
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput
from sealock.targets.manifests import read_manifests
from sealock.targets.resolve import resolve

_GONE: Final = 404
MOST_PODS: Final = 1000
"""Workloads of one map: the connections between them are as many squared."""


class _Binding(Struct, rename="pascal"):
    host_ip: str = msgspec.field(default="", name="HostIp")
    host_port: str = ""


class _Network(Struct, rename="pascal"):
    ports: dict[str, list[_Binding] | None] | None = None


class _State(Struct, rename="pascal"):
    pid: int = 0
    running: bool = False


class _Container(Struct, rename="pascal"):
    id: str = ""
    state: _State = msgspec.field(default_factory=_State)
    network_settings: _Network = msgspec.field(default_factory=_Network)

    def opened(self) -> tuple[Port, ...] | None:
        """The ports that are published now; None from an engine that does not report them."""
        ports = self.network_settings.ports
        if ports is None:
            return None
        return tuple(
            Port(port, binding.host_port or None, binding.host_ip or None, protocol or "tcp")
            for port, _, protocol in (name.partition("/") for name in ports)
            for binding in ports[f"{port}/{protocol}" if protocol else port] or ()
        )


def of_engine(where: str = "") -> tuple[Map, dict[str, int]]:
    """The map of an engine's containers, and their pids by name (0 for those that do not run here).

    HOST has the pid of a process on the host network. Containers that are removed meanwhile are skipped.

    EngineError where no engine answers, or answers unexpectedly.
    """
    with connect(where) as engine:
        networks = tuple(_networks(engine))
        machine = ProcReader() if engine.endpoint.kind == "unix" else None
        listed = engine.containers()
        names = {container.id: container.name for container in listed}
        nodes = []
        # The process that listens on the engine's socket is on the host network.
        pids: dict[str, int] = {HOST: engine.process()}
        for container, answer in engine.each(lambda container: engine.container(container.id), listed):
            if not isinstance(answer, str):
                if answer.status == _GONE:
                    continue
                raise answer
            details = _decode(answer, container.name)
            state = details.state
            pids[container.name] = state.pid if machine is not None else 0
            listens, routes = _sockets_and_routes(machine, state.pid, container.id)
            nodes.append(
                running_node(
                    container.name,
                    read_inspect(answer).container,
                    networks,
                    listens=listens,
                    routes=routes,
                    names=names,
                    running=state.running,
                    opened=details.opened(),
                )
            )
    return build_map(tuple(_without_proxies(nodes)), networks), pids


def _decode(answer: str, name: str) -> _Container:
    try:
        return msgspec.json.decode(answer, type=_Container)
    except UNDECODABLE as error:
        message = f"the engine's description of container {name} could not be decoded: {decoding_fault(error)}"
        raise EngineError(message) from None


def _without_proxies(nodes: list[MapNode]) -> Iterator[MapNode]:
    """Remove the engine's proxies of published ports from the sockets of containers on the host network."""
    proxied = {port.host for node in nodes for port in node.published}
    for node in nodes:
        if node.on_host and isinstance(node.listens, tuple):
            own = tuple(socket for socket in node.listens if str(socket.port) not in proxied)
            yield msgspec.structs.replace(node, listens=own)
        else:
            yield node


def _networks(engine: Engine) -> list[EngineNetwork]:
    networks: list[EngineNetwork] = []
    listed = read_networks(engine.networks())
    for network, answer in engine.each(lambda network: engine.network(network.id or network.name), listed):
        details = read_network(answer) if isinstance(answer, str) else None
        # "host" and "none" are special names, and connect no containers.
        if details is not None and network.driver not in {"host", "null"}:
            networks.append(details)
    return networks


def _sockets_and_routes(
    machine: ProcReader | None, pid: int, container: str
) -> tuple[Maybe[tuple[Socket, ...]], Maybe[tuple[Route, ...]]]:
    """The sockets and routes of a container that runs here; on the host network they include those of others."""
    if machine is None or not pid:
        return UNKNOWN, UNKNOWN
    try:
        process = machine.brief(pid)
    except TargetError:
        return UNKNOWN, UNKNOWN
    if process.container_id != container:
        return UNKNOWN, UNKNOWN
    return machine.listening(pid), machine.routes(pid)


def of_file(path: str, *, rendered: bool = False) -> tuple[Map, tuple[str, ...]]:
    """The map that a compose file declares, or that manifests do, and the errors in the file or directory.

    With `rendered`, kustomizations and charts are read as the manifests that they make.
    """
    first = next(resolve(path, Options()), None)
    if isinstance(first, FileInput) and first.kind == "compose":
        return _of_compose(first)
    return of_manifests(path, rendered=rendered)


def _of_compose(input_: FileInput) -> tuple[Map, tuple[str, ...]]:
    document = formats.read("compose", input_.source, input_.files, input_.more)
    projects = list(document.nouns(Project))
    errors = tuple(f"{error.location.file}: {error.message}" for error in document.errors)
    if not projects:
        raise TargetError("; ".join(errors) or f"{input_.target} declares nothing")
    return build_map(*declared_nodes(projects[0]), declared=True), errors


def of_manifests(path: str, *, rendered: bool = False) -> tuple[Map, tuple[str, ...]]:
    """The map that the manifests of a file or directory declare, and what is wrong in them or was skipped."""
    networks: list[ClusterNetwork] = []
    errors: list[str] = []
    for text in read_manifests((path,), rendered=rendered):
        if text.error or text.skipped:
            errors.append(f"{text.path}: {text.error or text.skipped}")
        tree = parse(text.source.text)
        faults = [(flaw.message, Place(flaw.start, flaw.end)) for flaw in tree.flaws]
        roots = [ManifestValue(root, Place(root.start, root.end)) for root in tree.documents]
        networks += (read_cluster(root, faults) for root in roots)
        for message, place in faults:
            where = text.source.location(place)
            errors.append(f"{where.file}:{where.line}: {message}")
    network = join_clusters(networks)
    if not network.pods:
        more = f" ({'; '.join(errors[:3])})" if errors else ""
        hint = "" if rendered else "; kustomizations and charts are read with --render"
        message = f"{path} is not a compose file, and declares no pod of Kubernetes{more}{hint}"
        raise TargetError(message)
    if len(network.pods) > MOST_PODS:
        message = f"{path} declares {len(network.pods)} workloads, more than {MOST_PODS}: name a part of it"
        raise TargetError(message)
    return build_cluster_map(network), tuple(errors)
