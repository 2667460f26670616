"""Resolves what the user typed to inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct, field

from sealock import formats
from sealock.errors import TargetError
from sealock.formats.files import FileRefusedError
from sealock.model.imagename import ImageName
from sealock.model.location import Source
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import LIMIT, read_input, read_named, read_start
from sealock.targets.inputs import FileInput, ImageInput, Input, MachineInput, Unreadable
from sealock.targets.locks import LIMIT as LOCK_LIMIT
from sealock.targets.locks import is_lock
from sealock.targets.policyfile import PolicyTree
from sealock.targets.projects import link_out
from sealock.targets.walk import is_file, is_override, walk

MACHINE: Final = "host"
"""The target that is this machine."""
SELF: Final = "self"
"""The target that is this process, in the container that it runs in."""
_IMAGES: Final = ("archive", "rootfs")
_RUNNING: Final = ("container", "pid")
BILL_LIMIT: Final = 128 << 20
"""The largest JSON file in bytes: the SBOM of a large image has tens of millions."""


class Options(Struct, frozen=True):
    """How targets are read: `environment` is for compose files; `outside` lets them read outside of what was named."""

    environment: Mapping[str, str] = {}
    outside: bool = False
    policies: PolicyTree = field(default_factory=PolicyTree)
    """Decides on the root of each input, and on what a walk leaves out."""


def resolve(target: str, options: Options) -> Iterator[Input]:
    """Yield every input of a target. What cannot be read is an Unreadable."""
    prefix, colon, rest = target.partition(":")
    if why := ambiguity(target):
        yield Unreadable(target, target, why)
    elif target == "-":
        yield _standard_input()
    elif colon and prefix == "run":
        yield _line(target, rest)
    elif target == MACHINE:
        yield MachineInput(target, "host", options.policies.root("."))
    elif (colon and prefix in _RUNNING) or target == SELF:
        yield MachineInput(target, "container", options.policies.root("."))
    elif colon and prefix in _IMAGES:
        yield _image(target, rest, options)
    elif colon and prefix == "image":
        yield _remote(target, rest, options)
    elif colon and prefix == "docker":
        yield ImageInput(target, rest, target, options.policies.root("."))
    elif os.path.isfile(os.path.join(target, "oci-layout")) or _is_archive(target):
        yield _image(target, target, options)
    elif os.path.isdir(target):
        yield from _folder(target, options)
    elif os.path.lexists(target):
        yield from _file(target, os.path.dirname(target) or ".", options, walked=False)
    elif _is_reference(target):
        yield _remote(target, target, options)
    else:
        hint = f" (if an image is meant: image:{target})" if _named(target) else ""
        yield Unreadable(target, target, f"no such file or directory{hint}")


def ambiguity(target: str) -> str:
    """Why a target is not clear, "" where it is: a file may have the name of something else.

    Hooks and scripts pass the names of files on, which are the text of whoever sent them.
    """
    prefix, colon, _ = target.partition(":")
    special = target in {MACHINE, SELF} or (colon and prefix in {"run", "image", "docker", *_IMAGES, *_RUNNING})
    if not special or not os.path.lexists(target):
        return ""
    return f"there is a file of this name here: write ./{target} for it, or run sealock in another directory"


def _line(target: str, text: str) -> Input:
    """A `docker run` line as typed. A text without one is unreadable, since nothing in it could be evaluated."""
    source = Source(target, text)
    document = formats.read("run", source)
    if not document.subjects and not document.errors:
        return Unreadable(target, target, "it has no `docker run` line")
    return FileInput(target, target, "run", source)


def _image(target: str, path: str, options: Options) -> ImageInput:
    directory = os.path.dirname(path) or "."
    root = options.policies.root(directory) or directory
    return ImageInput(target, relative(path, root), path, root)


def _remote(target: str, reference: str, options: Options) -> ImageInput:
    """An image at its registry; the policy of the working directory applies."""
    return ImageInput(target, reference, f"image:{reference}", options.policies.root("."))


def image_of(target: str) -> str:
    """What opens the image that a target names: a path, image:REF, or docker:NAME; TargetError if that is not clear."""
    if why := ambiguity(target):
        msg = f"{target}: {why}"
        raise TargetError(msg)
    for prefix in _IMAGES:
        if target.startswith(f"{prefix}:"):
            return target.removeprefix(f"{prefix}:")
    if target.startswith(("image:", "docker:")) or os.path.lexists(target) or not _is_reference(target):
        return target
    return f"image:{target}"


def _is_reference(target: str) -> bool:
    """Whether a target that is no file is an image: it has a tag or digest, since "compose.yml" is a valid name too."""
    name = _named(target)
    return name is not None and (":" in target.rpartition("/")[2] or name.digest is not None)


def _named(target: str) -> ImageName | None:
    """The target as an image reference; None where it is not one."""
    from sealock.net.registry.names import reference  # noqa: PLC0415  files and directories need no registry

    try:
        return reference(target)
    except TargetError:
        return None


def _is_archive(path: str) -> bool:
    """Whether a file starts like a tar archive or a compressed one: no text does."""
    try:
        start = read_start(path, 512)
    except FileRefusedError:
        return False
    return start[257:262] == b"ustar" or start.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))


def resolve_compose(paths: tuple[str, ...], options: Options) -> Input:
    """Read these compose files and no other, merged as `docker compose -f A -f B` does.

    The first one's directory counts.
    """
    directory = os.path.dirname(paths[0]) or "."
    root = options.policies.root(directory) or directory
    name = relative(paths[0], root)
    target = " + ".join(paths)
    try:
        first, *others = (Source(path, read_named(path, outside=options.outside)) for path in paths)
    except FileRefusedError as refusal:
        return Unreadable(target, name, str(refusal), root, kind="compose")
    files = DirectoryWindow(directory, directory, options.environment, outside=options.outside)
    return FileInput(target, name, "compose", first, files, paths[0], root, more=tuple(others))


def relative(path: str, root: str) -> str:
    """The path relative to a root, with forward slashes."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def _standard_input() -> Input:
    try:
        text = read_input()
    except FileRefusedError as refusal:
        return Unreadable("-", "-", str(refusal))
    kind = formats.sniff("", text)
    if kind is None:
        return Unreadable("-", "-", _UNKNOWN_KIND)
    return FileInput("-", "-", kind, Source("-", text))


