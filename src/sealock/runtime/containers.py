"""A running machine as documents: its host, engine and networks, and its containers, declared and effective."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError, TargetError, decoding_fault
from sealock.formats.inspect import Inspected, read_inspect
from sealock.model.absent import UNSET, given
from sealock.model.container import POD_FIELDS, Container
from sealock.model.document import Document, Subject
from sealock.model.enforced import Enforced
from sealock.model.finding import InputError
from sealock.model.location import At, Location, Place, Source
from sealock.model.project import Project, Service
from sealock.runtime.engine import Engine, Listed, connect
from sealock.runtime.hosts import host_document
from sealock.runtime.kernel.members import NamespaceMembers, gather, is_starting
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.views import SELF, DeclaredContainer, compare, look
from sealock.text import count

_LOCAL: Final = "unix"
_GONE: Final = 404
_PAUSES, _PAUSE = 20, 0.1
"""How often in a run sealock waits for a container to start, or the engine to notice its end, and seconds each time."""
_SUGGESTIONS, _LONG, _COMPARED = 5, 200, 2000
"""Names that are suggested, characters compared of each, and containers compared."""
_KERNEL: Final = "kernel"


class ObservedContainer(Struct, frozen=True):
    """A container as the engine describes it and, where it runs on this machine, as the kernel shows it."""

    listed: Listed
    source: Source
    """The engine's description, one member a line."""
    inspected: Inspected | None = None
    enforced: Enforced | None = None
    unseen: str = ""
    """Why the kernel's view is missing; "" where it is there, or where the container does not run."""
    fault: str = ""
    """Why even the engine's description is missing, or ""."""
    image: str = ""
    """The id of its image, "" where the engine does not give it."""

    @property
    def is_settled(self) -> bool:
        """Whether both views are there, and the kernel's is of its own program and not of the runtime's."""
        return not self.unseen and not (self.enforced is not None and is_starting(self.enforced.process))

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes, () where it does not run on this machine."""
        if self.enforced is None:
            return ()
        return (self.enforced.process.pid, *(other.pid for other in self.enforced.others))


def documents(target: str, where: str = "", *, containers: bool = False) -> Iterator[tuple[str, Document]]:
    """The documents of a target by name, as `observed_documents` yields them."""
    for name, document, _ in observed_documents(target, where, containers=containers):
        yield name, document


def observed_documents(
    target: str, where: str = "", *, containers: bool = False
) -> Iterator[tuple[str, Document, ObservedContainer | None]]:
    """The documents of a target by name: "host" (with its containers on request), "container:NAME", "container:*".

    Each comes with the container that it describes, None for another target.

    "pid:N" and "self" need no engine. EngineError where containers are requested and no engine answers; the host is
    read without one, and its document then has an error.
    """
    if target == SELF or target.startswith("pid:"):
        yield target, process_document(look(target, ProcReader())), None
        return
    try:
        engine = connect(where)
    except EngineError as error:
        if target != "host":
            raise
        yield target, host_document(None, str(error)), None
        return
    with engine:
        names: tuple[str, ...] = ()
        if target == "host":
            yield target, host_document(engine), None
            if not containers:
                return
        elif (name := target.removeprefix("container:")) != "*":
            names = (name.removeprefix("/"),)
        for observed in observe(engine, names, sockets=False):
            yield f"container:{observed.listed.name}", container_document(observed), observed


def observe(
    engine: Engine, names: tuple[str, ...] = (), machine: ProcReader | None = None, *, sockets: bool = True
) -> Iterator[ObservedContainer]:
    """Every container, or the named ones, with the kernel's view of those that run on this machine.

    `machine` is its reader, where the caller has one. Without `sockets` the listening sockets are not read; no rule
    needs them. A container that is removed meanwhile is
    skipped. TargetError where a named container does not exist.
    """
    requested = tuple(Listed(name) for name in names) or engine.containers()
    if engine.endpoint.kind != _LOCAL:
        machine = None
    elif machine is None:
        machine = ProcReader(sockets=sockets, engine=engine.process())
    members = gather(machine) if machine is not None else NamespaceMembers()
    running = (engine.containers(stopped=False) if names else requested) if machine is not None else ()
    names_by_id = {listed.id: listed.name for listed in running}
    pauses = [_PAUSE] * _PAUSES

    def describe(listed: Listed, answer: str) -> ObservedContainer:
        return _observed(listed, answer, machine, members, names_by_id)

    def describe_again(listed: Listed) -> ObservedContainer:
        return describe(listed, engine.container(listed.id))

    for listed, answer in engine.each(lambda listed: engine.container(listed.id), requested):
        if isinstance(answer, str):
            observed = describe(listed, answer)
            if machine is not None and not observed.is_settled:
                try:
                    observed = _settle(partial(describe_again, listed), pauses)
                except EngineRefusedError as refusal:
                    if names or refusal.status != _GONE:
                        raise
                    continue
            yield observed
        elif names:
            raise _missing(engine, listed.id, answer)
        elif answer.status != _GONE:
            yield ObservedContainer(listed, Source("", ""), fault=str(answer))


def _settle(describe: Callable[[], ObservedContainer], pauses: list[float]) -> ObservedContainer:
    """Look again at a container that starts, or that may have ended or restarted since the engine described it."""
    observed = describe()
    while not observed.is_settled and pauses:
        time.sleep(pauses.pop())
        observed = describe()
    return observed


def _missing(engine: Engine, name: str, refusal: EngineRefusedError) -> TargetError:
    """The error for a container that does not exist, with the names that may be meant."""
    if refusal.status not in {_GONE, 400, 301}:
        return refusal
    containers = engine.containers()
    matches = [listed for listed in containers if name and listed.id.startswith(name)]
    if len(matches) > 1:
        several = ", ".join(f"{listed.name} ({listed.id[:16]})" for listed in matches[:_SUGGESTIONS])
        return TargetError(
            f"{name!r} is the start of {len(matches)} container ids: {several}; give more of the id, or a name"
        )
    close = get_close_matches(name[:_LONG], [listed.name[:_LONG] for listed in containers[:_COMPARED]], _SUGGESTIONS)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else f"it has {count(len(containers), 'container')} (`docker ps --all` lists them)"
    )
    return TargetError(f"there is no container {name[:_LONG]!r} at {engine.endpoint}; {hint}")


def _observed(
    listed: Listed, answer: str, machine: ProcReader | None, members: NamespaceMembers, names: Mapping[str, str]
) -> ObservedContainer:
    try:
        state = msgspec.json.decode(answer, type=_Inspected)
    except UNDECODABLE as error:
        return ObservedContainer(
            listed,
            Source("", ""),
            fault=f"the engine's description of this container could not be decoded: {decoding_fault(error)}",
        )
    listed = Listed(state.id, (state.name,), listed.image, state.state.status)
    source = Source(f"container {listed.name}", msgspec.json.format(answer, indent=1))
    inspected = read_inspect(source.text)
    if state.state.pid <= 0:
        return ObservedContainer(listed, source, inspected, image=state.image)
    if machine is None:
        return ObservedContainer(listed, source, inspected, unseen="it runs on another machine", image=state.image)
    declared = DeclaredContainer(listed.name, state.id, state.state.pid, inspected.container)
    view = compare(declared, machine, members, names)
    unseen, enforced = (view, None) if isinstance(view, str) else ("", view)
    return ObservedContainer(listed, source, inspected, enforced, unseen, image=state.image)


def container_document(observed: ObservedContainer) -> Document:
    """A container in up to three views: as the engine declares it, as the kernel shows it, and the two compared."""
    container = observed.listed.name
    name = f"container {container}"
    inspected = observed.inspected
    if inspected is None:
        return Document("container", {"": Source(name, "")}, (), (InputError(observed.fault, Location(name)),))
    # What is missing from the text has no line of its own.
    places: Mapping[At, Place] = {**inspected.where, (): Place()}
    silent = "the engine does not report it"
    subjects = [
        Subject(name, inspected.container, places, inspected.unresolved, silent, "declared", container),
        *_linked(container, inspected.container, places),
    ]
    sources = {"": observed.source}
    if observed.enforced is not None:
        silent = "the kernel does not show it"
        # The kernel's view has no text that a report could quote.
        where: Mapping[At, Place] = {(): Place(file=_KERNEL)}
        sources[_KERNEL] = Source(f"{name}, kernel", "")
        enforced = observed.enforced
        # An engine's container is no pod, so it has no setting of one.
        effective = replace(enforced.effective, **dict.fromkeys(POD_FIELDS, UNSET))
        subjects += [
            Subject(f"{name} (kernel)", effective, where, {}, silent, "effective", container),
            Subject(f"{name} (declared and enforced)", enforced, where, {}, silent, "difference", container),
        ]
    errors = [replace(error, location=replace(error.location, file=name)) for error in inspected.errors]
    if observed.unseen:
        errors.append(InputError(f"the kernel's view is missing: {observed.unseen}", Location(name)))
    return Document("container", sources, tuple(subjects), tuple(errors))


def _linked(name: str, container: Container, places: Mapping[At, Place]) -> Iterator[Subject]:
    """A container with legacy links as a project of its own, since rules on projects check the links."""
    if given(container.links, ()):
        linked = Container(
            links=container.links,
            networks=container.networks,
            network_mode=container.network_mode,
            auto_remove=container.auto_remove,
        )
        where = {("services", name, *at): place for at, place in places.items() if at}
        project = Project("script", (Service(name, f"container {name}", linked),))
        yield Subject(f"container {name} (links)", project, {(): Place(), **where}, view="declared", container=name)


def process_document(enforced: Enforced) -> Document:
    """A process without an engine's description: a container with only an effective view."""
    container = given(enforced.process.container_id, "")[:12]
    name = f"container {container}" if container else f"process {enforced.process.pid}"
    silent = "the kernel does not show it"
    subject = Subject(name, enforced.effective, {(): Place(0, 0)}, {}, silent, "effective", container)
    return Document("container", {"": Source(name, "")}, (subject,))


class _State(Struct, frozen=True, rename="pascal"):
    pid: int = 0
    status: str = ""


class _Inspected(Struct, rename="pascal"):
    id: str
    name: str = ""
    image: str = ""
    state: _State = _State()
