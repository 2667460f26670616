"""Gathers the files to pin: those named, and those in directories."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats import recognize
from sealock.formats.files import FileRefusedError
from sealock.formats.recognition import is_manifest
from sealock.model.location import Source
from sealock.pin import dockerfiles, lines, pipelines, yamls
from sealock.pin.spot import FoundReferences
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import read_named
from sealock.targets.projects import link_out
from sealock.targets.walk import Walk

PinnedFileKind: TypeAlias = Literal["dockerfile", "compose", "kubernetes", "run"]
_ALSO: Final = re.compile(rb"^[ \t-]*[\"']?(?:apiVersion|image|container|uses)[\"']?[ \t]*:", re.MULTILINE)
"""Keys of Kubernetes manifests and pipelines."""
_WORKFLOW: Final = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|(?:.*/)?action\.ya?ml")
_GITLAB: Final = re.compile(r"(?:.*/)?(?:[^/]*\.)?gitlab-ci\.ya?ml")
_NONE: Final = (
    "has nothing to pin: it is not a Dockerfile, compose file or Kubernetes manifest, and has no `docker run` lines"
)
MOST_FILES: Final = 20_000


class PinText(Struct, frozen=True):
    """A file with its references, or the error of reading it."""

    path: str
    kind: PinnedFileKind = "run"
    source: Source = Source("", "")
    references: FoundReferences = FoundReferences()
    error: str = ""

    def reread(self, text: str) -> FoundReferences:
        """The references of another text of this file."""
        return find(self.kind, Source(self.path, text))


def gather(paths: Iterable[str], excluded: Callable[[str], bool] = lambda _: False) -> Iterator[PinText]:
    """Read every named file and every file in a named directory once, except those `excluded` in directories."""
    done: set[str] = set()
    for path in paths:
        for file, walked in _files(path, excluded):
            full = os.path.realpath(file.path)
            if full not in done and len(done) < MOST_FILES:
                done.add(full)
                text = file if file.error else read(file.path)
                if not (walked and text.error.endswith(_NONE)):
                    yield text


def _files(path: str, excluded: Callable[[str], bool]) -> Iterator[tuple[PinText, bool]]:
    if not os.path.isdir(path):
        yield PinText(path), False
        return
    if why := link_out(path):
        yield PinText(path, error=f"{why}, and was not walked: name the directory itself"), False
        return
    errors: list[PinText] = []

    def note_error(at: str, why: str) -> None:
        errors.append(PinText(at, error=f"{at} could not be read: {why}"))

    walk = Walk(path, lambda name: excluded(os.path.join(path, name)), note_error, also=_ALSO)
    for file in walk.files():
        if not file.why:
            yield PinText(os.path.normpath(file.path)), True
    yield from ((error, True) for error in errors)


def read(path: str) -> PinText:
    """Read one file and find its references."""
    try:
        text = read_named(path)
    except FileRefusedError as refusal:
        return PinText(path, error=str(refusal))
    kind = kind_of(path, text)
    if kind is None:
        return PinText(path, error=f"{path} {_NONE}")
    source = Source(path, text)
    return PinText(path, kind, source, find(kind, source))


def kind_of(path: str, text: str) -> PinnedFileKind | None:
    """The kind of a file by where its references are; None where it has none."""
    if is_pipeline(path.replace(os.sep, "/")):
        return "run"
    kind = recognize(os.path.abspath(path).replace(os.sep, "/"), text).kind
    if kind in {None, "run"} and path.lower().endswith((".yml", ".yaml", ".json")) and is_manifest(text):
        return "kubernetes"
    return kind if kind in {"dockerfile", "compose", "run"} else None


def is_workflow(path: str) -> bool:
    """Whether a file of this name is a workflow or an action of GitHub, Gitea or Forgejo."""
    return _WORKFLOW.fullmatch(path) is not None


def is_pipeline(path: str) -> bool:
    """Whether a file of this name defines a pipeline."""
    return is_workflow(path) or _GITLAB.fullmatch(path) is not None


def find(kind: PinnedFileKind, source: Source) -> FoundReferences:
    """Find the references of a text of this kind."""
    match kind:
        case "dockerfile":
            return dockerfiles.find(source)
        case "compose":
            directory = os.path.dirname(source.name) or "."
            return yamls.find_compose(source, DirectoryWindow(directory, directory))
        case "kubernetes":
            return yamls.find_kubernetes(source)
        case "run":
            references = lines.find(source)
            if not is_pipeline(source.name):
                return references
            jobs = pipelines.find(source, workflow=is_workflow(source.name))
            spots = {spot.place.start: spot for spot in (*references.spots, *jobs)}
            return replace(references, spots=tuple(spots[at] for at in sorted(spots)))
