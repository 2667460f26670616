"""What a program says of itself: its loader and libraries, or the interpreter that its first line names."""

from __future__ import annotations

import re
from typing import Final

from sealock.inventory import elf
from sealock.inventory.elf import Elf
from sealock.model.content import Program

_LIBRARY: Final = re.compile(rb"lib[A-Za-z0-9_+.-]{1,60}\.so(?:\.\d{1,4}){0,4}(?=\0)")
_MOST_NAMES: Final = 200
_LOADING: Final = (b"\0dlopen\0", b"\0__libc_dlopen_mode\0")

MENTIONS: Final = (
    "etc/ssl/certs", "usr/share/zoneinfo", "etc/passwd", "etc/nsswitch.conf", "etc/mime.types", "usr/share/locale",
    "bin/sh",
)  # fmt: skip
"""What a program may open by its name, and scratch has not."""
_EXECUTABLE: Final = 2
_SHARED: Final = 3
_LONGEST_LINE: Final = 256
"""As much of a `#!` line as Linux reads."""


def program(data: bytes) -> Program | None:
    """Read an ELF file or the first line of a script; None for anything else."""
    if data.startswith(b"#!"):
        return _script(data)
    found = elf.attempt(data) if data.startswith(elf.MAGIC) else None
    return _elf(found, data) if found is not None and found.kind in {_EXECUTABLE, _SHARED} else None


def _script(data: bytes) -> Program | None:
    line = data[2:_LONGEST_LINE].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    # Linux passes all that follows the interpreter as one argument.
    interpreter, _, rest = line.replace("\t", " ").partition(" ")
    return Program("script", interpreter, (rest.strip(),) if rest.strip() else ()) if interpreter else None


def _elf(read: Elf, data: bytes) -> Program:
    dynamic, interpreter = read.dynamic, read.interpreter
    needed = tuple(map(_text, dynamic.needed))
    go = b".go.buildinfo" in read.names or b".note.go.buildid" in read.names
    if interpreter:
        kind = "dynamic"
    elif read.kind == _EXECUTABLE or not (needed or dynamic.soname or _exports(read, data)):
        # What is linked with -static-pie is of the kind of a library, and names neither loader nor libraries.
        kind = "static"
    else:
        kind = "library"
    return Program(
        kind=kind,  # type: ignore[arg-type]  # one of three words from above
        interpreter=interpreter,
        needed=needed,
        soname=_text(dynamic.soname),
        runpath=tuple(filter(None, _text(dynamic.runpath).split(":"))),
        loads=_loaded(data) if any(name in data for name in _LOADING) else (),
        mentions=() if kind == "library" else tuple(one for one in MENTIONS if b"/" + one.encode() in data),
        go=go,
    )


def _exports(read: Elf, data: bytes) -> bool:
    """Whether others can use its symbols: a static program has no table of them, or one that is all but empty."""
    table = read.section_of_type(11)
    return table is not None and table.size > 2 * read.shape.symbol.size and b"\0_start\0" not in data


def _loaded(data: bytes) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _LIBRARY.finditer(data):
        found[_text(match[0])] = None
        if len(found) >= _MOST_NAMES:
            break
    return tuple(found)


def _text(name: bytes) -> str:
    text = name[:4096].decode("utf-8", "replace")
    return text if text.isprintable() else ascii(text)
