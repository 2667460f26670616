"""The files that are to be pinned: what was named, and what folders hold."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats import sniff
from sealock.formats.files import FileRefusedError
from sealock.formats.kubernetes import is_manifest
from sealock.model.location import Source
from sealock.pin.spot import FoundReferences
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import read_text
from sealock.targets.walk import walk

PinnedFileKind: TypeAlias = Literal["dockerfile", "compose", "kubernetes", "run"]
_ALSO: Final = re.compile(rb"^[ \t-]*[\"']?(?:apiVersion|image|container|uses)[\"']?[ \t]*:", re.MULTILINE)
"""What Kubernetes manifests and pipelines hold."""
_WORKFLOW: Final = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|(?:.*/)?action\.ya?ml")
_GITLAB: Final = re.compile(r"(?:.*/)?(?:[^/]*\.)?gitlab-ci\.ya?ml")
_NONE: Final = (
    "has nothing to pin: it is no Dockerfile, compose file or Kubernetes manifest, and has no `docker run` lines"
)
MOST_FILES: Final = 20_000


class PinText(Struct, frozen=True):
    """A file with its references, or why it could not be read."""

    path: str
    kind: PinnedFileKind = "run"
    source: Source = Source("", "")
    found: FoundReferences = FoundReferences()
    error: str = ""

    def reread(self, text: str) -> FoundReferences:
        """The references that another text in this file's place would have."""
        return find(self.kind, Source(self.path, text))


def gather(paths: Iterable[str], excluded: Callable[[str], bool] = lambda _: False) -> Iterator[PinText]:
    """Read every file that is named, or lies in a folder that is, once; but for what is `excluded` in folders."""
    seen: set[str] = set()
    for path in paths:
        for one, walked in _files(path, excluded):
            full = os.path.realpath(one.path)
            if full not in seen and len(seen) < MOST_FILES:
                seen.add(full)
                text = one if one.error else read(one.path)
                if not (walked and text.error.endswith(_NONE)):
                    yield text


def _files(path: str, excluded: Callable[[str], bool]) -> Iterator[tuple[PinText, bool]]:
    if not os.path.isdir(path):
        yield PinText(path), False
        return
    troubles: list[PinText] = []
    for found in walk(
        path, lambda name: excluded(os.path.join(path, name)), lambda at, why: troubles.append(_bad(at, why)), _ALSO
    ):
        yield PinText(os.path.normpath(found)), True
    yield from ((trouble, True) for trouble in troubles)


def _bad(path: str, why: str) -> PinText:
    return PinText(path, error=f"{path} could not be read: {why}")


def read(path: str) -> PinText:
    """Read one file and find its references."""
    try:
        text = read_text(path)
    except FileRefusedError as refusal:
        return PinText(path, error=str(refusal))
    kind = kind_of(path, text)
    if kind is None:
        return PinText(path, error=f"{path} {_NONE}")
    source = Source(path, text)
    return PinText(path, kind, source, find(kind, source))


def kind_of(path: str, text: str) -> PinnedFileKind | None:
    """Tell what a text is as far as its images go; None for what has none that we know of."""
    if is_pipeline(path.replace(os.sep, "/")):
        return "run"
    found = sniff(os.path.basename(path), text)
    if found in {None, "run"} and path.lower().endswith((".yml", ".yaml", ".json")) and is_manifest(text):
        return "kubernetes"
    return found if found in {"dockerfile", "compose", "run"} else None


def is_workflow(path: str) -> bool:
    """Whether a file of this name is a workflow or an action of GitHub's kind."""
    return _WORKFLOW.fullmatch(path) is not None


def is_pipeline(path: str) -> bool:
    """Whether a file of this name says what a pipeline does."""
    return is_workflow(path) or _GITLAB.fullmatch(path) is not None


def find(kind: PinnedFileKind, source: Source) -> FoundReferences:
    """Find the references of a text of this kind."""
    match kind:
        case "dockerfile":
            from sealock.pin import dockerfiles  # noqa: PLC0415  each kind loads only its own reader

            return dockerfiles.find(source)
        case "compose":
            from sealock.pin import yamls  # noqa: PLC0415  as above

            folder = os.path.dirname(source.name) or "."
            return yamls.find_compose(source, DirectoryWindow(folder, folder))
        case "kubernetes":
            from sealock.pin import yamls  # noqa: PLC0415  as above

            return yamls.find_kubernetes(source)
        case "run":
            from sealock.pin import lines  # noqa: PLC0415  as above

            found = lines.find(source)
            if not is_pipeline(source.name):
                return found
            from sealock.pin import pipelines  # noqa: PLC0415  as above

            spots = {
                spot.place.start: spot
                for spot in (*found.spots, *pipelines.find(source, workflow=is_workflow(source.name)))
            }
            return replace(found, spots=tuple(spots[at] for at in sorted(spots)))
