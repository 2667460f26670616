"""Leads findings in rendered manifests back to the files that they were rendered from."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from msgspec.structs import replace

from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.reader import ManifestDocument
from sealock.formats.kubernetes.resources import resources
from sealock.formats.recognition import is_manifest
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily
from sealock.text import read_number

_SOURCE: Final = compile_lazily(r"^# Source: (\S.*)$", re.MULTILINE)
"""What helm writes above each resource: the chart's name and the template's path in it."""


def trace(document: ManifestDocument, originals: tuple[Source, ...]) -> ManifestDocument:
    """The document with each place in the file that it came from, where that is known.

    Helm names the template, in which the line with the same text counts. What kustomize makes of a resource has its
    kind, and a name in which the resource's own is contained: the value at the same keys counts, or the nearest above.
    """
    tracer = _Tracer(document.source.text, originals)
    used: dict[str, Source] = {}
    subjects = []
    for subject in document.subjects:
        resource = document.members[subject.name].pod.resource
        where = {}
        for at, place in subject.where.items():
            found = tracer.origin(place, resource)
            if found is not None:
                used[found.file] = tracer.files[found.file]
            where[at] = found or place
        subjects.append(replace(subject, where=where))
    return replace(document, subjects=tuple(subjects), sources={**document.sources, **used})


class _Tracer:
    """Finds where a place in rendered text came from; what it looks up of a file or resource, it looks up once."""

    def __init__(self, text: str, originals: tuple[Source, ...]) -> None:
        self.text = text
        self.files = {source.name: source for source in originals}
        self.templates = [(match.start(), match[1]) for match in _SOURCE.finditer(text)]
        self.index = {} if self.templates else _index(originals)
        self._lines: dict[str, dict[str, list[int]]] = {}
        self._candidates: dict[int, list[tuple[ManifestValue, str]]] = {}
        self._paths: dict[str, str] = {}

    def origin(self, place: Place, resource: ManifestValue) -> Place | None:
        """The place in an original file, None where none is known."""
        return self._in_template(place) if self.templates else self._in_resource(place, resource)

    def _in_template(self, place: Place) -> Place | None:
        """The line of a template that is written as the one at a place, or has its key, else its first line."""
        at = bisect_right(self.templates, place.start, key=lambda entry: entry[0]) - 1
        path = self._path(self.templates[at][1].partition("/")[2]) if at >= 0 else ""
        if not path:
            return None
        end = self.text.find("\n", place.start)
        line = self.text[self.text.rfind("\n", 0, place.start) + 1 : end if end >= 0 else len(self.text)].strip()
        source, lines = self.files[path], self._lines_of(path)
        # A value may come from a variable: then the key counts.
        numbers = lines.get(line) or lines.get(f"{line.partition(':')[0]}:", [])
        start = source.starts[numbers[0] - 1] if len(numbers) == 1 else 0
        line_end = source.text.find("\n", start)
        return Place(start, line_end if line_end >= 0 else len(source.text), "", path)

    def _path(self, inside: str) -> str:
        """The file of a template by its path in the chart, "" for none."""
        if inside and inside not in self._paths:
            fitting = (path for path in self.files if path == inside or path.endswith(f"/{inside}"))
            self._paths[inside] = min(fitting, key=len, default="")
        return self._paths.get(inside, "")

    def _lines_of(self, path: str) -> dict[str, list[int]]:
        """The numbers of a file's lines by their text, and by their key with its colon."""
        if path not in self._lines:
            lines = self._lines[path] = {}
            for number, text in enumerate(self.files[path].text.split("\n"), 1):
                written = text.strip()
                for key in {written, f"{written.partition(':')[0]}:"}:
                    lines.setdefault(key, []).append(number)
        return self._lines[path]

    def _in_resource(self, place: Place, rendered: ManifestValue) -> Place | None:
        """The place in the resource that the rendered one was made of: of several that fit, the nearest counts."""
        start = rendered.place.start
        if start not in self._candidates:
            name = rendered.word("metadata", "name")
            known = self.index.get(f"{rendered.word('apiVersion')} {rendered.word('kind')}", ())
            self._candidates[start] = [(resource, file) for own, resource, file in known if own and own in name]
        keys = place.pointer.removeprefix(rendered.place.pointer).split("/")[1:]
        found = [(*_walk(resource, keys), file) for resource, file in self._candidates[start]]
        if not found:
            return None
        # A patch that sets the value is nearer than the base that does not.
        _, value, file = max(found, key=lambda entry: entry[0])
        return Place(value.place.start, value.place.end, value.place.pointer, file)


_Index = dict[str, list[tuple[str, ManifestValue, str]]]
"""Resources of files by kind: the name, the resource and the file."""


def _index(originals: tuple[Source, ...]) -> _Index:
    index: _Index = {}
    for source in originals:
        if not is_manifest(source.text):
            continue
        for root in parse(source.text).documents:
            for resource in resources(ManifestValue(root, Place(root.start, root.end))):
                kind = f"{resource.word('apiVersion')} {resource.word('kind')}"
                index.setdefault(kind, []).append((resource.word("metadata", "name"), resource, source.name))
    return index


def _walk(value: ManifestValue, keys: list[str]) -> tuple[int, ManifestValue]:
    """How far keys lead into a value, and where to."""
    for depth, key in enumerate(keys):
        name = key.replace("~1", "/").replace("~0", "~")
        index = read_number(name) if value.is_list else None
        if index is not None and index < len(value.items):
            value = value.items[index]
        elif name in value.entries:
            value = value.entries[name]
        else:
            return depth, value
    return len(keys), value
