"""Leads findings in rendered manifests back to the files that they were rendered from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.reader import ManifestDocument
from sealock.formats.kubernetes.resources import resources
from sealock.formats.recognition import is_manifest
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily

_SOURCE: Final = compile_lazily(r"^# Source: (\S.*)$", re.MULTILINE)
"""What helm writes above each resource: the chart's name and the template's path in it."""


def trace(document: ManifestDocument, originals: tuple[Source, ...]) -> ManifestDocument:
    """The document with each place in the file that it came from, where that is known.

    Helm names the template, in which the line with the same text counts. What kustomize makes of a resource has its
    kind, and a name in which the resource's own is contained: the value at the same keys counts, or the nearest above.
    """
    text = document.source.text
    files = {source.name: source for source in originals}
    templates = [(match.start(), match[1]) for match in _SOURCE.finditer(text)]
    index = {} if templates else _index(originals)
    used: dict[str, Source] = {}
    subjects = []
    for subject in document.subjects:
        member = document.members[subject.name]
        where = {}
        for at, place in subject.where.items():
            found = (
                _in_template(place, text, templates, files)
                if templates
                else _in_resource(place, member.pod.resource, index)
            )
            if found is not None:
                used[found.file] = files[found.file]
            where[at] = found or place
        subjects.append(replace(subject, where=where))
    return replace(document, subjects=tuple(subjects), sources={**document.sources, **used})


def _in_template(
    place: Place, text: str, templates: list[tuple[int, str]], files: Mapping[str, Source]
) -> Place | None:
    """The line of a template that is written as the one at a place, or has its key, else the template's first line."""
    named = next((name for start, name in reversed(templates) if start <= place.start), "")
    inside = named.partition("/")[2]
    path = min((path for path in files if path.endswith(f"/{inside}") or path == inside), key=len, default="")
    if not inside or not path:
        return None
    end = text.find("\n", place.start)
    written = text[text.rfind("\n", 0, place.start) + 1 : end if end >= 0 else len(text)].strip()
    source = files[path]
    numbers = range(1, len(source.starts) + 1)
    lines = [number for number in numbers if source.line(number).strip() == written]
    if not lines:  # its value may come from a variable
        key = f"{written.partition(':')[0]}:"
        lines = [number for number in numbers if source.line(number).strip().startswith(key)]
    start = source.starts[lines[0] - 1] if len(lines) == 1 else 0
    line_end = source.text.find("\n", start)
    return Place(start, line_end if line_end >= 0 else len(source.text), "", path)


_Index = dict[str, list[tuple[str, ManifestValue, str]]]
"""Resources of files by kind: the name, the resource and the file."""


def _index(originals: tuple[Source, ...]) -> _Index:
    index: _Index = {}
    for source in originals:
        if not is_manifest(source.text):
            continue
        for root in parse(source.text).documents:
            if root is None:
                continue
            for resource in resources(ManifestValue(root, Place(root.start, root.end))):
                kind = f"{resource.word('apiVersion')} {resource.word('kind')}"
                index.setdefault(kind, []).append((resource.word("metadata", "name"), resource, source.name))
    return index


def _in_resource(place: Place, rendered: ManifestValue, index: _Index) -> Place | None:
    """The place in the resource that the rendered one was made of: several may set a value, and the nearest counts."""
    name = rendered.word("metadata", "name")
    candidates = [
        (resource, file)
        for own, resource, file in index.get(f"{rendered.word('apiVersion')} {rendered.word('kind')}", ())
        if own and own in name
    ]
    keys = place.pointer.removeprefix(rendered.place.pointer).split("/")[1:]
    found = [(*_walk(resource, keys), file) for resource, file in candidates]
    if not found:
        return None
    # A patch that sets the value is nearer than the base that does not.
    _, value, file = max(found, key=lambda entry: entry[0])
    return Place(value.place.start, value.place.end, value.place.pointer, file)


def _walk(value: ManifestValue, keys: list[str]) -> tuple[int, ManifestValue]:
    """How far keys lead into a value, and where to."""
    for depth, key in enumerate(keys):
        name = key.replace("~1", "/").replace("~0", "~")
        if value.is_list and name.isdecimal() and int(name) < len(value.items):
            value = value.items[int(name)]
        elif name in value.entries:
            value = value.entries[name]
        else:
            return depth, value
    return len(keys), value
