"""The needs of a program: its loader and libraries, or the interpreter in its first line."""

from __future__ import annotations

from typing import Final

from sealock.inventory import elf
from sealock.inventory._texts import stretches
from sealock.inventory.elf import Elf
from sealock.inventory.window import FileContent
from sealock.model.content import Program, ProgramKind
from sealock.patterns import compile_lazily

_LIBRARY: Final = compile_lazily(rb"lib[A-Za-z0-9_+.-]{1,60}\.so(?:\.\d{1,4}){0,4}(?=\0)")
_MOST_NAMES: Final = 200
_LOADING: Final = (b"\0dlopen\0", b"\0__libc_dlopen_mode\0")
_MOST_TEXT: Final = 64 << 20
"""Maximum bytes of a program's texts to search."""

MENTIONS: Final = (
    "etc/ssl/certs", "usr/share/zoneinfo", "etc/passwd", "etc/nsswitch.conf", "etc/mime.types", "usr/share/locale",
    "bin/sh",
)  # fmt: skip
"""Files that a program may open by name, and that scratch does not have."""
_EXECUTABLE: Final = 2
_SHARED: Final = 3
_DYNSYM: Final = 11
_LONGEST_LINE: Final = 256
"""Bytes of a `#!` line that Linux reads."""


def program(data: FileContent) -> Program | None:
    """Read an ELF file or the first line of a script; None for anything else."""
    if data.startswith(b"#!"):
        return _script(data[:_LONGEST_LINE])
    parsed = elf.read_if_valid(data) if data.startswith(elf.MAGIC) else None
    return _elf(parsed) if parsed is not None and parsed.kind in {_EXECUTABLE, _SHARED} else None


def _script(data: bytes) -> Program | None:
    line = data[2:].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    # Linux passes the rest of the line as one argument.
    interpreter, _, rest = line.replace("\t", " ").partition(" ")
    return Program("script", interpreter, (rest.strip(),) if rest.strip() else ()) if interpreter else None


def _elf(read: Elf) -> Program:
    dynamic, interpreter = read.dynamic, read.interpreter
    needed = tuple(map(_text, dynamic.needed))
    kind: ProgramKind = "library"
    if interpreter:
        kind = "dynamic"
    elif read.kind == _EXECUTABLE or not (needed or dynamic.soname or _exports(read)):
        # What is linked with -static-pie is of the kind of a library, and names neither loader nor libraries.
        kind = "static"
    loading = any(name in _names(read) for name in _LOADING)
    texts = _texts_of(read) if loading or kind != "library" else b""
    return Program(
        kind=kind,
        interpreter=interpreter,
        needed=needed,
        soname=_text(dynamic.soname),
        runpath=tuple(filter(None, _text(dynamic.runpath).split(":"))),
        loads=_loaded(texts) if loading else (),
        mentions=()
        if kind == "library"
        else tuple(mention for mention in MENTIONS if b"/" + mention.encode() in texts),
        go=b".go.buildinfo" in read.names or b".note.go.buildid" in read.names,
    )


def _exports(read: Elf) -> bool:
    """Whether others can use its symbols: a static program has no symbol table, or a nearly empty one."""
    table = read.section_of_type(_DYNSYM)
    # Every program has the C compiler's start files in it.
    return table is not None and table.size > 2 * read.shape.symbol.size and b"\0_start\0" not in read.data[:]


def _names(read: Elf) -> bytes:
    """The names of the symbols that its loader has to do with."""
    table = read.section_of_type(_DYNSYM)
    return read.content(read.section_at(table.link), _MOST_TEXT) if table and table.link < len(read.rows) else b""


def _texts_of(read: Elf) -> bytes:
    """The possible texts of a program, without its code."""
    left = _MOST_TEXT
    parts: list[bytes] = []
    for start, end in stretches(read):
        part = read.data[start : min(end, start + left)]
        parts.append(part)
        left -= len(part)
    return b"\0".join(parts)


def _loaded(texts: bytes) -> tuple[str, ...]:
    names = dict.fromkeys(_text(match[0]) for match in _LIBRARY.finditer(texts))
    return tuple(names)[:_MOST_NAMES]


def _text(name: bytes) -> str:
    text = name[:4096].decode("utf-8", "replace")
    return text if text.isprintable() else ascii(text)
