"""The machine, its engine and its networks as a document: what the engine says, and what the machine itself shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import EngineError, EngineRefusedError
from sealock.formats.daemon.combined import drift, effective_settings
from sealock.formats.daemon.flags import read_flags
from sealock.formats.engine import read_info, read_network, read_networks
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.daemon import FIELDS, Daemon
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.host import Drift, Host, Role, Swarm
from sealock.model.location import At, Location, Place, Source
from sealock.model.network import EngineNetwork
from sealock.runtime.engine import Engine
from sealock.runtime.host import HostSnapshot, see

SETTINGS: Final = "settings"
"""What daemon.json is called among a document's sources."""
FLAGS: Final = "flags"
"""What the engine's command line is called there."""
_SILENT: Final = "it could not be seen from here"
_UNSAID: Final = "neither the engine nor its files say it"
_NOWHERE: Final[Mapping[At, Place]] = {(): Place()}
_LOCAL: Final = "unix"
_COMMAND: Final = "command line"
_UNIX: Final = "unix://"
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  it looks for them
_ASKED_AGAIN: Final = 50
"""Containers of which the name of their image is asked for one by one, at the most."""


class _ToldBy(Struct, frozen=True):
    """Who tells of the engine's settings: its file as it was read, and the flags it has with their words."""

    file: Subject | None
    flags: Daemon | None
    words: str


def host_document(engine: Engine | None, why_not: str = "", root: str = "/") -> Document:
    """The machine, its engine and its networks. Without an engine its part is not judged: `why_not` is a problem."""
    errors = [InputError(why_not, Location("engine"))] if why_not else []
    if engine is None:
        return _whole(see(root), Host(), None, (), errors, root, 0)
    said = read_info(engine.info(), engine.version())
    networks = tuple(_networks(engine))
    told = _with_containers(engine, replace(said.host, swarm=_swarm(engine, said.host.swarm)))
    errors += said.errors
    if engine.endpoint.kind != _LOCAL:
        return _documented(replace(told, daemon=said.daemon), networks, errors, {(): Place()}, {})
    pid = engine.process()
    data_root = said.daemon.data_root if isinstance(said.daemon.data_root, str) else ""
    seen = see(root, data_root=data_root, engine=pid, named=(("engine-socket", engine.endpoint.path),))
    return _whole(seen, told, said.daemon, networks, errors, root, pid)


def _whole(  # noqa: PLR0913, PLR0917  it joins what two sides know
    seen: HostSnapshot,
    told: Host,
    daemon: Daemon | None,
    networks: tuple[EngineNetwork, ...],
    errors: list[InputError],
    root: str,
    pid: int,
) -> Document:
    """What was seen of the machine, with what the engine says."""
    settings, differences, told_by, faults = _settings(seen, daemon)
    named = tuple(_named(settings))
    if named:
        data_root = settings.data_root if isinstance(settings, Daemon) else UNSET
        seen = see(root, data_root=data_root if isinstance(data_root, str) else "", engine=pid, named=named)
    host = replace(_over(seen.host, told), daemon=settings, drift=differences)
    if isinstance(host.swarm, Swarm) and seen.swarm_listens:
        host = replace(host, swarm=replace(host.swarm, listen_address=seen.swarm_listens))
    sources: dict[str, Source] = {}
    where: dict[At, Place] = {(): Place()}
    if told_by.flags is not None:
        sources[FLAGS] = Source(_COMMAND, told_by.words)
        where |= dict(_flagged(settings, told_by))
    if seen.config:
        sources[SETTINGS] = Source(seen.config_path, seen.config)
        where |= dict(_places(settings, told_by.file))
    return _documented(host, networks, [*errors, *faults], where, sources)


