"""A running machine as documents to judge: host and engine, networks, containers as declared and as enforced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from shlex import quote
from typing import Final, TypeGuard

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import EngineError, EngineRefusedError, FormatError, TargetError
from sealock.formats.daemon.advice import RELOADED, worded
from sealock.formats.inspect import Inspected, read_inspect
from sealock.model.absent import UNSET, Absent, given
from sealock.model.change import Add, FieldChange, Remove, Set, Swap
from sealock.model.container import Container, Variable
from sealock.model.document import Document, Subject
from sealock.model.enforced import Enforced
from sealock.model.finding import Finding, InputError, Remedy
from sealock.model.location import At, Location, Place, Source
from sealock.model.project import Project, Service
from sealock.rules.evaluation import Evaluation
from sealock.runtime.engine import Engine, Listed, connect
from sealock.runtime.host.snapshot import CONFIG
from sealock.runtime.hosts import FLAGS, SETTINGS, host_document
from sealock.runtime.kernel.members import NamespaceMembers, gather
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.views import SELF, DeclaredContainer, beside, look

_NOWHERE: Final[Mapping[At, Place]] = {(): Place()}
_LOCAL: Final = "unix"
_GONE: Final = 404
_PAUSES, _PAUSE = 20, 0.1
"""How often in a run the engine is given time to notice that a container has ended, and how many seconds each time."""
_SHOWN, _LONG, _COMPARED = 5, 200, 2000
"""Names that are suggested, characters of each that are looked at, and containers that are."""
_KERNEL: Final = "kernel"
_PRIVILEGED: Final = "C001"
_SETTLED: Final = frozenset({"C006"})
"""Rules on what an engine can set for all its containers: what the kernel shows counts, not what a container lacks."""
_RUN: Final = "docker run x"
_UPDATED: Final = frozenset({
    "blkio_weight", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset_cpus", "cpuset_mems", "memory",
    "memory_reservation", "memory_swap", "pids_limit", "restart",
})  # fmt: skip
"""What the engine can change while a container runs."""
_EFFECTIVE: Final = " (kernel)"
_PROCESS: Final = "process "
_DIFFERENCES: Final = " (declared and enforced)"


class ObservedContainer(Struct, frozen=True):
    """A container: what the engine says of it, and what the kernel shows where it runs on this machine."""

    listed: Listed
    source: Source
    """The engine's words on it, a member a line."""
    inspected: Inspected | None = None
    enforced: Enforced | None = None
    unseen: str = ""
    """Why the kernel's view is missing, "" where it is not, or there is none."""
    fault: str = ""
    """Why there is nothing at all, "" where there is."""


def documents(target: str, where: str = "", *, containers: bool = False) -> Iterator[tuple[str, Document]]:
    """What a target stands for, by name: "host" (with its containers if wanted), "container:NAME", "container:*".

    "pid:N" and "self" are looked at without an engine. EngineError where containers are asked for and no engine
    answers; the host is judged without one, and says so.
    """
    if target == SELF or target.startswith("pid:"):
        yield target, process_document(look(target, ProcReader()))
        return
    try:
        engine = connect(where)
    except EngineError as error:
        if target != "host":
            raise
        yield target, host_document(None, str(error))
        return
    with engine:
        names: tuple[str, ...] = ()
        if target == "host":
            yield target, host_document(engine)
            if not containers:
                return
        elif (name := target.removeprefix("container:")) != "*":
            names = (name.removeprefix("/"),)
        for one in found(engine, names, sockets=False):
            yield f"container:{one.listed.name}", container_document(one)


