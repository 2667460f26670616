"""Measures the attack surface of an image, and what makes it large."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import Final

from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import PATH, ImageFiles
from sealock.baseimage.start import LANGUAGES, MANAGERS, SHELLS
from sealock.model.advice import Share, Surface
from sealock.model.inventory import OF_DISTRIBUTIONS, FileFact, Inventory

GROUPS: Final = {
    "shells": SHELLS,
    "package managers": MANAGERS,
    "compilers": frozenset(
        {
            "gcc", "cc", "c++", "g++", "cpp", "clang", "clang++", "tcc", "rustc", "cargo", "go", "javac", "make",
            "cmake", "ninja", "meson", "as", "ld", "gdb", "ghc", "gfortran", "autoconf", "automake",
        }
    ),
    "network tools": frozenset(
        {
            "curl", "wget", "nc", "ncat", "netcat", "nmap", "socat", "ssh", "scp", "sftp", "tcpdump", "telnet", "ftp",
            "rsync", "dig", "nslookup", "git",
        }
    ),
    "languages": frozenset(LANGUAGES),
}  # fmt: skip
_SHOWN: Final = 12


def surface(
    inventory: Inventory, files: ImageFiles, owners: Owners, reached: set[tuple[str, str, str]] | None
) -> Surface:
    """Measure. `reached` holds the packages that the started programs need, None where unknown."""
    shares, unowned = owners.shares()
    types = Counter(package.type for package in inventory.packages if not package.removed)
    present = [fact for fact in inventory.files if not fact.removed]
    nodes = files.content.nodes
    own = [node for node in nodes.values() if node.kind == "file" and not node.same]
    return Surface(
        size=sum(node.size for node in own),
        files=len(own),
        packages=tuple(types.most_common()),
        setuid=_of(present, "setuid"),
        setgid=_of(present, "setgid"),
        capabilities=_of(present, "capability"),
        tools=tuple((group, paths) for group, names in GROUPS.items() if (paths := _tools(files, names))),
        layers=_layers(inventory, files),
        owners=tuple(
            Share(
                share.name,
                share.size,
                share.files,
                share.layer,
                None if reached is None or package.type not in OF_DISTRIBUTIONS
                else (package.type, package.name, package.version) in reached,
                package.type,
            )
            for package, share in shares[:_SHOWN]
        ),
        unowned=sum(share.size for share in unowned),
        unowned_most=tuple(nlargest(_SHOWN, unowned, key=lambda share: share.size)),
        hidden=sum(file.size for file in files.content.hidden),
        hidden_most=tuple(
            Share(file.path, file.size, 1, file.layer, detail=str(file.by))
            for file in sorted(files.content.hidden, key=lambda file: (-file.size, file.path))[:_SHOWN]
        ),
    )  # fmt: skip


def _of(facts: list[FileFact], kind: str) -> tuple[str, ...]:
    return tuple(sorted({fact.path for fact in facts if fact.kind == kind}))


def _tools(files: ImageFiles, names: frozenset[str]) -> tuple[str, ...]:
    """Programs of these names in the default directories and PATH, with or without a version suffix (gcc-12)."""
    directories = {files.real_directory(directory) for directory in (*files.search(), *PATH.split(":"))} - {""}
    paths: dict[str, str] = {}
    for path, node in files.content.nodes.items():
        directory, _, name = path.rpartition("/")
        if directory in directories and node.kind in {"file", "symbolic link"}:
            stem = name if name in names else name.rstrip("0123456789.").removesuffix("-")
            if stem in names and files.command(f"/{path}"):
                paths.setdefault(name, path)
    # gcc, gcc-12 and x86_64-linux-gnu-gcc-12 are one program.
    real: dict[str, str] = {}
    for name in sorted(paths, key=lambda name: (len(name), name)):
        real.setdefault(files.real(paths[name]), paths[name])
    return tuple(sorted(real.values()))


def _layers(inventory: Inventory, files: ImageFiles) -> tuple[Share, ...]:
    """The size of each layer, and how much of it later layers hide."""
    hidden = Counter[int]()
    for file in files.content.hidden:
        hidden[file.layer] += file.size
    made = {layer.index: layer.created_by for layer in inventory.layers}
    return tuple(
        Share(made.get(index, ""), size, entries, index, detail=str(hidden[index]))
        for index, entries, size in inventory.sizes
    )
