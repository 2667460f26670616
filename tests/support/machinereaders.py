"""Readers of texts that stand for files of a machine, or for what a planner is given: for `support.edgerecords`."""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from msgspec import NODEFAULT, ValidationError, convert, defstruct
from msgspec import field as factory_field
from msgspec.structs import asdict, fields

from sealock import formats
from sealock.errors import SealockError
from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.network import join_clusters, read_cluster
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.location import Place as TextPlace
from sealock.model.location import Source
from sealock.model.project import Project
from sealock.netmap import build_map, declared_nodes
from sealock.netmap.cluster import build_cluster_map
from sealock.rules.catalog import KINDS, rules
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule
from sealock.runtime.host import read_host
from sealock.runtime.hosts import host_document
from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.effective import effective
from sealock.runtime.kernel.limits import advise_limits, average_cpus, cpu_numbers, machine_size
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.mergedviews import merge_views
from sealock.userns.plan import MachineFacts, PlannedContainer, plan
from support import exchangereaders, programreaders, servedexchanges, showreaders
from support.drawnmaps import drawn
from support.machinerecords import make_machine
from support.shownvalues import show
from support.sweeps import Reader, difference, rows

_MOST: Final = 40
"""Lines of a difference."""
_OF_PROC: Final[dict[str, Callable[[str], object]]] = {
    "fields": procfiles.fields,
    "stat": procfiles.start_time,
    "uid_map": procfiles.id_ranges,
    "mountinfo": procfiles.mounts,
    "limits": procfiles.limits,
    "cgroup": procfiles.control_groups,
    "tcp": partial(procfiles.listening, "tcp"),
    "udp": partial(procfiles.listening, "udp"),
    "route": procfiles.routes,
    "unix": procfiles.unix_listening,
    "cpus": lambda text: sorted(cpu_numbers(text.strip())),
}
_OWNERS: Final = frozenset({"uid", "gid", "owner", "group", "user"})
"""What depends on who runs the tests."""
_Facts: Final = defstruct(
    "_Facts",
    [
        (
            field.name,
            field.type,
            field.default if field.default is not NODEFAULT else factory_field(default_factory=field.default_factory),
        )
        for field in fields(MachineFacts)
        if field.name != "containers"
    ],
)
"""Those of a machine without its containers, whose types JSON does not have."""
_JOINED: Final = {
    "C001", "C002", "C003", "C005", "C006", "C013", "C014", "C018", "C023", "C028", "C029", "C030", "K005", "K011",
}  # fmt: skip
"""The rules on containers by which views are joined: one for each way."""
_READY: Final[dict[str, Any]] = {
    "kernel": "6.1.0-1-amd64", "boot": "root=/dev/sda1", "user_namespaces": True, "most_namespaces": 1000,
    "subuid": "dockremap:100000:65536\nme:200000:65536\n", "subgid": "dockremap:100000:65536\n",
    "accounts": {"root": 0, "dockremap": 100, "me": 1000}, "groups": {"root": 0, "dockremap": 101}, "engine": True,
    "storage": "overlay2", "data_root": "/var/lib/docker", "free": 10**10, "version": "26.1.0", "limits": {"nofile": 1024},
}  # fmt: skip
"""A machine that is ready for remapping."""


def proc_files(text: str) -> list[str]:
    """A file of /proc, by the name in the first line."""
    name, _, rest = text.partition("\n")
    read = _OF_PROC.get(name)
    return ["no such file"] if read is None else list(rows(read(rest), name))


def machines(text: str) -> list[str]:
    """A made machine with some files written anew, or gone for null: what differs of its process 7."""
    table = json.loads(text)
    made = _machine(str(table.pop("machine", "")))
    if made is None:
        return ["no such machine"]
    folder, before = made
    with _changed(folder, table):
        return list(difference(before, _read(folder), _MOST))


def hosts(text: str) -> list[str]:
    """A made machine of these files alone: what is read of the engine's host and of the people on it."""
    folder = _empty()
    with _changed(folder, json.loads(text)):
        for file in folder.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o640)
        document = host_document(None, root=str(folder))
        shown = [
            *(show(read_host(str(folder), named=(("tls-key", "/srv/tls.key"),)), without=_OWNERS).split(", ")),
            *(show(subject.noun, without=_OWNERS) for subject in document.subjects[1:]),
            *(f"error {error.location.line} {error.message}" for error in document.errors),
            *_remedies(document),
        ]
        return [line.replace(str(folder), "MACHINE")[:400] for line in shown]


def merged_views(text: str) -> list[str]:
    """What an engine and the kernel show of containers: the findings of both views, joined, with what to type."""
    document = formats.read("observed", Source("seen.json", text))
    book: dict[str, tuple[Rule[Any], ...]] = {
        kind: tuple(rule for rule in rules(kind) if rule.id in _JOINED) for kind in KINDS
    }
    joined = merge_views(evaluate("seen.json", document, book), document)
    skipped: dict[str, list[str]] = {}
    for each in joined.skipped:
        skipped.setdefault(f"{each.container} {each.view}", []).append(each.rule)
    return [
        *(
            f"{finding.container} {finding.rule} {finding.view} {finding.message[-25:]!r} {finding.remedy.text.partition('Here: ')[2]}"
            for finding in joined.findings
        ),
        *(f"skipped {where}: {' '.join(ids)}" for where, ids in skipped.items()),
        *(f"error {error.message}" for error in document.errors),
    ]


