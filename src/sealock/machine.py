"""A running machine as documents to judge: host and engine, networks, containers as declared and as enforced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.engine import Engine, Listed, connect
from sealock.errors import EngineError, EngineRefusedError, FormatError
from sealock.formats.daemon.flags import read_flags
from sealock.formats.daemon.joining import drift, in_force
from sealock.formats.engine import read_info, read_network, read_networks
from sealock.formats.inspect import read_inspect
from sealock.host import Seen, see
from sealock.kernel.effective import effective
from sealock.kernel.members import Members, gather
from sealock.kernel.reading import GoneError, Machine
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.change import FieldChange
from sealock.model.daemon import Daemon
from sealock.model.document import Document, Subject
from sealock.model.enforced import Enforced
from sealock.model.finding import Finding, Problem, Remedy
from sealock.model.host import Drift, Host, Role
from sealock.model.location import At, Location, Place, Source
from sealock.model.network import EngineNetwork
from sealock.model.process import Process
from sealock.rules.judge import Verdict

_SILENT: Final = "it could not be seen from here"
_NOWHERE: Final[Mapping[At, Place]] = {(): Place(0, 0)}
_LOCAL: Final = "unix"
_KERNEL: Final = "kernel"
_PRIVILEGED: Final = "C001"
_RUN: Final = "docker run x"
_UPDATED: Final = frozenset({
    "blkio_weight", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset_cpus", "cpuset_mems", "memory",
    "memory_reservation", "memory_swap", "pids_limit", "restart",
})  # fmt: skip
"""What the engine can change while a container runs."""
_EFFECTIVE: Final = " (kernel)"
_DIFFERENCES: Final = " (declared and enforced)"


class Found(Struct, frozen=True):
    """A container: what the engine says of it, and what the kernel shows where it runs on this machine."""

    listed: Listed
    inspected: str
    enforced: Enforced | None = None
    unseen: str = ""
    """Why the kernel's view is missing, "" where it is not, or there is none."""


def documents(target: str, where: str = "", *, containers: bool = False) -> Iterator[tuple[str, Document]]:
    """What a target stands for, by name: "host" (with its containers if wanted), "container:NAME", "container:*".

    EngineError where containers are asked for and no engine answers; the host is judged without one, and says so.
    """
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
            names = (name,)
        for one in found(engine, names):
            yield f"container:{one.listed.name}", container_document(one)


def host_document(engine: Engine | None, why_not: str = "", root: str = "/") -> Document:
    """The machine, its engine and its networks. Without an engine its part is not judged: `why_not` is a problem."""
    info = version = ""
    networks: tuple[EngineNetwork, ...] = ()
    problems = [Problem(why_not, Location("engine"))] if why_not else []
    pid = 0
    if engine is not None:
        info, version = engine.info(), engine.version()
        networks = tuple(_networks(engine))
        pid = engine.process()
    says = read_info(info, version)
    problems += says.problems
    if engine is not None and engine.endpoint.kind != _LOCAL:
        return _documented(replace(says.host, daemon=says.daemon), networks, problems)
    data_root = says.daemon.data_root if isinstance(says.daemon.data_root, str) else ""
    seen = see(root, data_root=data_root, engine=pid)
    settings, differences, faults = _settings(seen, says.daemon if info else None)
    named = tuple(_named(settings))
    if named:
        seen = see(root, data_root=data_root, engine=pid, named=named)
    unused = _unused(engine) if engine is not None else UNKNOWN
    host = replace(_over(seen.host, says.host), daemon=settings, drift=differences, images_unused=unused)
    return _documented(host, networks, [*problems, *faults])


def _documented(host: Host, networks: tuple[EngineNetwork, ...], problems: list[Problem]) -> Document:
    subjects = [Subject("host", host, _NOWHERE, silent=_SILENT)]
    if isinstance(host.daemon, Daemon):
        subjects.append(Subject("engine", host.daemon, _NOWHERE, silent="neither the engine nor its files say it"))
    subjects += [Subject(f"network {one.name}", one, _NOWHERE, silent=_SILENT) for one in networks]
    return Document("host", {"": Source("host", "")}, tuple(subjects), tuple(problems))


