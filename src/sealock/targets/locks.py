"""Lock files, by name, and their encodings."""

from __future__ import annotations

import codecs
import os
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.model.lockfiles import UNREAD_LOCKS
from sealock.patterns import compile_lazily
from sealock.targets.files import decode

_PURPOSES: Final = ("base", "build", "ci", "common", "dev", "docs", "lock", "prod", "production", "test", "tests")
_NAMES: Final = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "poetry.lock",
    "Pipfile.lock", "uv.lock", "Cargo.lock", "go.mod", "Gemfile.lock", "gems.locked",
    "composer.lock", "packages.lock.json", "packages.config", "pom.xml", "pubspec.lock", "mix.lock", "pdm.lock",
    "deno.lock", "Podfile.lock", "Package.resolved", "conan.lock",
})  # fmt: skip
_REQUIREMENTS: Final = frozenset(f"requirements{mark}{purpose}.txt" for mark in "-_." for purpose in _PURPOSES)
_ENDINGS: Final = ("requirements.txt", "gradle.lockfile", ".py.lock")
_DIRECTORIES: Final = {"requirements": ".txt", "dependency-locks": ".lockfile"}
"""Directories in which each file with an ending is a lock file."""
_XML: Final = frozenset({"pom.xml", "packages.config"})
_XML_ENCODING: Final = compile_lazily(rb"""\bencoding[ \t\r\n]{0,9}=[ \t\r\n]{0,9}["']([A-Za-z0-9._-]{1,40})["']""")
_TEXT_ENCODING: Final = compile_lazily(rb"coding[:=][ \t]{0,9}([A-Za-z0-9._-]{1,40})")
_ENCODINGS: Final = ("ascii", "big5", "cp", "euc", "gb", "iso8859", "koi8", "mac", "shift_jis", "utf-16", "utf-8")
"""How the names of encodings begin: Python has others too, of which some take quadratic time."""
_OTHERS: Final = {"conda-": ".lock", "Manifest-v": ".toml"}
"""How the names of other lock files begin and end: conda-linux-64.lock, Manifest-v1.11.toml."""
LIMIT: Final = 16 << 20
"""The largest lock file in bytes."""


def is_lock(path: str) -> bool:
    """Whether a file of this name, or in a directory of lock files, is one."""
    name = os.path.basename(path)
    if (
        name in _NAMES
        or name in _REQUIREMENTS
        or name.endswith(_ENDINGS)
        or (name.startswith("pylock.") and name.endswith(".toml"))
    ):
        return True
    return any(
        name.endswith(ending) and os.path.basename(os.path.dirname(os.path.abspath(path))) == directory
        for directory, ending in _DIRECTORIES.items()
    )


def decode_lock(path: str, data: bytes) -> str:
    """Decode a lock file: UTF-8, or as its own tool finds in it; FileRefusedError says why not."""
    encoding = _encoding(os.path.basename(path), data)
    try:
        known = codecs.lookup(encoding or "utf-8").name.startswith(_ENCODINGS)
        text = data.decode(encoding) if known and encoding else ""
    except (LookupError, UnicodeError, ValueError):
        known, text = False, ""
    if not known:
        msg = f"{path}: not the text in {encoding} that it says it is"
        raise FileRefusedError(msg)
    return decode(path, text.encode("utf-8", "replace") if encoding else data)


def _encoding(name: str, data: bytes) -> str:
    """The encoding that pip and parsers of XML find in a file, "" for UTF-8."""
    is_xml = name in _XML
    if not (is_xml or name.endswith(".txt")):
        return ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if is_xml:
        match = _XML_ENCODING.search(data[:400].partition(b"?>")[0]) if data.startswith(b"<?xml") else None
    else:
        comments = (line for line in data[:1000].split(b"\n")[:2] if line.startswith(b"#"))
        match = next(filter(None, map(_TEXT_ENCODING.search, comments)), None)
    found = match[1].decode().lower() if match else ""
    return "" if found in {"utf-8", "utf8"} else found


def is_other_lock(name: str) -> bool:
    """Whether it is a lock file that no analyzer of sealock reads."""
    if name in UNREAD_LOCKS or name.endswith((".rockspec", ".opam.locked", "Classpath.lockfile")):
        return True
    return any(name.startswith(start) and name.endswith(end) for start, end in _OTHERS.items())
