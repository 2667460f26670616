"""The machine, its engine and its networks as a document: what the engine reports, and what the machine shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError
from sealock.formats.daemon.combined import drift, effective_settings
from sealock.formats.daemon.flags import read_flags
from sealock.formats.engine import read_info, read_network, read_networks
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe, given
from sealock.model.daemon import FIELDS, Daemon
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.host import Drift, Host, Role, Swarm
from sealock.model.location import At, Location, Place, Source
from sealock.model.network import EVERYWHERE, EngineNetwork
from sealock.runtime.engine import Engine
from sealock.runtime.host import HostSnapshot, read_host
from sealock.runtime.host.snapshot import CONTAINERD

SETTINGS: Final = "settings"
"""The key of daemon.json among a document's sources."""
FLAGS: Final = "flags"
"""The key of the engine's command line there."""
_SILENT: Final = "it could not be read from here"
_UNSAID: Final = "neither the engine nor its files report it"
_NOWHERE: Final[Mapping[At, Place]] = {(): Place()}
_LOCAL: Final = "unix"
_COMMAND: Final = "command line"
_UNIX: Final = "unix://"

_MOST_MOVED: Final = 50
"""Containers whose image name is requested one by one, at most."""


class _SettingSources(Struct, frozen=True):
    """Where the engine's settings come from: daemon.json as a subject, and the flags with their text."""

    file: Subject | None
    flags: Daemon | None
    words: str


def host_document(engine: Engine | None, why_not: str = "", root: str = "/") -> Document:
    """The machine, its engine and its networks. Without an engine `why_not` becomes an error."""
    errors = [InputError(why_not, Location("engine"))] if why_not else []
    if engine is None:
        return _local_document(read_host(root), Host(), None, (), errors, root, 0)
    info = read_info(engine.info(), engine.version())
    networks = tuple(_networks(engine))
    reported = _with_containers(engine, replace(info.host, swarm=_swarm(engine, info.host.swarm)))
    errors += info.errors
    if engine.endpoint.kind != _LOCAL:
        return _document(replace(reported, daemon=info.daemon), networks, errors, {(): Place()}, {})
    pid = engine.process()
    data_root = given(info.daemon.data_root, "")
    snapshot = read_host(root, data_root=data_root, engine=pid, named=(("engine-socket", engine.endpoint.path),))
    return _local_document(snapshot, reported, info.daemon, networks, errors, root, pid)


def _local_document(  # noqa: PLR0913, PLR0917  it joins what two sides know
    snapshot: HostSnapshot,
    reported: Host,
    daemon: Daemon | None,
    networks: tuple[EngineNetwork, ...],
    errors: list[InputError],
    root: str,
    pid: int,
) -> Document:
    """Join the snapshot of this machine with what the engine reports."""
    settings, differences, setting_sources, file_errors = _settings(snapshot, daemon)
    named = tuple(_named(settings))
    if named:
        data_root = given(settings.data_root, "") if isinstance(settings, Daemon) else ""
        snapshot = read_host(root, data_root=data_root, engine=pid, named=named)
    host = replace(_merged(snapshot.host, reported), daemon=settings, drift=differences)
    if isinstance(host.swarm, Swarm) and snapshot.swarm_listens:
        host = replace(host, swarm=replace(host.swarm, listen_address=snapshot.swarm_listens))
    sources: dict[str, Source] = {}
    where: dict[At, Place] = {(): Place()}
    if setting_sources.flags is not None:
        sources[FLAGS] = Source(_COMMAND, setting_sources.words)
        where |= dict(_flag_places(settings, setting_sources))
    if snapshot.config:
        sources[SETTINGS] = Source(snapshot.config_path, snapshot.config)
        where |= dict(_file_places(settings, setting_sources.file))
    return _document(host, networks, [*errors, *file_errors], where, sources)


