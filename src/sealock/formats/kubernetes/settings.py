"""Reads the settings that manifests write out: the data of ConfigMaps and Secrets, as the secrets of a project."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.kubernetes.resources import resources
from sealock.model.document import Subject
from sealock.model.location import At, Place
from sealock.model.project import Project, ProjectSecret

_GROUPS: Final = {"ConfigMap": ("data",), "Secret": ("data", "stringData")}


def settings(roots: Iterable[ManifestValue], text: str) -> Iterator[Subject]:
    """One subject with all settings of a text; none where it has none."""
    return settings_subject((setting for root in roots for setting in _settings(root)), text)


def settings_subject(written: Iterable[tuple[str, str, Place]], text: str = "") -> Iterator[Subject]:
    """One subject of settings, from their names, contents and places in a text; none without any."""
    found: list[ProjectSecret] = []
    where: dict[At, Place] = {}
    for name, content, place in written:
        found.append(ProjectSecret(name, "config", content=content))
        where["secrets", name, "content"] = place
        for number, line in _lines(content, place, text):
            where["secrets", name, "content", number] = line
    if found:
        yield Subject("settings", Project("settings", secrets=tuple(found)), {(): next(iter(where.values())), **where})


def _lines(content: str, place: Place, text: str) -> Iterator[tuple[int, Place]]:
    """The lines of a content that a text has one by one below its key, from 0, with their places."""
    lines = content.split("\n")
    at = text.find("\n", place.start, place.end) + 1
    for number, line in enumerate(lines if at and len(lines) > 1 else ()):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        written = text[at:end]
        if written.strip() != line.strip():
            return  # folded, quoted or decoded
        if line.strip():
            yield (
                number,
                replace(place, start=at + len(written) - len(written.lstrip()), end=at + len(written.rstrip())),
            )
        at = end + 1


def _settings(root: ManifestValue) -> Iterator[tuple[str, str, Place]]:
    for resource in resources(root):
        kind, name = resource.word("kind"), resource.word("metadata", "name")
        for group in _GROUPS.get(kind, ()):
            entries = resource.at(group)
            for key, value in entries.entries.items() if entries is not None else ():
                text = resource.word(group, key)
                if kind == "Secret" and group == "data":
                    text = _decoded(text)
                # A file has its own settings; of a value the key is the name.
                yield f"{kind} {name}/{key}", text if "\n" in text.strip() else f"{key}={text}", value.place


def _decoded(text: str) -> str:
    """A value of a Secret; one that is not in base64, which the cluster refuses, as it is."""
    try:
        return b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return text