def found(
    engine: Engine, names: tuple[str, ...] = (), root: str = "/", *, sockets: bool = True
) -> Iterator[ObservedContainer]:
    """Every container, or those that are named; the kernel's view of those that run on this machine.

    Without `sockets` it is not told who listens in them, which no rule asks for.

    One that is removed while the others are looked at is left out. One that is named must be there: TargetError.
    """
    wanted = tuple(Listed(name) for name in names) or engine.containers()
    machine = ProcReader(root, sockets=sockets) if engine.endpoint.kind == _LOCAL else None
    members = gather(machine) if machine is not None else NamespaceMembers()
    running = (engine.containers(stopped=False) if names else wanted) if machine is not None else ()
    called = {one.id: one.name for one in running}
    pauses = [_PAUSE] * _PAUSES

    def look(listed: Listed, answer: str) -> ObservedContainer:
        return _found(listed, answer, machine, members, called)

    def anew(listed: Listed) -> ObservedContainer:
        return look(listed, engine.container(listed.id))

    for listed, answer in engine.each(lambda one: engine.container(one.id), wanted):
        if isinstance(answer, str):
            one = look(listed, answer)
            if one.unseen and machine is not None:
                try:
                    one = _settled(partial(anew, listed), pauses)
                except EngineRefusedError as refusal:
                    if names or refusal.status != _GONE:
                        raise
                    continue
            yield one
        elif names:
            raise _missing(engine, listed.id, answer)
        elif answer.status != _GONE:
            yield ObservedContainer(listed, Source("", ""), fault=str(answer))


def _settled(look: Callable[[], ObservedContainer], pauses: list[float]) -> ObservedContainer:
    """Look again at a container that may have ended, or been started anew, since the engine spoke of it."""
    one = look()
    while one.unseen and pauses:
        time.sleep(pauses.pop())
        one = look()
    return one


def _missing(engine: Engine, name: str, refusal: EngineRefusedError) -> TargetError:
    """Say which container was not found, and which may be meant."""
    if refusal.status not in {_GONE, 400, 301}:
        return refusal
    there = engine.containers()
    begin = [one for one in there if name and one.id.startswith(name)]
    if len(begin) > 1:
        several = ", ".join(f"{one.name} ({one.id[:16]})" for one in begin[:_SHOWN])
        return TargetError(f"{name!r} begins the ids of {len(begin)} containers: {several}; give more of it, or a name")
    from difflib import get_close_matches  # noqa: PLC0415  seldom needed

    close = get_close_matches(name[:_LONG], [one.name[:_LONG] for one in there[:_COMPARED]], _SHOWN)
    hint = f"is {' or '.join(close)} meant?" if close else f"there are {len(there)} (`docker ps --all` lists them)"
    return TargetError(f"there is no container {name[:_LONG]!r} at {engine.endpoint}; {hint}")


def _found(
    listed: Listed, answer: str, machine: ProcReader | None, members: NamespaceMembers, names: Mapping[str, str]
) -> ObservedContainer:
    try:
        state = msgspec.json.decode(answer, type=_Inspected)
    except (msgspec.MsgspecError, RecursionError) as error:
        fault = f"the engine does not describe this container as engines do: {error}"
        return ObservedContainer(listed, Source("", ""), fault=fault)
    listed = Listed(state.id, (state.name,), listed.image, state.state.status)
    source = Source(f"container {listed.name}", msgspec.json.format(answer, indent=1))
    inspected = read_inspect(source.text)
    if state.state.pid <= 0:
        return ObservedContainer(listed, source, inspected)
    if machine is None:
        return ObservedContainer(listed, source, inspected, unseen="it runs on another machine")
    merge_views = DeclaredContainer(listed.name, state.id, state.state.pid, inspected.container)
    seen = beside(merge_views, machine, members, names)
    unseen, enforced = (seen, None) if isinstance(seen, str) else ("", seen)
    return ObservedContainer(listed, source, inspected, enforced, unseen)