def _document(
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


def _file_places(settings: Maybe[Daemon], file: Subject | None) -> Iterator[tuple[At, Place]]:
    """The places of effective settings in daemon.json."""
    if not isinstance(settings, Daemon) or file is None:
        return
    for at, place in file.where.items():
        field = str(at[0]) if at else ""
        if field in FIELDS and getattr(settings, field) == getattr(file.noun, field):
            yield at, replace(place, file=SETTINGS)


def _flag_places(settings: Maybe[Daemon], sources: _SettingSources) -> Iterator[tuple[At, Place]]:
    """The places of effective settings among the flags: changing only daemon.json would not fix those."""
    for field in FIELDS:
        value = getattr(sources.flags, field)
        if not isinstance(value, Absent) and getattr(settings, field, None) == value:
            yield (field,), Place(0, len(sources.words), file=FLAGS)


def _merged(snapshot: Host, reported: Host) -> Host:
    """What this machine shows, completed by what only the engine reports."""
    fields = {
        name: value
        for name in snapshot.__struct_fields__
        if isinstance(getattr(snapshot, name), Absent) and (value := getattr(reported, name)) is not UNKNOWN
    }
    return replace(snapshot, **fields)


def _settings(
    snapshot: HostSnapshot, engine: Daemon | None
) -> tuple[Maybe[Daemon], Maybe[tuple[Drift, ...]], _SettingSources, list[InputError]]:
    """The effective settings, where their sources differ, these sources, and the errors in daemon.json."""
    subject: Subject | None = None
    file: Daemon | None = None
    errors: list[InputError] = []
    if snapshot.config is None or snapshot.config:
        document = formats.read("daemon", Source(snapshot.config_path, snapshot.config or "{}"))
        subject = next((subject for subject in document.subjects if isinstance(subject.noun, Daemon)), None)
        file = subject.noun if subject is not None and isinstance(subject.noun, Daemon) else None
        errors = list(document.errors)
    flags = read_flags(snapshot.command) if snapshot.command is not None else None
    unit = read_flags(snapshot.unit) if snapshot.unit is not None else None
    readings: list[tuple[str, Daemon]] = []
    readings += [("daemon.json", file)] if file is not None and snapshot.config else []
    readings += [("unit", unit)] if unit is not None else []
    readings += [("command line", flags)] if flags is not None else []
    readings += [("engine", engine)] if engine is not None else []
    differences = tuple(drift(tuple(readings))) or UNSET if len(readings) > 1 else UNKNOWN
    words = snapshot.command if snapshot.command is not None else snapshot.unit or ()
    sources = _SettingSources(subject, flags or unit, " ".join(("dockerd", *words)))
    if engine is None and sources.flags is None and not snapshot.config:
        return UNKNOWN, differences, sources, errors
    return effective_settings(engine or Daemon(), sources.flags, file), differences, sources, errors


def _named(settings: Maybe[Daemon]) -> Iterator[tuple[Role, str]]:
    """The files that the settings name."""
    if isinstance(settings, Daemon):
        named: tuple[tuple[Role, Maybe[str]], ...] = (
            ("tls-ca", settings.tlscacert),
            ("tls-certificate", settings.tlscert),
            ("tls-key", settings.tlskey),
            *((("containerd-socket", f"{settings.exec_root}/{CONTAINERD}"),) if given(settings.exec_root, "") else ()),
            *(("engine-socket", host.removeprefix(_UNIX)) for host in given(settings.hosts, ())),
        )
        for role, path in named:
            if given(path, "").startswith("/"):
                yield role, given(path, "")


def _networks(engine: Engine) -> Iterator[EngineNetwork]:
    """All networks with their containers; one that is removed meanwhile is skipped."""
    listed = read_networks(engine.networks())
    for network, answer in engine.each(lambda network: engine.network(network.id or network.name), listed):
        details = read_network(answer) if isinstance(answer, str) else None
        if details is not None or not (isinstance(answer, EngineRefusedError) and answer.status == 404):
            yield details or network


def _swarm(engine: Engine, swarm: Maybe[Swarm]) -> Maybe[Swarm]:
    """A swarm with the number of its services and secrets, which only a manager reports."""
    if not isinstance(swarm, Swarm) or not swarm.manager:
        return swarm
    return replace(swarm, services=_number(engine, "/services"), secrets=_number(engine, "/secrets"))


def _number(engine: Engine, path: str) -> Maybe[int]:
    try:
        return len(msgspec.json.decode(engine.get(path), type=list[msgspec.Raw]))
    except (EngineError, *UNDECODABLE):
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
    """A host with what the lists of containers and images show: unused images, published ports, outdated images."""
    try:
        rows = msgspec.json.decode(engine.get("/containers/json", {"all": "1"}), type=list[_Row])
        images = msgspec.json.decode(engine.images(), type=list[_Image])
    except (EngineError, *UNDECODABLE):
        return host
    used = {row.image_id for row in rows}
    running = sorted((row for row in rows if row.state == "running"), key=lambda row: row.name)
    ports = {
        f"{port.outer}/{port.kind} ({row.name})": None
        for row in running
        for port in row.ports or ()
        if port.outer and port.address in EVERYWHERE
    }
    return replace(
        host,
        images_unused=sum(image.id not in used for image in images),
        published=tuple(ports) or UNSET,
        outdated=_outdated(engine, running, images),
    )


def _outdated(engine: Engine, running: list[_Row], images: list[_Image]) -> Maybe[tuple[tuple[str, str], ...]]:
    """Containers whose tag names another image by now: the engine then lists their image by its id."""
    image_by_tag = {tag: image.id for image in images for tag in image.tags or ()}
    moved = [row for row in running if row.image and row.image.removeprefix("sha256:") in row.image_id]
    if len(moved) > _MOST_MOVED:
        return UNKNOWN
    outdated: list[tuple[str, str]] = []
    for row, answer in engine.each(lambda row: engine.container(row.id), moved):
        if not isinstance(answer, str):
            continue
        try:
            image = msgspec.json.decode(answer, type=_Inspected).config.image
        except UNDECODABLE:
            return UNKNOWN
        tag = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
        if image_by_tag.get(tag, row.image_id) != row.image_id:
            outdated.append((row.name, image))
    return tuple(outdated) or UNSET
