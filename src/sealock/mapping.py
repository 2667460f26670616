"""Gathers what a network map is made of: from an engine and the kernel, or from a compose file."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from sealock import formats
from sealock.engine import Engine, connect
from sealock.errors import TargetError
from sealock.formats.engine import read_network, read_networks
from sealock.formats.inspect import read_inspect
from sealock.kernel.reading import Machine
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.network import EngineNetwork
from sealock.model.process import Socket
from sealock.model.project import Project
from sealock.model.reach import Map
from sealock.reach import declared, draw, seen
from sealock.targets.resolve import Options, resolve


class _State(Struct, rename="pascal"):
    pid: int = 0
    running: bool = False


class _Container(Struct, rename="pascal"):
    id: str = ""
    state: _State = msgspec.field(default_factory=_State)


def of_engine(where: str = "") -> tuple[Map, tuple[str, ...]]:
    """The map of an engine's containers; EngineError where none answers. What vanishes meanwhile is left out."""
    with connect(where) as engine:
        networks = tuple(_networks(engine))
        machine = Machine() if engine.endpoint.kind == "unix" else None
        listed = engine.containers()
        names = {one.id: one.name for one in listed}
        stations = []
        for one, answer in engine.each(lambda two: engine.container(two.id), listed):
            if not isinstance(answer, str):
                continue
            container = read_inspect(answer).container
            state = msgspec.json.decode(answer, type=_Container).state
            stations.append(
                seen(
                    one.name,
                    container,
                    networks,
                    listens=_listens(machine, state.pid, one.id),
                    names=names,
                    running=state.running,
                )
            )
    return draw(tuple(stations), networks), ()


def _networks(engine: Engine) -> list[EngineNetwork]:
    found: list[EngineNetwork] = []
    for listed, answer in engine.each(lambda one: engine.network(one.id or one.name), read_networks(engine.networks())):
        whole = read_network(answer) if isinstance(answer, str) else None
        # "host" and "none" are words of the engine's, and join nobody.
        if whole is not None and listed.driver not in {"host", "null"}:
            found.append(whole)
    return found


def _listens(machine: Machine | None, pid: int, container: str) -> Maybe[tuple[Socket, ...]]:
    """The sockets of a container that runs here; those of the host's own network belong to others too."""
    if machine is None or not pid:
        return UNKNOWN
    try:
        process = machine.brief(pid)
    except TargetError:
        return UNKNOWN
    return machine.listening(pid) if process.container_id == container else UNKNOWN


def of_compose(path: str) -> tuple[Map, tuple[str, ...]]:
    """The map that a compose file declares, and what of the file could not be read."""
    for one in resolve(path, Options()):
        if one.problem or one.kind != "compose" or one.source is None:
            message = f"{path} is no compose file{f': {one.problem}' if one.problem else ''}"
            raise TargetError(message)
        document = formats.read("compose", one.source, one.files, one.more)
        projects = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
        problems = tuple(f"{problem.location.file}: {problem.message}" for problem in document.problems)
        if not projects:
            raise TargetError("; ".join(problems) or f"{path} declares nothing")
        return draw(*declared(projects[0]), declared=True), problems
    message = f"{path} is no compose file"
    raise TargetError(message)
