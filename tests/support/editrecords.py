"""Records what changes make of texts: each field set, taken away and given more, one at a time and all at once.

The texts of `_GROUPS` stand in `tests/vectors/texts`; `tests/vectors/edits/NAME.txt` holds the records, and
`tests/formats/test_edit_records.py` compares. A change that is meant is written down with `./dev records` and reviewed in
the diff. Texts that show how a format spells its fields get changes of what they set; texts that show how people lay a
file out get changes of everything. What is said once of a text is not said again of a later one.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Add, Edit, FieldChange, On, OnBuild, Remove, Set, Swap
from sealock.model.container import (
    FIELDS,
    Container,
    Device,
    Health,
    Label,
    Link,
    Logging,
    Mount,
    Network,
    Port,
    Restart,
    Sysctl,
    Ulimit,
    Variable,
)
from sealock.model.document import Document, DocumentKind, Subject
from sealock.model.location import Source
from sealock.model.project import Project
from support.filetable import Table
from support.quadletunits import UnitFiles
from support.shownvalues import show

RECORDS: Final = Path(__file__).parent.parent / "vectors" / "edits"
_TEXTS: Final = RECORDS.parent / "texts"
_Maker: TypeAlias = Callable[[], tuple[Edit, ...]]
_Scope: TypeAlias = Literal["set", "all", "builds"]
_GROUPS: Final[dict[str, tuple[DocumentKind, str, _Scope]]] = {
    "run-lines": ("run", "test", "set"),
    "services": ("compose", "compose.yaml", "set"),
    "pods": ("kubernetes", "pod.yaml", "set"),
    "dockerfiles": ("dockerfile", "Dockerfile", "set"),
    "edited-run-lines": ("run", "run.sh", "all"),
    "edited-services": ("compose", "compose.yaml", "all"),
    "edited-pods": ("kubernetes", "pod.yaml", "all"),
    "edited-dockerfiles": ("dockerfile", "Dockerfile", "all"),
    "edited-units": ("quadlet", "web.container", "all"),
    "edited-pipelines": ("pipeline", "", "all"),
    "edited-devcontainers": ("devcontainer", "devcontainer.json", "all"),
    "edited-builds": ("compose", "compose.yaml", "builds"),
    "edited-targets": ("bake", "", "builds"),
}
"""The groups of texts: the kind, the name of the file, and what changes.

