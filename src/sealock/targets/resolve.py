"""From the words that a person typed to the texts that they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from sealock import formats
from sealock.errors import TargetError
from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.document import DocumentKind
from sealock.model.imagename import ImageName
from sealock.model.location import Source
from sealock.targets.files import LIMIT, read_input, read_start, read_text
from sealock.targets.folder import FolderWindow
from sealock.targets.locks import LIMIT as LOCK_LIMIT
from sealock.targets.locks import is_lock
from sealock.targets.walk import walk

MACHINE: Final = "host"
"""The target that is this machine."""
SELF: Final = "self"
"""The target that is the process itself, in whichever container it runs."""
_IMAGES: Final = ("archive", "rootfs")
_RUNNING: Final = ("container", "pid")
BILL_LIMIT: Final = 128 << 20
"""Bytes of the largest JSON that is read: bills of materials of large images have tens of millions."""
POLICY_FILE: Final = "sealock.toml"


class Input(Struct, frozen=True):
    """One text to judge, or why there is none (`problem`).

    `target` is its name in reports; `name` its path relative to `root` (the folder of the policy, of the repository, or
    that was named), which does not hang on the folder that sealock was started in. `path` is the file to mend, "" where
    there is none. `more` are further compose files that are laid over the first.
    """

    target: str
    name: str
    kind: DocumentKind | None = None
    source: Source | None = None
    files: FileWindow = NOTHING
    path: str = ""
    root: str = ""
    error: str = ""
    walked: bool = False
    more: tuple[Source, ...] = ()
    image: str = ""
    """The path of an image archive, layout or root file system, image:REF or docker:NAME; it has no text."""
    machine: str = ""
    """"host", "container:NAME", "container:*" for all, "pid:N" or "self"; it has no text."""
    lock: bool = False
    """Whether the text is a lock file, which lists packages."""


class Options(Struct, frozen=True):
    """How targets are read: `environment` is what compose files see, `outside` lets them read beyond what was named."""

    environment: Mapping[str, str] = {}
    outside: bool = False
    excluded: Callable[[str, str], bool] = lambda _root, _name: False
    """Of a root and a path relative to it: whether a walk leaves it out."""


def resolve(target: str, options: Options) -> Iterator[Input]:
    """Yield every text that a target stands for. What cannot be read is yielded too, with its problem."""
    prefix, colon, rest = target.partition(":")
    if target == "-":
        yield _standard_input()
    elif colon and prefix == "run":
        yield _line(target, rest)
    elif target == MACHINE:
        yield Input(target, target, "host", root=root_of("."), machine=target)
    elif (colon and prefix in _RUNNING) or target == SELF:
        yield Input(target, target, "container", root=root_of("."), machine=target)
    elif colon and prefix in _IMAGES:
        yield _image(target, rest)
    elif colon and prefix == "image":
        yield _remote(target, rest)
    elif colon and prefix == "docker":
        yield Input(target, rest, "image", root=root_of("."), image=target)
    elif os.path.isfile(os.path.join(target, "oci-layout")) or _is_archive(target):
        yield _image(target, target)
    elif os.path.isdir(target):
        yield from _folder(target, options)
    elif os.path.lexists(target):
        yield _file(target, os.path.dirname(target) or ".", options, walked=False)
    elif _is_reference(target):
        yield _remote(target, target)
    else:
        hint = f" (if an image is meant: image:{target})" if _named(target) else ""
        yield Input(target, target, error=f"no such file or folder{hint}")


def _line(target: str, text: str) -> Input:
    """A `docker run` line as it is typed; one without is a problem, since nothing in it would be judged."""
    source = Source(target, text)
    document = formats.read("run", source)
    if not document.subjects and not document.errors:
        return Input(target, target, error="there is no `docker run` line in it")
    return Input(target, target, "run", source)


def _image(target: str, path: str) -> Input:
    root = root_of(os.path.dirname(path) or ".") or os.path.dirname(path) or "."
    return Input(target, relative(path, root), "image", root=root, image=path)


def _remote(target: str, reference: str) -> Input:
    """An image that is asked for at its registry; the policy of the folder that we are in holds."""
    return Input(target, reference, "image", root=root_of("."), image=f"image:{reference}")


def image_of(target: str) -> str:
    """What opens the image that a target names: a path, image:REF, or docker:NAME."""
    for prefix in _IMAGES:
        if target.startswith(f"{prefix}:"):
            return target.removeprefix(f"{prefix}:")
    if target.startswith(("image:", "docker:")) or os.path.lexists(target) or not _is_reference(target):
        return target
    return f"image:{target}"


def _is_reference(target: str) -> bool:
    """Whether what names no file names an image: with a tag or a digest, since "compose.yml" would do as a name too."""
    name = _named(target)
    return name is not None and (":" in target.rpartition("/")[2] or name.digest is not None)


def _named(target: str) -> ImageName | None:
    """What a target would name as a reference; None where it is none."""
    from sealock.net.registry.names import reference  # noqa: PLC0415  files and folders do without

    try:
        return reference(target)
    except TargetError:
        return None


def _is_archive(path: str) -> bool:
    """Whether a file begins as a tar does, or as what is compressed: no text that we read does."""
    try:
        start = read_start(path, 512)
    except FileRefusedError:
        return False
    return start[257:262] == b"ustar" or start.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))


def resolve_compose(paths: tuple[str, ...], options: Options) -> Input:
    """Read several compose files that are merged as `docker compose -f A -f B` does; the first one's folder counts."""
    folder = os.path.dirname(paths[0]) or "."
    root = root_of(folder) or folder
    name = relative(paths[0], root)
    target = " + ".join(paths)
    try:
        first, *others = (Source(path, read_text(path)) for path in paths)
    except FileRefusedError as refusal:
        return Input(target, name, "compose", root=root, error=str(refusal))
    files = FolderWindow(folder, folder, options.environment, outside=options.outside)
    return Input(target, name, "compose", first, files, paths[0], root, more=tuple(others))