def _documented(
    host: Host,
    networks: tuple[EngineNetwork, ...],
    errors: list[InputError],
    where: Mapping[At, Place],
    sources: Mapping[str, Source],
) -> Document:
    subjects = [Subject("host", host, _NOWHERE, silent=_SILENT)]
    if isinstance(host.daemon, Daemon):
        subjects.append(Subject("engine", host.daemon, where, silent=_UNSAID))
    subjects += [Subject(f"network {network.name}", network, _NOWHERE, silent=_SILENT) for network in networks]
    return Document("host", {"": Source("host", "")} | dict(sources), tuple(subjects), tuple(errors))


def _places(settings: Maybe[Daemon], file: Subject | None) -> Iterator[tuple[At, Place]]:
    """Where daemon.json says what is in force: only there a finding on it can be shown."""
    if not isinstance(settings, Daemon) or file is None:
        return
    for at, place in file.where.items():
        field = str(at[0]) if at else ""
        if field in FIELDS and getattr(settings, field) == getattr(file.noun, field):
            yield at, replace(place, file=SETTINGS)


def _flagged(settings: Maybe[Daemon], told_by: _ToldBy) -> Iterator[tuple[At, Place]]:
    """The flags that say what is in force: a change of daemon.json alone would not mend those."""
    for field in FIELDS:
        value = getattr(told_by.flags, field)
        if not isinstance(value, Absent) and getattr(settings, field, None) == value:
            yield (field,), Place(0, len(told_by.words), file=FLAGS)


def _over(seen: Host, host: Host) -> Host:
    """What was seen here, with what only the engine can tell."""
    fields = {
        name: there
        for name in seen.__struct_fields__
        if isinstance(getattr(seen, name), Absent) and (there := getattr(host, name)) is not UNKNOWN
    }
    return replace(seen, **fields)


def _settings(
    seen: HostSnapshot, engine: Daemon | None
) -> tuple[Maybe[Daemon], Maybe[tuple[Drift, ...]], _ToldBy, list[InputError]]:
    """The settings in force, where their sources differ, who told of them, and what is wrong with daemon.json."""
    subject: Subject | None = None
    file: Daemon | None = None
    errors: list[InputError] = []
    if seen.config is None or seen.config:
        document = formats.read("daemon", Source(seen.config_path, seen.config or "{}"))
        subject = next((subject for subject in document.subjects if isinstance(subject.noun, Daemon)), None)
        file = subject.noun if subject is not None and isinstance(subject.noun, Daemon) else None
        errors = list(document.errors)
    flags = read_flags(seen.command) if seen.command is not None else None
    unit = read_flags(seen.unit) if seen.unit is not None else None
    readings: list[tuple[str, Daemon]] = []
    readings += [("daemon.json", file)] if file is not None and seen.config else []
    readings += [("unit", unit)] if unit is not None else []
    readings += [("command line", flags)] if flags is not None else []
    readings += [("engine", engine)] if engine is not None else []
    differences = tuple(drift(tuple(readings))) or UNSET if len(readings) > 1 else UNKNOWN
    words = seen.command if seen.command is not None else seen.unit or ()
    told_by = _ToldBy(subject, flags or unit, " ".join(("dockerd", *words)))
    if engine is None and told_by.flags is None and not seen.config:
        return UNKNOWN, differences, told_by, errors
    return effective_settings(engine or Daemon(), told_by.flags, file), differences, told_by, errors


def _named(settings: Maybe[Daemon]) -> Iterator[tuple[Role, str]]:
    """The files that the settings name."""
    if isinstance(settings, Daemon):
        wanted: tuple[tuple[Role, Maybe[str]], ...] = (
            ("tls-ca", settings.tlscacert),
            ("tls-certificate", settings.tlscert),
            ("tls-key", settings.tlskey),
            *(("engine-socket", socket.removeprefix(_UNIX)) for socket in _sockets(settings)),
        )
        for role, path in wanted:
            if isinstance(path, str) and path.startswith("/"):
                yield role, path


def _sockets(settings: Daemon) -> Iterator[str]:
    if isinstance(settings.hosts, tuple):
        yield from (host for host in settings.hosts if host.startswith(_UNIX))