That is what a text sets, all fields (of the first container of a text; of others what they set), or only how images are
built. Without a name the first line of each text has it.
"""
GROUPS: Final = tuple(_GROUPS)
_FILES: Final[dict[str, FileWindow]] = {
    "quadlet": UnitFiles({"d.volume": "[Volume]\n", "n.network": "[Network]\n"}),
    "compose": Table(
        {"base.yaml": "services:\n  base:\n    privileged: true\n    cap_add: [KILL]\n    ports: ['1:1']\n"}
    ),
}
_SAMPLES: Final[dict[str, tuple[Any, ...]]] = {
    **dict.fromkeys(("hostname", "domainname", "cgroup_parent", "working_dir", "name"), ("x", "it's a: b")),
    **dict.fromkeys(("runtime", "volume_driver", "stop_signal", "cpuset_cpus", "cpuset_mems"), ("x",)),
    **dict.fromkeys(("memory", "memory_reservation", "memory_swap", "shm_size"), (1 << 30, 1000)),
    **dict.fromkeys(("memory_swappiness", "cpu_shares", "cpu_quota", "cpu_period", "oom_score_adj"), (50,)),
    **dict.fromkeys(("cpu_rt_runtime", "cpu_rt_period", "blkio_weight", "stop_timeout"), (50,)),
    **dict.fromkeys(("privileged", "init", "tty", "stdin_open", "read_only", "no_new_privileges"), (True, False)),
    **dict.fromkeys(("unconfined_paths", "oom_kill_disable", "publish_all", "auto_remove"), (True, False)),
    **dict.fromkeys(("content_trust", "detach", "service_token", "root_refused"), (True, False)),
    **dict.fromkeys(("cap_add", "cap_drop"), (("CHOWN",), ("ALL",))),
    **dict.fromkeys(("dns", "dns_search", "dns_options"), (("1.1.1.1",), ("a.b", "c"))),
    "image": ("b:2", f"b@sha256:{'ab' * 32}"),
    "platform": ("linux/arm64",),
    "pull": ("always",),
    "entrypoint": (("/e", "a b"), ()),
    "command": (("x", "$y 'z'"), ()),
    "environment": ((Variable("N", "1"),), (Variable("N", "$x: y"), Variable("M", None))),
    "labels": ((Label("n", "1"),), (Label("n", "$x: y"), Label("m", ""))),
    "annotations": ((Label("n", "1"),),),
    "user": ("1000", "1000:1000", "nonroot", "root"),
    "groups": (("5",),),
    "seccomp": ("unconfined", "p.json"),
    "apparmor": ("unconfined", "p"),
    "selinux": (("disable",), ("type:t", "level:s0")),
    "devices": ((Device("/dev/a", "/dev/a"),), (Device("/dev/a", "/dev/b", "r"),)),
    "device_rules": (("c 1:3 r",),),
    "gpus": ("all", "2", "device=0,1"),
    "sysctls": ((Sysctl("net.core.somaxconn", "1"),),),
    "mounts": (
        (Mount("tmpfs", None, "/t"),),
        (Mount("bind", "/s", "/t", read_only=True), Mount("volume", "vol", "/v")),
        (Mount("volume", None, "/t", options=("nocopy",)), Mount("bind", "./s", "/u", propagation="rslave")),
        (Mount("tmpfs", None, "/t", options=("size=1m", "noexec")),),
    ),
    "volumes_from": (("x",),),
    "pid": ("host", "container:x"),
    "ipc": ("host", "private"),
    "uts": ("host",),
    "userns": ("host",),
    "cgroupns": ("host", "private"),
    "network_mode": ("host", "none"),
    "networks": ((Network("n"),), (Network("n", ("a",)), Network("m"))),
    "links": ((Link("x", "y"),),),
    "ports": ((Port("80", "8080"),), (Port("80", "8080", "127.0.0.1"), Port("81", None, None, "udp"), Port("1", "2", "::1"))),
    "expose": (("80/tcp",), ("81/udp", "1-3/tcp")),
    "extra_hosts": (("a:1.1.1.1",),),
    "mac_address": ("02:42:ac:11:00:02",),
    "cpus": (0.5, 2.0),
    "pids_limit": (100, -1),
    "ulimits": ((Ulimit("nofile", 1, 2),), (Ulimit("core", 0, 0),)),
    "storage_options": (("size=1g",),),
    "restart": (Restart("always"), Restart("on-failure", 3)),
    "health": (Health(test=("CMD-SHELL", "a b"), interval=90.0, retries=2), Health(disabled=True), Health(test=("CMD", "a"))),
    "logging": (Logging("local"), Logging("json-file", (("max-size", "1m"),))),
}  # fmt: skip
"""What fields are set to."""
_MOST: Final = max(map(len, _SAMPLES.values()))
_ORDERED: Final = frozenset({"command", "entrypoint"})
_HARDENED: Final = (Set("privileged", False), Set("read_only", True), Add("cap_drop", "ALL"), Set("no_new_privileges", True))  # fmt: skip
_BORDER: Final = "\n=====\n"


def record(group: str) -> str:
    """The record of a group of texts."""
    kind, name, scope = _GROUPS[group]
    lines: list[str] = []
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for number, text in enumerate((_TEXTS / f"{group}.txt").read_text(encoding="utf-8").split(_BORDER)):
        document = _read(kind, name, text)
        source = document.source
        outcomes: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for subject, label, make in _outcomes(document, scope, samples=1 if number else _MOST):
            outcome = _made(document, make)
            if (subject, label, outcome) not in seen:
                outcomes[outcome][subject].append(label)
                seen.add((subject, label, outcome))
        if outcomes:
            lines += [
                "===",
                *source.text.splitlines(),
                *(f"error: {error.message}" for error in document.errors),
                "---",
            ]
        for outcome, subjects in outcomes.items():
            lines += [f"{subject}: {'; '.join(labels)}" for subject, labels in subjects.items()]
            lines += [f"  {line}" for line in outcome]
    return "\n".join([*lines, ""])


def outcome_of(group: str, text: str, label: str) -> list[str]:
    """What one change, by its subject and label, makes of a text of a group; nothing if the text has no such subject."""
    kind, name, scope = _GROUPS[group]
    document = _read(kind, name, text)
    for subject, change, make in _outcomes(document, scope, samples=1):
        if f"{subject}: {change}" == label:
            return list(_made(document, make))
    return []


def changes_of(group: str) -> str:
    """How a record differs from the one in the repository, as a diff; "" where it does not."""
    path = RECORDS / f"{group}.txt"
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(written.splitlines(), record(group).splitlines(), "recorded", "now", lineterm="", n=1)
    return "\n".join(lines)


def write_records() -> None:
    """Write every record."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        (RECORDS / f"{group}.txt").write_text(record(group), encoding="utf-8")


