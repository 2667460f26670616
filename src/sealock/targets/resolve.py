"""Resolves what the user typed to inputs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealock import formats
from sealock.formats.files import FileRefusedError
from sealock.model.location import Source
from sealock.targets.directory import DirectoryWindow
from sealock.targets.fileinputs import UNKNOWN_KIND, Options, read_directory, read_file, relative
from sealock.targets.files import read_input, read_named, read_start
from sealock.targets.imagelayouts import has_others, is_image_directory
from sealock.targets.inputs import FileInput, ImageInput, Input, MachineInput, SkippedInput, Unreadable
from sealock.targets.names import IMAGES, MACHINE, RUNNING, SELF, ambiguity, is_reference, reference_of, why_unfit


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
    elif (colon and prefix in RUNNING) or target == SELF:
        yield MachineInput(target, "container", options.policies.root("."))
    elif colon and prefix in IMAGES:
        yield _image(target, rest, options)
    elif colon and prefix == "image":
        yield _remote(target, rest, options)
    elif colon and prefix == "docker":
        yield ImageInput(target, rest, target, options.policies.root("."))
    elif is_image_directory(target) or _is_archive(target):
        yield _image(target, target, options)
        yield from _beside(target, options)
    elif os.path.isdir(target):
        yield from read_directory(target, options)
    elif os.path.lexists(target):
        yield from read_file(target, os.path.dirname(target) or ".", options)
    elif is_reference(target):
        yield _remote(target, target, options)
    else:
        hint = f" (if an image is meant: image:{target})" if reference_of(target) else ""
        yield Unreadable(target, target, f"no such file or directory{hint}")


def _line(target: str, text: str) -> Input:
    """A `docker run` line as typed. A text without one is unreadable, since nothing in it could be evaluated."""
    source = Source(target, text)
    document = formats.read("run", source)
    if not document.subjects and not document.errors:
        return Unreadable(target, target, "it has no `docker run` line")
    return FileInput(target, target, "run", source)


def _image(target: str, path: str, options: Options) -> Input:
    if why := why_unfit(target):
        return Unreadable(target, target, why)
    directory = os.path.dirname(path) or "."
    root = options.policies.root(directory) or directory
    return ImageInput(target, relative(path, root), path, root)


def _beside(target: str, options: Options) -> Iterator[Input]:
    """What lies beside an image in its directory: the file that makes it an image takes no check from others."""
    if not os.path.isdir(target) or not has_others(target):
        return
    itself = os.path.normpath(target)
    for input_ in read_directory(target, options):
        if not isinstance(input_, SkippedInput) or input_.target != itself:
            yield input_


def _remote(target: str, reference: str, options: Options) -> ImageInput:
    """An image at its registry; the policy of the working directory applies."""
    return ImageInput(target, reference, f"image:{reference}", options.policies.root("."))


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


def _standard_input() -> Input:
    try:
        text = read_input()
    except FileRefusedError as refusal:
        return Unreadable("-", "-", str(refusal))
    return read_nameless("-", text)


def read_nameless(target: str, text: str, base: str = "") -> Input:
    """Read a text that is in no file; `base` is the name that such a file would have, if that is known."""
    kind = formats.sniff(base, text)
    if kind is None:
        return Unreadable(target, target, UNKNOWN_KIND)
    return FileInput(target, target, kind, Source(target, text))