def container_document(observed_container: ObservedContainer) -> Document:
    """A container as the engine declares it, as the kernel shows it, and the two side by side."""
    name = f"container {observed_container.listed.name}"
    inspected = observed_container.inspected
    if inspected is None:
        return Document(
            "container", {"": Source(name, "")}, (), (InputError(observed_container.fault, Location(name)),)
        )
    silent = "the engine does not say it"
    # The text as a whole is nowhere in particular: what is wrong because nobody said anything has no line.
    places: Mapping[At, Place] = {**inspected.where, (): Place()}
    subjects = [
        Subject(name, inspected.container, places, inspected.unresolved, silent),
        *_linked(observed_container, places),
    ]
    sources = {"": observed_container.source}
    if observed_container.enforced is not None:
        kernel = "the kernel does not show it"
        # The kernel's view has no text that a line could be shown of.
        where: Mapping[At, Place] = {(): Place(file=_KERNEL)}
        sources[_KERNEL] = Source(f"{name}, kernel", "")
        subjects += [
            Subject(f"{name}{_EFFECTIVE}", observed_container.enforced.effective, where, silent=kernel),
            Subject(f"{name}{_DIFFERENCES}", observed_container.enforced, where, silent=kernel),
        ]
    errors = [replace(error, location=replace(error.location, file=name)) for error in inspected.errors]
    errors += (
        [InputError(f"the kernel's view is missing: {observed_container.unseen}", Location(name))]
        if observed_container.unseen
        else []
    )
    return Document("container", sources, tuple(subjects), tuple(errors))


def _linked(observed_container: ObservedContainer, places: Mapping[At, Place]) -> Iterator[Subject]:
    """A container with legacy links as a project of its own, since rules on projects judge these. No more is told."""
    held = observed_container.inspected.container if observed_container.inspected is not None else Container()
    if given(held.links, ()):
        name = observed_container.listed.name
        alone = Container(
            links=held.links, networks=held.networks, network_mode=held.network_mode, auto_remove=held.auto_remove
        )
        where = {("services", name, *at): place for at, place in places.items() if at}
        service = Service(name, f"container {name}", alone)
        yield Subject(f"container {name} (links)", Project("script", (service,)), {(): Place(), **where})


def process_document(seen: Enforced) -> Document:
    """A process that no engine told of: a container by what the kernel shows alone."""
    here = seen.process.container_id
    name = f"container {here[:12]}" if isinstance(here, str) and here else f"{_PROCESS}{seen.process.pid}"
    subject = Subject(name, seen.effective, {(): Place(0, 0)}, silent="the kernel does not show it")
    return Document("container", {"": Source(name, "")}, (subject,))


def merge_views(result: Evaluation, document: Document) -> Evaluation:
    """Tell what both views of a container show once, say of what one shows which it is, and how it is mended.

    The kernel shows less than the engine tells: rules that it cannot decide are judged on the engine's word alone. What
    follows from --privileged is not told again.
    """
    declared = {finding.rule for finding in result.findings if not finding.subject.endswith((_EFFECTIVE, _DIFFERENCES))}
    shown = {finding.rule for finding in result.findings if finding.subject.endswith(_EFFECTIVE)}
    nouns = {subject.name: subject.noun for subject in document.subjects}
    # What one of the two cannot decide, the other may.
    silent = {one.rule for one in result.skipped if one.subject.endswith(_EFFECTIVE)}
    seen = any(name.endswith(_EFFECTIVE) for name in nouns)
    client = next((_client(noun) for noun in nouns.values() if isinstance(noun, Enforced)), "docker")
    findings: list[Finding] = []
    for finding in result.findings:
        if document.kind == "host":
            findings.append(replace(finding, remedy=_setting(finding, document)))
        elif finding.rule in _SETTLED and seen and finding.rule not in shown | silent:
            continue
        elif not finding.subject.endswith(_EFFECTIVE):
            also = (
                " (the kernel shows it too)"
                if finding.rule in shown and not finding.subject.endswith(_DIFFERENCES)
                else ""
            )
            remedy = _remedy(finding, nouns.get(finding.subject), client)
            findings.append(replace(finding, message=finding.message + also, remedy=remedy))
        elif finding.rule not in declared and _PRIVILEGED not in declared:
            remedy = _remedy(finding, nouns.get(finding.subject), client)
            findings.append(replace(finding, message=f"{finding.message} (by the kernel alone)", remedy=remedy))
    skipped = tuple(
        one
        for one in result.skipped
        if not one.subject.endswith(_EFFECTIVE)
        and (not seen or one.rule in silent or one.subject.endswith(_DIFFERENCES))
    )
    return Evaluation(tuple(findings), skipped)