def root_of(folder: str) -> str:
    """The nearest folder at or above this one that holds a policy, else the one that holds a .git; "" for neither."""
    repository = ""
    folder = os.path.abspath(folder)
    while True:
        if os.path.isfile(os.path.join(folder, POLICY_FILE)):
            return folder
        if not repository and os.path.exists(os.path.join(folder, ".git")):
            repository = folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return repository
        folder = parent


def relative(path: str, root: str) -> str:
    """The path relative to a root, with forward slashes."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def _standard_input() -> Input:
    try:
        text = read_input()
    except FileRefusedError as refusal:
        return Input("-", "-", error=str(refusal))
    kind = formats.sniff("", text)
    if kind is None:
        return Input("-", "-", error=_UNKNOWN_KIND)
    return Input("-", "-", kind, Source("-", text))


_UNKNOWN_KIND: Final = (
    "this is not a Dockerfile, a compose file, an image configuration, or a text with `docker run` lines"
)


def _file(path: str, named: str, options: Options, *, walked: bool) -> Input:
    folder = os.path.dirname(path) or "."
    root = root_of(folder) or named
    name = relative(path, root)
    lock = is_lock(os.path.basename(path))
    try:
        text = read_text(path, LOCK_LIMIT if lock else BILL_LIMIT if path.endswith(".json") else LIMIT)
    except FileRefusedError as refusal:
        return Input(path, name, root=root, error=str(refusal), walked=walked)
    if lock:
        return Input(path, name, "inventory", Source(path, text), path=path, root=root, walked=walked, lock=True)
    kind = formats.sniff(os.path.basename(path), text)
    if kind is None:
        return Input(path, name, root=root, error=_UNKNOWN_KIND, walked=walked)
    files = FolderWindow(folder, named, options.environment, outside=options.outside)
    return Input(path, name, kind, Source(path, text), files, path, root, walked=walked)


def _folder(target: str, options: Options) -> Iterator[Input]:
    root = root_of(target) or target
    unreadable: list[tuple[str, str]] = []

    def excluded(name: str) -> bool:
        return options.excluded(root, relative(os.path.join(target, name), root))

    found = False
    for path in walk(target, excluded, lambda path, why: unreadable.append((path, why))):
        shown = os.path.normpath(path)
        one = _file(shown, target, options, walked=True)
        if one.error == _UNKNOWN_KIND:
            continue
        found = True
        yield one
    for path, why in unreadable:
        found = True
        yield Input(path, relative(path, root), root=root, error=f"could not be read: {why}", walked=True)
    if not found:
        yield Input(target, relative(target, root), root=root, error=f"nothing in it that sealock reads: {_NOTHING}")


_NOTHING: Final = "no Dockerfile, no compose file, and no script with `docker run` lines"
