"""The file system that an image's layers make together, and what its programs say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

NodeKind: TypeAlias = Literal["file", "directory", "symbolic link", "other"]
ProgramKind: TypeAlias = Literal["static", "dynamic", "library", "script"]


class FileNode(Struct, frozen=True, gc=False):
    """What stands at a path. A hard link has the size and mode of the file that it is another name of, and `same`."""

    kind: NodeKind
    size: int
    layer: int
    mode: int = 0
    target: str = ""
    """Where a symbolic link leads, as written."""
    same: str = ""
    """The path of the file that this is another name of."""


class Program(Struct, frozen=True):
    """What a file that can be run or loaded says of itself.

    "static" needs no loader, "dynamic" names one in `interpreter`, "library" is loaded by others; "script" begins
    with `#!`: `interpreter` is the program that reads it, `arguments` what that is given.
    """

    kind: ProgramKind
    interpreter: str = ""
    arguments: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """Names of the libraries that its loader has to find."""
    soname: str = ""
    runpath: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    """Libraries that its text names, where it asks for dlopen: it may load them on its way."""
    mentions: tuple[str, ...] = ()
    """Which of the files that small images lack its text names: "etc/ssl/certs", "usr/share/zoneinfo" …"""
    go: bool = False


class Hidden(Struct, frozen=True, gc=False):
    """Bytes that a layer holds and no container sees, since layer `by` replaced or removed them."""

    path: str
    size: int
    layer: int
    by: int


class Content(Struct, frozen=True):
    """All layers laid over one another. Paths are relative to the root, without a leading slash.

    `texts` are scripts for a shell and settings of the loader, by path; `tags` the platform tags of Python's wheels, by
    the path of their .dist-info directory.
    """

    nodes: Mapping[str, FileNode]
    programs: Mapping[str, Program]
    texts: Mapping[str, str]
    tags: Mapping[str, tuple[str, ...]]
    hidden: tuple[Hidden, ...] = ()
    cut: bool = False
    """Whether a bound was met, so that some of it is missing."""
