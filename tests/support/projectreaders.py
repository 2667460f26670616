"""A reader of texts with the files beside them, and of what is asked of a text apart from a document, as lines.

It is for `support.edgerecords`. A text is a JSON object: "files" by their paths (a text, or something that is written as
JSON), "file" the one to read ("compose.yaml" without it), "more" those that override it, "environment" the variables,
"as" the kind of document, or what else is asked, "said" for more of it, and "changes" those to make, each a subject, a verb, a field and values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.buildcontexts import has_inline, list_builds
from sealock.formats.compose import dotenv
from sealock.formats.compose.includes import included_names
from sealock.formats.daemon.advice import describe_change
from sealock.formats.daemon.combined import drift, effective_settings
from sealock.formats.daemon.flags import read_flags
from sealock.formats.detection import is_certain, is_named
from sealock.formats.embedded import embedded_kinds
from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.formats.kubernetes.images import find_images
from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.kubernetes.manifest import parse as parse_manifest
from sealock.formats.kubernetes.namespaces import find_enforcing
from sealock.formats.kubernetes.pods import find_pods
from sealock.formats.kubernetes.podsecurity import NEWEST, violations
from sealock.formats.scripts import (
    find_built_images,
    find_created_networks,
    find_included_commands,
    find_run_commands,
    find_unknown_functions,
    unread_includes,
    with_included,
)
from sealock.model import container
from sealock.model.absent import UNSET
from sealock.model.change import Add, On, OnBuild, Remove, Set, Swap
from sealock.model.daemon import Daemon
from sealock.model.document import Document
from sealock.model.location import Place, Source
from support.filetable import Table
from support.readvectors import describe
from support.shownvalues import set_fields, show

_CHANGES: Final[dict[str, Callable[..., Any]]] = {"set": Set, "add": Add, "remove": Remove, "swap": Swap}


_REFUSED: Final = "null"
"""What stands for a file that may not be read."""


class _Files(Table):
    """Files in directories."""

    def text(self, path: str) -> str:
        if self.texts.get(path) == _REFUSED:
            msg = f"{path} may not be read"
            raise FileRefusedError(msg)
        return super().text(path)

    def entries(self, directory: str) -> tuple[str, ...] | None:
        start = "" if directory in {"", "."} else f"{directory}/"
        below = {path[len(start) :].partition("/")[0] for path in self.texts if path.startswith(start)}
        return tuple(sorted(below)) or None


def read_project(text: str) -> list[str]:
    """What the text says of what is asked."""
    table = json.loads(text)
    files = {
        name: content if isinstance(content, str) else json.dumps(content)
        for name, content in table.get("files", {}).items()
    }
    name = table.get("file", "compose.yaml")
    source = Source(name, files.get(name, ""))
    window = NOTHING if table.get("alone") else _Files(files, table.get("environment"))
    asked = table.get("as", "compose")
    if asked in _ASKED:
        return list(_ASKED[asked](source, window, table))
    more = tuple(Source(other, files[other]) for other in table.get("more", ()))
    document = formats.read(asked, source, window, more)
    if "changes" not in table:
        lines = list(describe(document))
        return [*lines, *_said(document)] if table.get("said") else lines
    subjects = {subject.name: subject for subject in document.subjects}
    changes = [(subjects.get(name) or document.subjects[0], _change(words)) for name, *words in table["changes"]]
    try:
        edits = (
            formats.edits(document, *changes[0])
            if len(changes) == 1
            else formats.edits_together(document, changes)
            if not any(isinstance(change, OnBuild) for _, change in changes)
            else formats.build_edits(document, [change for _, change in changes])
        )
        return formats.apply_edits(source.text, edits).replace("\r", "␍").split("\n")
    except FormatError as error:
        return [f"refused: {error}"]


def _said(document: Document) -> Iterator[str]:
    """Why fields of subjects are unknown, and which errors may be made good by another file."""
    for subject in document.subjects:
        yield f"said {subject.name}: {'partial ' * subject.partial}{subject.silent!r}"
    yield f"elsewhere {[error.message for error in document.errors if error.elsewhere]} run lines {sorted(document.run_lines)}"


def _change(words: list[Any]) -> Any:
    """A change, after the name of the build or of the other subject that it is made in, if there is one."""
    if words[0] in _CHANGES:
        return _CHANGES[words[0]](words[1], *map(_value, words[2:]))
    where, name, *rest = words
    return {"build": OnBuild, "on": On}[where](name, _change(rest))


def _value(value: Any) -> Any:
    """A value of a field; a mapping with one name that is a class of the model stands for one of it."""
    match value:
        case list():
            return tuple(map(_value, value))
        case dict():
            ((name, parts),) = value.items()
            return getattr(container, name)(**{key: _value(part) for key, part in parts.items()})
    return UNSET if value == "UNSET" else value


def _variables(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    lines, wrong = dotenv.parse(source.text, table.get("environment", {}))
    yield from (f"{at} {name}={value!r}" for name, value, at in lines)
    yield wrong
    yield from (f"raw {at} {name}={value!r}" for name, value, at in dotenv.parse_raw(source.text))


def _builds(source: Source, files: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    document = formats.read(table.get("kind", "compose"), source, files)
    builds = list_builds(document, table.get("path", source.name))
    yield from (f"{' or '.join(build.paths)} {build.contexts}" for build in builds)
    yield f"{'inline' * has_inline(document)} includes {included_names(source.text)}"


def _scripts(source: Source, files: FileWindow, _: dict[str, Any]) -> Iterator[str]:
    whole = with_included(source, files)
    for run in find_run_commands(whole):
        yield " ".join(
            [run.engine, run.verb, *(word.text if word.literal else f"«{word.text}»" for word in run.arguments)]
        )
    for each, places in find_included_commands(source, files):
        yield f"in {each.name}: {[each.excerpt(place) for place in places]}"
    yield from (f"not read: {unread}" for unread in unread_includes(source, files))
    for name, place, internal in find_created_networks(whole):
        yield f"network {name} {whole.excerpt(place)!r} {internal}"
    yield f"built {sorted(find_built_images(whole))} unknown {[whole.excerpt(place) for place in find_unknown_functions(whole)]}"


def _daemons(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    """Settings of an engine by its command line and its file, and where they differ from its own answer."""
    flags = read_flags(table.get("flags", ())) if "flags" in table else None
    document = formats.read("daemon", source) if source.text else None
    file = document.subjects[0].noun if document is not None and document.subjects else None
    engine = Daemon(**{name: _value(value) for name, value in table.get("engine", {}).items()})
    if flags is not None:
        yield from (f"flag {name}: {show(value)}" for name, value in set_fields(flags))
    named = (("file", file), ("flags", flags), ("engine", engine))
    known = tuple((name, reading) for name, reading in named if isinstance(reading, Daemon))
    yield from (show(each) for each in drift(known))
    combined = effective_settings(engine, flags, file if isinstance(file, Daemon) else None)
    yield from (f"effective {name}: {show(value)}" for name, value in set_fields(combined))
    for verb, *words in table.get("changes", ()):
        yield describe_change(_CHANGES[verb](*map(_value, words)))


def _pod_security(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    for document in parse_manifest(source.text).documents:
        value = ManifestValue(document, Place(document.start, document.end))
        yield from (
            f"{name} enforces {level} {minor} «{source.excerpt(label.place)}»"
            for name, level, minor, label in find_enforcing(value)
        )
        for pod in find_pods(value):
            for control, message, place in violations(
                pod, table.get("level", "restricted"), table.get("minor", NEWEST)
            ):
                yield f"{control.id} {message} «{source.excerpt(place)}»"


def _comments(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    for place in formats.comments(table.get("kind", "run"), source):
        yield f"{place.start} {source.excerpt(place)!r}"


def _kinds(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    for name in table["names"]:
        found = [show(formats.recognize(name, source.text)), *(["certain"] if is_certain(name) else [])]
        yield f"{name}: {formats.sniff(name, source.text)} {' '.join([*found, *(['named'] if is_named(name) else [])])}"


def _images(source: Source, _: FileWindow, __: dict[str, Any]) -> Iterator[str]:
    fields, faults = find_images(source.text)
    yield from (
        f"{field.scalar.start} {field.scalar.text} {field.kind} {field.container} {field.known}" for field in fields
    )
    yield from (f"{fault.start} {fault.message}" for fault in faults)


def _embedded(source: Source, _: FileWindow, table: dict[str, Any]) -> Iterator[str]:
    yield str(embedded_kinds(table.get("path", source.name), source.text, table.get("own", ""), table.get("whole", ())))


_ASKED: Final[dict[str, Callable[[Source, FileWindow, dict[str, Any]], Iterator[str]]]] = {
    "variables": _variables,
    "builds": _builds,
    "scripts": _scripts,
    "daemons": _daemons,
    "pod-security": _pod_security,
    "embedded": _embedded,
    "images": _images,
    "kinds": _kinds,
    "comments": _comments,
}