_UNKNOWN_KIND: Final = (
    "this is not a Dockerfile, a compose file, an image configuration, or a text with `docker run` lines"
)


def _file(path: str, named: str, options: Options, *, walked: bool) -> Iterator[Input]:
    directory = os.path.dirname(path) or "."
    root = options.policies.root(named, directory) or named
    name = relative(path, root)
    lock = is_lock(os.path.basename(path))
    limit = LOCK_LIMIT if lock else BILL_LIMIT if path.endswith(".json") else LIMIT
    try:
        text = read_named(path, limit, outside=options.outside or walked)  # a walk follows no links
    except FileRefusedError as refusal:
        yield Unreadable(path, name, str(refusal), root, walked)
        return
    if lock:
        yield FileInput(path, name, "inventory", Source(path, text), path=path, root=root, walked=walked, lock=True)
        return
    kind = formats.sniff(os.path.basename(path), text)
    if kind is None:
        yield Unreadable(path, name, _UNKNOWN_KIND, root, walked)
        return
    files = DirectoryWindow(directory, named, options.environment, outside=options.outside)
    more: tuple[Source, ...] = ()
    if kind == "compose":
        from sealock.targets.composefiles import read_overrides  # noqa: PLC0415  other files are no compose project

        more, refused = read_overrides(path, files)
        for other, why in refused:
            yield Unreadable(other, relative(other, root), why, root, walked, "compose")
    yield FileInput(path, name, kind, Source(path, text), files, path, root, walked, more)