def _over(seen: Host, told: Host) -> Host:
    """What was seen here, with what only the engine can tell."""
    fields = {
        name: there
        for name in seen.__struct_fields__
        if isinstance(getattr(seen, name), Absent) and (there := getattr(told, name)) is not UNKNOWN
    }
    return replace(seen, **fields)


def _settings(seen: Seen, engine: Daemon | None) -> tuple[Maybe[Daemon], Maybe[tuple[Drift, ...]], list[Problem]]:
    """The settings in force, where their sources differ, and what is wrong with the file."""
    file: Daemon | None = None
    problems: list[Problem] = []
    if seen.config is None:
        file = _daemon(formats.read("daemon", Source(seen.config_path, "{}")))
    elif seen.config:
        document = formats.read("daemon", Source(seen.config_path, seen.config))
        file, problems = _daemon(document), list(document.problems)
    flags = read_flags(seen.command) if seen.command is not None else None
    readings: list[tuple[str, Daemon]] = []
    readings += [("daemon.json", file)] if file is not None and seen.config else []
    readings += [("command line", flags)] if flags is not None else []
    readings += [("engine", engine)] if engine is not None else []
    differences = tuple(drift(tuple(readings))) or UNSET if len(readings) > 1 else UNKNOWN
    if engine is None and file is None and flags is None:
        return UNKNOWN, differences, problems
    return in_force(engine or Daemon(), flags, file), differences, problems


def _daemon(document: Document) -> Daemon | None:
    return next((one.noun for one in document.subjects if isinstance(one.noun, Daemon)), None)


def _named(settings: Maybe[Daemon]) -> Iterator[tuple[Role, str]]:
    """The files that the settings name."""
    if isinstance(settings, Daemon):
        wanted: tuple[tuple[Role, Maybe[str]], ...] = (
            ("tls-ca", settings.tlscacert),
            ("tls-certificate", settings.tlscert),
            ("tls-key", settings.tlskey),
        )
        for role, path in wanted:
            if isinstance(path, str) and path.startswith("/"):
                yield role, path


def _networks(engine: Engine) -> Iterator[EngineNetwork]:
    """Each with those who are on it; one that was removed meanwhile is left out."""
    for listed, answer in engine.each(lambda one: engine.network(one.id or one.name), read_networks(engine.networks())):
        whole = read_network(answer) if isinstance(answer, str) else None
        if whole is not None or not (isinstance(answer, EngineRefusedError) and answer.status == 404):
            yield whole or listed


def _unused(engine: Engine) -> Maybe[int]:
    try:
        rows = msgspec.json.decode(engine.images(), type=list[dict[str, object]])
        used = {one.get("ImageID") for one in msgspec.json.decode(engine.get("/containers/json", {"all": "1"}))}
    except (EngineError, msgspec.MsgspecError, AttributeError):
        return UNKNOWN
    return sum(row.get("Id") not in used for row in rows)


def found(engine: Engine, names: tuple[str, ...] = (), root: str = "/") -> Iterator[Found]:
    """Every container, or those that are named; the kernel's view of those that run on this machine.

    One that ends or is removed while it is looked at is left out, unless it was named: then it is an error.
    """
    wanted = tuple(Listed(name) for name in names) or engine.containers()
    machine = Machine(root) if engine.endpoint.kind == _LOCAL else None
    members = gather(machine) if machine is not None else Members()
    for listed, answer in engine.each(lambda one: engine.container(one.id), wanted):
        if isinstance(answer, EngineRefusedError):
            if names or answer.status != 404:
                raise answer
            continue
        yield _found(listed, answer, machine, members)


def _found(listed: Listed, answer: str, machine: Machine | None, members: Members) -> Found:
    try:
        state = msgspec.json.decode(answer, type=_Inspected)
    except msgspec.MsgspecError as error:
        message = f"the engine does not describe the container {listed.name} as engines do: {error}"
        raise EngineError(message) from None
    listed = Listed(state.id, (state.name,), listed.image, state.state.status)
    if not state.state.pid:
        return Found(listed, answer)
    if machine is None:
        return Found(listed, answer, unseen="it runs on another machine")
    try:
        process = machine.read(state.state.pid)
    except GoneError as gone:
        return Found(listed, answer, unseen=str(gone))
    if process.container_id != state.id:
        # Another process may have that id by now, or the engine counts processes in a namespace that is not ours.
        return Found(listed, answer, unseen=f"process {state.state.pid} is not in this container as far as can be seen")
    return Found(listed, answer, _enforced(listed.name, answer, process, machine, members))