def plans(text: str) -> list[str]:
    """What differs of a machine that is ready, and so in the plan for remapping it. Containers are run lines by name."""
    return list(difference(_planned({}), _planned(json.loads(text)), _MOST))


def _planned(changes: dict[str, Any]) -> list[str]:
    table = {**_READY, **changes}
    user, containers = str(table.pop("user", "")), table.pop("containers", {})
    planned = tuple(
        PlannedContainer(str(name), subject.noun, id=f"{name}-id")
        for name, line in containers.items()
        for subject in formats.read("run", Source("run.sh", f"{line}\n")).subjects
        if isinstance(subject.noun, Container)
    )
    try:
        facts = convert(table, _Facts)
    except ValidationError as error:
        return [f"refused: {error}"]
    return list(rows(plan(MachineFacts(**asdict(facts), containers=planned), user), "plan"))


def service_maps(text: str) -> list[str]:
    """The map of a compose file."""
    document = formats.read("compose", Source("compose.yaml", text))
    projects = [subject.noun for subject in document.subjects if isinstance(subject.noun, Project)]
    made = [build_map(*declared_nodes(each), declared=True) for each in projects]
    return [line for each in made for line in (*map(show, each.nodes), *drawn(each))]


def cluster_maps(text: str) -> list[str]:
    """The map of manifests."""
    tree = parse(text)
    faults = [(flaw.message, TextPlace(flaw.start, flaw.end)) for flaw in tree.flaws]
    roots = [ManifestValue(root, TextPlace(root.start, root.end)) for root in tree.documents]
    networks = [read_cluster(root, faults) for root in roots]
    return [*drawn(build_cluster_map(join_clusters(networks))), *(message for message, _ in faults)]


READERS: Final[dict[str, Reader]] = {
    "runtime-of-proc-files": proc_files,
    "runtime-of-machines": machines,
    "runtime-of-hosts": hosts,
    "runtime-of-merged-views": merged_views,
    "userns-of-plans": plans,
    "netmap-of-services": service_maps,
    "netmap-of-pods": cluster_maps,
    **exchangereaders.READERS,
    **programreaders.READERS,
    **servedexchanges.READERS,
    **showreaders.READERS,
}


def reader_of(name: str) -> Reader:
    """The reader of a group, which tells also why it refuses a text."""

    def read(text: str) -> list[str]:
        try:
            return READERS[name](text)
        except SealockError as error:
            return [f"{type(error).__name__}: {error}"]

    return read


def _remedies(document: Document) -> Iterator[str]:
    """Those of the engine's settings: what files the host has depends on who runs the tests."""
    joined = merge_views(evaluate("host", document, {"daemon": rules("daemon")}), document)
    yield from (f"{finding.rule}: {finding.remedy.text[-160:]}" for finding in joined.findings)


@cache
def _empty() -> Path:
    return _directory()


def _directory() -> Path:
    """A directory for the whole run: it is made once, since each text changes only some of its files."""
    folder = Path(mkdtemp(prefix="sealock-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _machine(name: str) -> tuple[Path, list[str]] | None:
    folder = _directory()
    return (folder, _read(folder)) if make_machine(name, folder) else None


def _read(folder: Path) -> list[str]:
    machine = ProcReader(str(folder))
    try:
        process = machine.read(7, ("net.ipv4.ip_forward",))
        size = machine_size(machine.tree)
        return [
            *rows(process, "process"),
            *rows(effective(process, machine), "effective"),
            *rows(size, "machine"),
            *rows(advise_limits(process, size), "advice"),
            f"average {average_cpus(process, size)}",
            *rows(machine.brief(7), "brief"),
            *(
                f"thread {thread.pid}: {thread.uid} {thread.effective} {thread.cgroup_paths}"
                for thread in machine.threads(process)
            ),
            f"routes {show(machine.routes(7))} {machine.interfaces(7)}",
            f"groups {machine.group_names}",
        ]
    except SealockError as error:
        return [f"refused: {error}"]
    finally:
        machine.tree.close()


@contextmanager
def _changed(folder: Path, files: dict[str, Any]) -> Iterator[None]:
    """Write files, take away those that are null, and restore all of it."""
    before: list[tuple[Path, bytes | None]] = []
    made: list[Path] = []
    try:
        for path, text in files.items():
            if path.startswith("/") or {"..", ""} & set(path.split("/")) or "\0" in path or len(path) > 200:
                continue
            file = folder / path
            for parent in reversed(file.relative_to(folder).parents):
                if not (folder / parent).exists():
                    (folder / parent).mkdir()
                    made.append(folder / parent)
            if file.is_dir() or not file.parent.is_dir():
                continue
            link = bytes(file.readlink()) if file.is_symlink() else None
            before.append((file, b"->" + link if link is not None else file.read_bytes() if file.exists() else None))
            _write(file, None if text is None else str(text).encode("utf-8", "replace"))
        yield
    finally:
        for file, content in reversed(before):
            _write(file, content)
        for directory in reversed(made):
            directory.rmdir()


def _write(file: Path, content: bytes | None) -> None:
    file.unlink(missing_ok=True)
    if content is not None and content.startswith(b"->"):
        file.symlink_to(content[2:].decode())
    elif content is not None:
        file.write_bytes(content)