def _read(kind: DocumentKind, name: str, text: str) -> Document:
    first, _, rest = ("", "", text) if name else text.partition("\n")
    # One empty line at the end of a text stands for a last line without an end.
    source = Source(name or first, rest.removesuffix("\n") if rest.endswith("\n") else f"{rest}\n")
    return formats.read(kind, source, _FILES.get(kind, NOTHING))


def _outcomes(document: Document, scope: _Scope, samples: int) -> Iterator[tuple[str, str, _Maker]]:
    """A subject, a change of it, and what makes its edits."""
    everything = scope == "all"
    for subject in document.subjects:
        if scope == "builds" and isinstance(subject.noun, Project):
            yield from _of_builds(document, subject.noun)
        if scope == "builds" or not isinstance(subject.noun, Container):
            continue
        changes = list(_changes(subject.noun, samples if everything else 0))
        for change in changes:
            yield subject.name, _label(change), partial(formats.edits, document, subject, change)
        if everything and document.kind in formats.TOGETHER:
            for label, wanted in _together(document, subject, changes):
                yield subject.name, label, partial(formats.edits_together, document, wanted)
        everything = False


def _changes(noun: Container, most: int) -> Iterator[FieldChange]:
    """The changes of a container: of what it sets, and of all fields to so many samples of each."""
    for field in FIELDS:
        old = getattr(noun, field)
        is_set = old is not UNSET and old is not UNKNOWN
        samples = _SAMPLES.get(field, ())
        if is_set:
            yield Set(field, UNSET)
        if isinstance(old, tuple) and field not in _ORDERED:
            for index, element in enumerate(old):
                yield Remove(field, element)
                if samples:
                    yield Swap(field, element, samples[index % len(samples)][0])
        for sample in samples[: most or int(is_set)]:
            if isinstance(sample, tuple) and field not in _ORDERED:
                yield from (Add(field, element) for element in sample)
            if most or not isinstance(sample, tuple):
                yield Set(field, sample)


def _together(
    document: Document, subject: Subject, changes: list[FieldChange]
) -> Iterator[tuple[str, list[tuple[Subject, FieldChange | On]]]]:
    """Several changes at once: of this subject, and of all."""
    gone = [
        change for change in changes if isinstance(change, Set) and change.value is UNSET and change.field != "image"
    ]
    yield "all unset", [(subject, change) for change in gone]
    yield "hardened", [(subject, change) for change in _HARDENED]
    others = [other for other in document.subjects if isinstance(other.noun, Container)]
    yield "all hardened", [(other, change) for other in others for change in _HARDENED]
    yield "the last hardened", [(subject, On(others[-1].name, change)) for change in _HARDENED]
    if len(gone) > 1:
        yield "some unset, some set", [(subject, change) for change in (gone[0], *_HARDENED, gone[-1])]


def _of_builds(document: Document, project: Project) -> Iterator[tuple[str, str, _Maker]]:
    """Rights of builds that go, one at a time and all at once, and what is refused."""
    for service in project.services:
        if service.build is None:
            continue
        rights: list[FieldChange] = [Set("network", None), Set("privileged", False)]
        rights += [Remove("entitlements", value) for value in service.build.entitlements]
        changes = [OnBuild(service.name, change) for change in rights]
        odd = (Remove("entitlements", "odd"), Set("network", "host"), Add("entitlements", "a"))
        for each in (*changes, *(OnBuild(service.name, change) for change in odd)):
            yield service.name, _label(each.change), partial(formats.build_edits, document, (each,))
        yield service.name, "all", partial(formats.build_edits, document, changes)


def _label(change: FieldChange) -> str:
    match change:
        case Swap(field=field, old=old, new=new):
            return f"swap {field} {show(old)} {show(new)}"
        case Set(field=field, value=value):
            return f"unset {field}" if value is UNSET else f"set {field} {show(value)}"
        case Add(field=field, value=value):
            return f"add {field} {show(value)}"
        case Remove(field=field, value=value):
            return f"remove {field} {show(value)}"


def _made(document: Document, make: _Maker) -> tuple[str, ...]:
    """The lines that edits change, or why there are none."""
    text = document.source.text
    try:
        after = formats.apply_edits(text, make())
    except FormatError as error:
        return (f"refused: {error}",)
    if after == text:
        return ("the same",)
    return tuple(_changed_lines(text, after))


def _changed_lines(before: str, after: str) -> Iterator[str]:
    """The lines that change, after the line that stands before them."""
    for line in difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=1):
        if not line.startswith(("---", "+++", "@@")):
            yield line


def _lines(text: str) -> list[str]:
    return [line.replace("\r", "␍") for line in text.split("\n")]


if __name__ == "__main__":
    write_records()