def container_document(one: Found) -> Document:
    """A container as the engine declares it, as the kernel shows it, and the two side by side."""
    name = f"container {one.listed.name}"
    source = Source(name, msgspec.json.format(one.inspected, indent=1))
    inspected = read_inspect(source.text)
    silent = "the engine does not say it"
    subjects = [Subject(name, inspected.container, inspected.where, inspected.unresolved, silent)]
    sources = {"": source}
    if one.enforced is not None:
        kernel = "the kernel does not show it"
        # The kernel's view has no text that a line could be shown of.
        where: Mapping[At, Place] = {(): Place(0, 0, file=_KERNEL)}
        sources[_KERNEL] = Source(f"{name}, kernel", "")
        subjects += [
            Subject(f"{name}{_EFFECTIVE}", one.enforced.effective, where, silent=kernel),
            Subject(f"{name}{_DIFFERENCES}", one.enforced, where, silent=kernel),
        ]
    problems = [replace(problem, location=replace(problem.location, file=name)) for problem in inspected.problems]
    problems += [Problem(f"the kernel's view is missing: {one.unseen}", Location(name))] if one.unseen else []
    return Document("container", sources, tuple(subjects), tuple(problems))


def told(verdict: Verdict) -> Verdict:
    """Tell what both views of a container show once, say of what one shows which it is, and how it is mended.

    The kernel shows less than the engine tells: rules that it cannot decide are judged on the engine's word alone. What
    follows from --privileged is not told again.
    """
    declared = {one.rule for one in verdict.findings if not one.subject.endswith((_EFFECTIVE, _DIFFERENCES))}
    shown = {one.rule for one in verdict.findings if one.subject.endswith(_EFFECTIVE)}
    findings: list[Finding] = []
    for one in verdict.findings:
        if not one.subject.endswith(_EFFECTIVE):
            also = " (the kernel shows it too)" if one.rule in shown and not one.subject.endswith(_DIFFERENCES) else ""
            findings.append(replace(one, message=one.message + also, remedy=_remedy(one)))
        elif one.rule not in declared and _PRIVILEGED not in declared:
            findings.append(replace(one, message=f"{one.message} (by the kernel alone)", remedy=_remedy(one)))
    skipped = tuple(one for one in verdict.not_judged if not one.subject.endswith(_EFFECTIVE))
    return Verdict(tuple(findings), skipped)


def _remedy(finding: Finding) -> Remedy:
    """A running container is no text to be mended: the changes become words to run it, or to change it, with."""
    flags = [_flags(change) for change in finding.remedy.changes if isinstance(change, FieldChange)]
    live = all(getattr(change, "field", "") in _UPDATED for change in finding.remedy.changes)
    name = quote(finding.subject.removeprefix("container ").partition(" (")[0])
    words = " ".join(dict.fromkeys(flag for flag in flags if flag))
    if not words:
        return Remedy(finding.remedy.text)
    how = f"docker update {words} {name}" if live else f"start it anew with {words}"
    return Remedy(f"{finding.remedy.text} Here: {how}")


def _flags(change: FieldChange) -> str:
    """A change as the options of `docker run`, "" where it has no word for it."""
    document = formats.read("run", Source("run", _RUN))
    try:
        made = formats.apply(_RUN, formats.edits(document, document.subjects[0], change))
    except FormatError:
        return ""
    return made.removeprefix("docker run ").removesuffix(" x").removesuffix("x").strip()


class _State(Struct, rename="pascal"):
    pid: int = 0
    status: str = ""


class _Inspected(Struct, rename="pascal"):
    id: str
    name: str
    state: _State


def _enforced(name: str, answer: str, process: Process, machine: Machine, members: Members) -> Enforced:
    others, outside = members.of(process)
    return Enforced(
        name=name,
        declared=read_inspect(answer).container,
        effective=effective(process, machine),
        process=process,
        others=others,
        outside=outside,
    )
