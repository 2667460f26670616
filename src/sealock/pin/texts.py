"""Gathers the files to pin: those named, and those in directories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats import recognize
from sealock.formats.files import FileRefusedError
from sealock.formats.kubernetes.images import is_resource
from sealock.formats.kubernetes.manifest import parse
from sealock.formats.projectshape import is_project_node
from sealock.formats.recognition import is_manifest
from sealock.formats.scripts import with_included
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from sealock.patterns import compile_lazily
from sealock.pin import dockerfiles, lines, subjects, yamls
from sealock.pin.spot import FoundReferences
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import decode, decode_utf16, read_named_bytes
from sealock.targets.projects import link_out
from sealock.targets.walk import Walk

PinnedFileKind: TypeAlias = Literal[
    "dockerfile", "compose", "kubernetes", "quadlet", "pipeline", "devcontainer", "bake", "run"
]
_PINNED: Final = frozenset(get_args(PinnedFileKind))
_ALSO: Final = compile_lazily(rb"apiVersion|\\[xuU]")
"""What a walk looks for besides: a key of Kubernetes manifests, or an escape that may hide a key."""
_NONE: Final = (
    "has nothing to pin: it is not a Dockerfile, compose file, Kubernetes manifest or Quadlet unit, and has no "
    "`docker run` lines"
)
_DATA_NAMES: Final = (".yml", ".yaml", ".json")
_DATA: Final = compile_lazily(r"apiVersion|services|\\[xuU]")
"""Without one of these, or an escape that may hide one, YAML and JSON name no image that sealock reads."""
_OWN_FORMS: Final = frozenset({"kubernetes", "helm"})
"""Forms that are recognised and not checked, and whose images are read here."""
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
MOST_FILES: Final = 20_000


class PinText(Struct, frozen=True):
    """A file with its references, or the error of reading it."""

    path: str
    kind: PinnedFileKind = "run"
    source: Source = Source("", "")
    references: FoundReferences = FoundReferences()
    error: str = ""
    skipped: str = ""
    """What of the file is recognised and not read, so that it may name more images."""
    root: str = ""
    """The directory that was walked, whose files it may include; "" for a file that was named: its own directory."""

    def reread(self, text: str) -> FoundReferences:
        """The references of another text of this file."""
        return find(self.kind, Source(self.path, text), self.root)

    @property
    def files(self) -> DirectoryWindow:
        """The files that it may read."""
        return _window(self.path, self.root)


def gather(paths: Iterable[str], excluded: Callable[[str], bool] = lambda _: False) -> Iterator[PinText]:
    """Read every named file and every file in a named directory once, except those `excluded` in directories."""
    done: set[str] = set()
    for path in paths:
        for file, walked in _files(path, excluded):
            full = os.path.realpath(file.path)
            if full in done:
                continue
            if len(done) == MOST_FILES:
                yield PinText(path, error=f"{path} has more than {MOST_FILES} files to read: name directories below it")
                return
            done.add(full)
            text = file if file.error or file.skipped else read(file.path, path if walked else "")
            if not (walked and text.error.endswith(_NONE)):
                yield replace(text, error="") if walked and text.skipped else text


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
        if file.image:
            continue  # the names in an image are its own
        name = os.path.normpath(file.path)
        text = not file.why or name.lower().endswith(_DATA_NAMES)
        yield PinText(name, skipped="" if text else file.why), True
    yield from ((error, True) for error in errors)


def read(path: str, root: str = "") -> PinText:
    """Read one file and find its references; `root` as in PinText."""
    try:
        data = read_named_bytes(path)
        foreign = data.startswith(_UTF16)
        text = decode_utf16(path, data) if foreign else decode(path, data)
    except FileRefusedError as refusal:
        return PinText(path, error=str(refusal))
    recognition = recognize(os.path.abspath(path).replace(os.sep, "/"), text)
    kind = _kind_of(path, text, recognition.kind)
    own = _OWN_FORMS if kind == "kubernetes" else frozenset[str]()
    skipped = "; ".join(form.reason for form in recognition.unevaluated if form.kind not in own)
    if kind is None:
        return PinText(path, error=f"{path}: {skipped}" if skipped else f"{path} {_NONE}", skipped=skipped)
    source = Source(path, text)
    references = find(kind, source, root)
    if foreign:
        why = "the file is UTF-16 text, which sealock reads and does not write"
        spots = tuple(replace(spot, seat=None, stuck=spot.stuck or why) for spot in references.spots)
        references = replace(references, spots=spots)
    return PinText(path, kind, source, references, skipped=skipped, root=root)


def _window(path: str, root: str) -> DirectoryWindow:
    directory = os.path.dirname(path) or "."
    return DirectoryWindow(directory, root or directory)


def _kind_of(path: str, text: str, kind: DocumentKind | None) -> PinnedFileKind | None:
    """The kind of a file by where its references are; None where it has none."""
    if kind in {None, "run"} and path.lower().endswith(_DATA_NAMES) and (data := _kind_of_data(text)) is not None:
        return data
    return cast("PinnedFileKind", kind) if kind in _PINNED else None


def _kind_of_data(text: str) -> PinnedFileKind | None:
    """The kind of YAML or JSON by its parsed keys, however they are written."""
    if not _DATA.search(text):
        return None
    tree = parse(text)
    if any(map(is_resource, tree.documents)) or (tree.flaws and is_manifest(text)):
        return "kubernetes"
    return "compose" if any(map(is_project_node, tree.documents)) else None


def find(kind: PinnedFileKind, source: Source, root: str = "") -> FoundReferences:
    """Find the references of a text of this kind; `root` as in PinText."""
    files = _window(source.name, root)
    match kind:
        case "dockerfile":
            return dockerfiles.find(source)
        case "compose":
            return _with_run_lines(yamls.find_compose(source, files), source)
        case "kubernetes":
            return _with_run_lines(yamls.find_kubernetes(source), source)
        case "quadlet" | "pipeline" | "devcontainer" | "bake":
            return _with_run_lines(subjects.find(kind, source, files), source)
        case "run":
            return lines.find(with_included(source, files))


def _with_run_lines(described: FoundReferences, source: Source) -> FoundReferences:
    """The references of a text's own form, and those of the run lines in it."""
    runs = lines.find(source)
    spots = {spot.place.start: spot for spot in (*described.spots, *runs.spots)}
    return replace(described, spots=tuple(spots[at] for at in sorted(spots)), built=described.built | runs.built)
