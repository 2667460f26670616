"""Reads the settings that manifests write out: the data of ConfigMaps and Secrets, as the secrets of a project."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Final

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.kubernetes.resources import resources
from sealock.model.document import Subject
from sealock.model.location import At, Place
from sealock.model.project import Project, ProjectSecret

_GROUPS: Final = {"ConfigMap": ("data",), "Secret": ("data", "stringData")}


def settings(roots: Iterable[ManifestValue]) -> Iterator[Subject]:
    """One subject with all settings of a text; none where it has none."""
    return settings_subject(setting for root in roots for setting in _settings(root))


def settings_subject(written: Iterable[tuple[str, str, Place]]) -> Iterator[Subject]:
    """One subject of settings, from their names, contents and places; none without any."""
    found: list[ProjectSecret] = []
    where: dict[At, Place] = {}
    for name, content, place in written:
        found.append(ProjectSecret(name, "config", content=content))
        where["secrets", name, "content"] = place
    if found:
        yield Subject("settings", Project("settings", secrets=tuple(found)), {(): next(iter(where.values())), **where})


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