def _setting(finding: Finding, document: Document) -> Remedy:
    """The engine in force is mended through daemon.json: the changes become the words that stand there."""
    words = [worded(change) for change in finding.remedy.changes]
    if not words or not all(words):
        return Remedy(finding.remedy.text)
    settings, flags = document.sources.get(SETTINGS), document.sources.get(FLAGS)
    path = settings.name if settings is not None else CONFIG
    how = f"In {path}: {', '.join(words)}"
    if flags is not None and finding.location.file == flags.name:
        rest = [word for word in words if not word.startswith("take ")]
        how = "Take the flag off the engine's command line (`systemctl edit docker`)"
        how += f"; in {path}: {', '.join(rest)}" if rest else ""
    elif settings is not None:
        unsafe = "" if finding.remedy.safe else " --unsafe"
        how += f" (`sealock check {quote(path)} --only {finding.rule} --fix{unsafe}` does it)"
    live = all(getattr(change, "field", "") in RELOADED for change in finding.remedy.changes)
    after = "reload the engine (SIGHUP)" if live else "restart the engine"
    return Remedy(f"{finding.remedy.text} {how}, then {after}.")


def _client(enforced: Enforced) -> str:
    """The program that changes this container while it runs."""
    return "podman" if enforced.process.container_engine == "podman" else "docker"


def _remedy(finding: Finding, noun: object, client: str) -> Remedy:
    """A running container is no text to be mended: the changes become words to run it, or to change it, with."""
    words = [_words(change, noun) for change in finding.remedy.changes if isinstance(change, FieldChange)]
    gained, lost = (
        " ".join(dict.fromkeys(word for word in some if word)) for some in zip(*words or [("", "")], strict=True)
    )
    name = quote(finding.subject.removeprefix("container ").partition(" (")[0])
    if gained and not lost and all(getattr(change, "field", "") in _UPDATED for change in finding.remedy.changes):
        # The engine takes no limit of memory above that of memory and swap, which "no limit" counts as.
        swaps = [Set("memory_swap", 2 * change.value) for change in finding.remedy.changes if _limits_memory(change)]
        how = " ".join([f"{client} update", gained, *map(_flags, swaps), name])
    elif gained or lost:
        how = " and ".join(f"{word} {some}" for word, some in (("with", gained), ("without", lost)) if some)
        how = f"start it anew {how}"
    else:
        return Remedy(finding.remedy.text)
    return Remedy(f"{finding.remedy.text} Here: {how}")


def _limits_memory(change: object) -> TypeGuard[Set]:
    return isinstance(change, Set) and change.field == "memory" and isinstance(change.value, int)


def _words(change: FieldChange, noun: object) -> tuple[str, str]:
    """A change as the options of `docker run` that are to come, and those that are to go."""
    match change:
        case Set(field="cgroupns", value=Absent()):
            # What the engine does by itself hangs on the machine.
            return "--cgroupns private", ""
        case Swap("environment", Variable(name), new):
            # Its value may be the secret that the finding is about.
            return _flags(Add("environment", new)), f"--env {quote(name)}=…"
        case Remove("environment", Variable(name)):
            return "", f"--env {quote(name)}=…"
        case Set(field, Absent() | False):
            return "", _flags(Set(field, getattr(noun, field, UNSET)))
        case Remove(field, value):
            return "", _flags(Add(field, value))
        case Swap(field, old, new):
            return _flags(Add(field, new)), _flags(Add(field, old))
    return _flags(change), ""


@lru_cache(1024)
def _flags(change: FieldChange) -> str:
    """A change as the options of `docker run`, "" where it has no word for it. Containers have many changes alike."""
    document = formats.read("run", Source("run", _RUN))
    try:
        made = formats.apply(_RUN, formats.edits(document, document.subjects[0], change))
    except FormatError:
        return ""
    return made.removeprefix("docker run ").removesuffix(" x").removesuffix("x").strip()


class _State(Struct, frozen=True, rename="pascal"):
    pid: int = 0
    status: str = ""


class _Inspected(Struct, rename="pascal"):
    id: str
    name: str = ""
    state: _State = _State()