def _listed(directory: str, named: str, options: Options, *, walked: bool) -> Iterator[Input]:
    """The project whose files COMPOSE_FILE lists, from a directory's .env or from the environment."""
    from sealock.targets.composefiles import find_compose_files, read_files  # noqa: PLC0415  as in _file

    files = find_compose_files(DirectoryWindow(directory, named, options.environment, outside=options.outside))
    if not files.listed:
        return
    # Compose reads paths, and a second .env, from the directory of the first file.
    own = os.path.dirname(files.paths[0]) or "."
    window = DirectoryWindow(own, named, {**files.variables, **options.environment}, outside=options.outside)
    sources, refused = read_files(files.paths, window)
    root = options.policies.root(named, own) or named
    for path, why in refused:
        yield Unreadable(path, relative(path, root), why, root, walked, "compose")
    if sources:
        path = sources[0].name
        yield FileInput(path, relative(path, root), "compose", sources[0], window, path, root, walked, sources[1:])


def _folder(target: str, options: Options) -> Iterator[Input]:
    policies = options.policies
    root = policies.root(target) or target
    if not options.outside and (why := link_out(target)):
        yield Unreadable(target, relative(target, root), f"{why}, and was not walked: name the directory itself", root)
        return
    unreadable: list[tuple[str, str]] = []

    def excluded(name: str) -> bool:
        return policies.excluded(root, os.path.join(target, name))

    empty = True
    for input_ in _walked(target, excluded, lambda path, why: unreadable.append((path, why)), options):
        empty = False
        yield input_
    for path, why in unreadable:
        empty = False
        yield Unreadable(path, relative(path, root), f"could not be read: {why}", root, walked=True)
    if empty:
        from sealock.targets.composefiles import find_above  # noqa: PLC0415  as in _file

        above = find_above(target)
        hint = f" (`docker compose` loads {above} there)" if above else ""
        yield Unreadable(target, relative(target, root), f"nothing in it that sealock reads: {_NOTHING}{hint}", root)


def _walked(
    target: str, excluded: Callable[[str], bool], report: Callable[[str, str], None], options: Options
) -> Iterator[Input]:
    """The files of a directory, each once: one that Compose merges into another is not an input of its own."""
    merged: set[str] = set()
    if "COMPOSE_FILE" in options.environment:
        for input_ in _listed(target, target, options, walked=True):
            merged |= _paths(input_)
            yield input_
    for path in walk(target, excluded, report):
        shown = os.path.normpath(path)
        directory, name = os.path.split(shown)
        if name == ".env":
            for input_ in _listed(directory or ".", target, options, walked=True):
                if not _paths(input_) <= merged:
                    merged |= _paths(input_)
                    yield input_
        elif shown not in merged and not (is_override(name) and _is_merged(shown, target, excluded, merged)):
            for input_ in _file(shown, target, options, walked=True):
                if not (isinstance(input_, Unreadable) and input_.error == _UNKNOWN_KIND):
                    yield input_


def _paths(input_: Input) -> set[str]:
    """The paths of a project's files; of a file that could not be read, its own."""
    return {input_.path, *(source.name for source in input_.more)} if isinstance(input_, FileInput) else {input_.target}


def _is_merged(path: str, target: str, excluded: Callable[[str], bool], merged: set[str]) -> bool:
    """Whether the walk reads the file that an override is merged into: one that is no link, and not left out."""
    from sealock.targets.composefiles import find_compose_files  # noqa: PLC0415  as in _file

    files = find_compose_files(DirectoryWindow(os.path.dirname(path) or ".", target))
    if path not in files.paths[1:]:
        return False
    base = files.paths[0]
    return base not in merged and is_file(base) and not excluded(relative(base, target))


_NOTHING: Final = "no Dockerfile, no compose file, and no script with `docker run` lines"
