"""Gathers what a network map is made of: from an engine and the kernel, or from a compose file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from sealock import formats
from sealock.errors import EngineError, TargetError
from sealock.formats.engine import read_network, read_networks
from sealock.formats.inspect import read_inspect
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.container import Port
from sealock.model.netmap import HOST, Map, Station
from sealock.model.network import EngineNetwork
from sealock.model.process import Route, Socket
from sealock.model.project import Project
from sealock.netmap import declared, draw, seen
from sealock.netmap.probes import Probe, ProbeResults, Wrong, differing, probes
from sealock.runtime.engine import Engine, connect
from sealock.runtime.kernel.connections import try_connections
from sealock.runtime.kernel.processes import ProcReader
from sealock.targets.inputs import FileInput, Unreadable
from sealock.targets.resolve import Options, resolve

_AT_ONCE: Final = 8
_GONE: Final = 404


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
        """The ports that are published by now; None from an engine that does not say."""
        ports = self.network_settings.ports
        if ports is None:
            return None
        return tuple(
            Port(port, one.host_port or None, one.host_ip or None, protocol or "tcp")
            for port, _, protocol in (name.partition("/") for name in ports)
            for one in ports[f"{port}/{protocol}" if protocol else port] or ()
        )


class Checked(Struct, frozen=True):
    """A map held against the truth: how many connections were tried, which contradict it, how many could not be."""

    tried: int
    wrong: tuple[Wrong, ...]
    untried: int


def of_engine(where: str = "") -> tuple[Map, dict[str, int]]:
    """The map of an engine's containers, and the ids of their processes by name (0 for those that do not run here).

    Under HOST stands a process that is on the host's own network.

    EngineError where no engine answers, or one that says odd things. What vanishes meanwhile is left out.
    """
    with connect(where) as engine:
        networks = tuple(_networks(engine))
        machine = ProcReader() if engine.endpoint.kind == "unix" else None
        listed = engine.containers()
        names = {one.id: one.name for one in listed}
        stations = []
        # Whoever listens on the engine's socket is on the host's network.
        pids: dict[str, int] = {HOST: engine.process()}
        for one, answer in engine.each(lambda two: engine.container(two.id), listed):
            if not isinstance(answer, str):
                if answer.status == _GONE:
                    continue
                raise answer
            container = read_inspect(answer).container
            said = _said(answer, one.name)
            state = said.state
            pids[one.name] = state.pid if machine is not None else 0
            listens, routes = _shown(machine, state.pid, one.id)
            stations.append(
                seen(
                    one.name,
                    container,
                    networks,
                    listens=listens,
                    routes=routes,
                    names=names,
                    running=state.running,
                    opened=said.opened(),
                )
            )
    return draw(tuple(_own_sockets(stations)), networks), pids


def _said(answer: str, name: str) -> _Container:
    try:
        return msgspec.json.decode(answer, type=_Container)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"the engine does not describe the container {name} as engines do: {error}"
        raise EngineError(message) from None


def _own_sockets(stations: list[Station]) -> Iterator[Station]:
    """Take the engine's own proxies of published ports from what containers on the host's network listen on."""
    taken = {port.host for station in stations for port in station.published}
    for station in stations:
        if station.on_host and isinstance(station.listens, tuple):
            kept = tuple(two for two in station.listens if str(two.port) not in taken)
            yield msgspec.structs.replace(station, listens=kept)
        else:
            yield station


def checked(drawn: Map, pids: dict[str, int]) -> Checked:
    """Try what the map says, and what it says cannot be, from inside the containers' network namespaces."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  only here

    by_source: dict[str, list[Probe]] = {}
    for probe in probes(drawn):
        by_source.setdefault(probe.source, []).append(probe)

    def one(source: str) -> tuple[ProbeResults, ...]:
        wanted = by_source[source]
        if not pids.get(source):
            return tuple("untried" for _ in wanted)
        return try_connections(pids[source], [(probe.address, probe.port) for probe in wanted])

    wrong: list[Wrong] = []
    count = untried = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for source, answers in zip(by_source, pool.map(one, by_source), strict=True):
            for probe, found in zip(by_source[source], answers, strict=True):
                count += found != "untried"
                untried += found == "untried"
                if (differs := differing(probe, found)) is not None:
                    wrong.append(differs)
    return Checked(count, tuple(wrong), untried)


def _networks(engine: Engine) -> list[EngineNetwork]:
    found: list[EngineNetwork] = []
    for listed, answer in engine.each(lambda one: engine.network(one.id or one.name), read_networks(engine.networks())):
        whole = read_network(answer) if isinstance(answer, str) else None
        # "host" and "none" are words of the engine's, and join nobody.
        if whole is not None and listed.driver not in {"host", "null"}:
            found.append(whole)
    return found


def _shown(
    machine: ProcReader | None, pid: int, container: str
) -> tuple[Maybe[tuple[Socket, ...]], Maybe[tuple[Route, ...]]]:
    """The sockets and routes of a container that runs here; those of the host's own network belong to others too."""
    if machine is None or not pid:
        return UNKNOWN, UNKNOWN
    try:
        process = machine.brief(pid)
    except TargetError:
        return UNKNOWN, UNKNOWN
    if process.container_id != container:
        return UNKNOWN, UNKNOWN
    return machine.listening(pid), machine.routes(pid)


def of_compose(path: str) -> tuple[Map, tuple[str, ...]]:
    """The map that a compose file declares, and what of the file could not be read."""
    for input_ in resolve(path, Options()):
        if not isinstance(input_, FileInput) or input_.kind != "compose":
            why = f": {input_.error}" if isinstance(input_, Unreadable) else ""
            message = f"{path} is not a compose file{why}"
            raise TargetError(message)
        document = formats.read("compose", input_.source, input_.files, input_.more)
        projects = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
        errors = tuple(f"{error.location.file}: {error.message}" for error in document.errors)
        if not projects:
            raise TargetError("; ".join(errors) or f"{path} declares nothing")
        return draw(*declared(projects[0]), declared=True), errors
    message = f"{path} is not a compose file"
    raise TargetError(message)
