"""The merged file system of an image, and what its programs declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

NodeKind: TypeAlias = Literal["file", "directory", "symbolic link", "other"]
ProgramKind: TypeAlias = Literal["static", "dynamic", "library", "script"]


class FileNode(Struct, frozen=True, gc=False):
    """The entry at a path. A hard link has the size and mode of its file, and `same`."""

    kind: NodeKind
    size: int
    layer: int
    mode: int = 0
    target: str = ""
    """Where a symbolic link leads, as written."""
    same: str = ""
    """The path that a hard link shares its inode with."""


class Program(Struct, frozen=True):
    """What an executable or library declares.

    "static" needs no loader, "dynamic" names one in `interpreter`, "library" is loaded by others; "script" begins
    with `#!`: `interpreter` is the program that reads it, `arguments` what that is given.
    """

    kind: ProgramKind
    interpreter: str = ""
    arguments: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """The DT_NEEDED libraries."""
    soname: str = ""
    runpath: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    """Libraries that its strings name, where it imports dlopen: it may load them later."""
    mentions: tuple[str, ...] = ()
    """Files that its strings name and small images lack: "etc/ssl/certs", "usr/share/zoneinfo" …"""
    go: bool = False


class Hidden(Struct, frozen=True, gc=False):
    """Bytes in a layer that no container sees, since layer `by` replaced or removed them."""

    path: str
    size: int
    layer: int
    by: int


class Content(Struct, frozen=True):
    """The merged layers. Paths are relative to the root, without a leading slash.

    `texts` are scripts for a shell and settings of the loader, by path; `tags` the platform tags of Python's wheels, by
    the path of their .dist-info directory.
    """

    nodes: Mapping[str, FileNode]
    programs: Mapping[str, Program]
    texts: Mapping[str, str]
    tags: Mapping[str, tuple[str, ...]]
    hidden: tuple[Hidden, ...] = ()
    cut: bool = False
    """Whether a bound cut it short."""