def _networks(engine: Engine) -> Iterator[EngineNetwork]:
    """Each with those who are on it; one that was removed meanwhile is left out."""
    for listed, answer in engine.each(lambda one: engine.network(one.id or one.name), read_networks(engine.networks())):
        whole = read_network(answer) if isinstance(answer, str) else None
        if whole is not None or not (isinstance(answer, EngineRefusedError) and answer.status == 404):
            yield whole or listed


def _swarm(engine: Engine, swarm: Maybe[Swarm]) -> Maybe[Swarm]:
    """A swarm with the number of its services and secrets, which a manager alone tells."""
    if not isinstance(swarm, Swarm) or not swarm.manager:
        return swarm
    return replace(swarm, services=_number(engine, "/services"), secrets=_number(engine, "/secrets"))


def _number(engine: Engine, path: str) -> Maybe[int]:
    try:
        return len(msgspec.json.decode(engine.get(path), type=list[msgspec.Raw]))
    except (EngineError, msgspec.MsgspecError):
        return UNKNOWN


class _Port(Struct):
    inner: int = msgspec.field(default=0, name="PrivatePort")
    outer: int = msgspec.field(default=0, name="PublicPort")
    kind: str = msgspec.field(default="tcp", name="Type")
    address: str = msgspec.field(default="", name="IP")


class _Row(Struct):
    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(default=None, name="Names")
    image: str = msgspec.field(default="", name="Image")
    image_id: str = msgspec.field(default="", name="ImageID")
    state: str = msgspec.field(default="", name="State")
    ports: list[_Port] | None = msgspec.field(default=None, name="Ports")

    @property
    def name(self) -> str:
        own = [name.lstrip("/") for name in self.names or ()]
        return next((name for name in own if "/" not in name), self.id[:12])


class _Image(Struct):
    id: str = msgspec.field(name="Id")
    tags: list[str] | None = msgspec.field(default=None, name="RepoTags")


class _Config(Struct):
    image: str = msgspec.field(default="", name="Image")


class _Inspected(Struct):
    config: _Config = msgspec.field(default_factory=_Config, name="Config")


def _with_containers(engine: Engine, host: Host) -> Host:
    """A host with what two lists tell: images that nobody uses, ports that are open, images that were replaced."""
    try:
        rows = msgspec.json.decode(engine.get("/containers/json", {"all": "1"}), type=list[_Row])
        images = msgspec.json.decode(engine.images(), type=list[_Image])
    except (EngineError, msgspec.MsgspecError):
        return host
    used = {row.image_id for row in rows}
    running = sorted((row for row in rows if row.state == "running"), key=lambda row: row.name)
    ports = {
        f"{port.outer}/{port.kind} ({row.name})": None
        for row in running
        for port in row.ports or ()
        if port.outer and port.address in _EVERYWHERE
    }
    return replace(
        host,
        images_unused=sum(image.id not in used for image in images),
        published=tuple(ports) or UNSET,
        outdated=_outdated(engine, running, images),
    )


def _outdated(engine: Engine, running: list[_Row], images: list[_Image]) -> Maybe[tuple[tuple[str, str], ...]]:
    """Containers whose tag names another image by now: the engine then lists the image by its id."""
    now = {tag: image.id for image in images for tag in image.tags or ()}
    moved = [row for row in running if row.image and row.image.removeprefix("sha256:") in row.image_id]
    if len(moved) > _ASKED_AGAIN:
        return UNKNOWN
    found: list[tuple[str, str]] = []
    for row, answer in engine.each(lambda row: engine.container(row.id), moved):
        if not isinstance(answer, str):
            continue
        try:
            asked = msgspec.json.decode(answer, type=_Inspected).config.image
        except msgspec.MsgspecError:
            return UNKNOWN
        tag = asked if ":" in asked.rpartition("/")[2] else f"{asked}:latest"
        if now.get(tag, row.image_id) != row.image_id:
            found.append((row.name, asked))
    return tuple(found) or UNSET
