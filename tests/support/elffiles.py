"""Makes small ELF files for tests: any width and byte order, with the sections that a test asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import calcsize, pack

BASE = 0x400000

TYPES = {
    ".dynsym": 11,
    ".dynstr": 3,
    ".gnu.version": 0x6FFFFFFF,
    ".gnu.version_r": 0x6FFFFFFE,
    ".dynamic": 6,
    ".bss": 8,
}
FLAGS = {".data": 3, ".go.buildinfo": 3, ".text": 6}


class Strings:
    """A string table that grows."""

    def __init__(self, start: bytes = b"") -> None:
        self.data = bytearray(start or b"\0")

    def add(self, text: str) -> int:
        offset = len(self.data)
        self.data += text.encode() + b"\0"
        return offset


def make(
    sections: Mapping[str, bytes] | None = None,
    *,
    wide: bool = True,
    order: str = "<",
    kind: int = 3,
    needed: Sequence[str] = (),
    soname: str = "",
    interpreter: str = "",
    symbols: Sequence[tuple[str, str, str]] = (),
    headers: bool = True,
    notes: bytes = b"",
    texts: bytes = b"",
) -> bytes:
    """Write one. `symbols` are (name, version, library) that it wants; without `headers` it has no section table.

    `texts` begins its table of names.
    """
    parts = dict(sections or {})
    word = "Q" if wide else "I"
    names, strings = Strings(), Strings(texts)
    if symbols:
        parts.update(_symbols(symbols, strings, wide=wide, order=order))
    entries = [(1, strings.add(library)) for library in needed] + ([(14, strings.add(soname))] if soname else [])
    head = 64 if wide else 52
    one = 56 if wide else 32
    # Program headers: load, data, interpreter, dynamic, note.
    offset = head + 5 * one
    placed: dict[str, tuple[int, bytes]] = {}

    def place(name: str, data: bytes) -> None:
        nonlocal offset
        offset += -offset % 16
        placed[name] = (offset, data)
        offset += len(data)

    if interpreter:
        place(".interp", interpreter.encode() + b"\0")
    if notes:
        place(".note.gnu.build-id", notes)
    for name, data in parts.items():
        place(name, data)
    place(".dynstr", bytes(strings.data))
    if entries:
        entries += [(5, BASE + placed[".dynstr"][0]), (10, len(strings.data)), (0, 0)]
        place(".dynamic", b"".join(pack(f"{order}{word}{word}", *entry) for entry in entries))
    order_of = ["", *placed, ".shstrtab"]
    offsets = [names.add(name) if name else 0 for name in order_of]
    place(".shstrtab", bytes(names.data))
    offset += -offset % 16
    table = offset if headers else 0

    def segment(type_: int, flags: int, name: str | None) -> bytes:
        where, size = (0, table or offset) if name is None else (0, 0)
        if name and name in placed:
            where, size = placed[name][0], len(placed[name][1])
        elif name:
            type_ = 0
        if wide:
            return pack(f"{order}IIQQQQQQ", type_, flags, where, BASE + where, BASE + where, size, size, 16)
        return pack(f"{order}IIIIIIII", type_, where, BASE + where, BASE + where, size, size, flags, 16)

    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header = ident + pack(
        f"{order}HHI{word * 3}IHHHHHH", kind, 62, 1, BASE, head, table, 0, head, one, 5, 64 if wide else 40,
        len(order_of) if headers else 0, len(order_of) - 1 if headers else 0,
    )  # fmt: skip
    image = bytearray(header)
    image += segment(1, 6, None) + segment(3, 4, ".interp") + segment(2, 6, ".dynamic")
    image += segment(4, 4, ".note.gnu.build-id") + segment(0, 0, None)
    for where, data in placed.values():
        image += bytes(where - len(image)) + data
    if headers:
        image += bytes(table - len(image))
        link = order_of.index(".dynstr")
        for name, at in zip(order_of, offsets, strict=True):
            where, data = placed.get(name, (0, b""))
            row = (at, TYPES.get(name, 7 if name.startswith(".note") else 1) if name else 0, FLAGS.get(name, 2))
            image += pack(f"{order}II{word * 4}II{word * 2}", *row, BASE + where, where, len(data), link, 0, 1, 0)
    return bytes(image)


def _symbols(wanted: Sequence[tuple[str, str, str]], texts: Strings, *, wide: bool, order: str) -> dict[str, bytes]:
    table = bytearray(24 if wide else 16)
    versions = bytearray(pack(f"{order}H", 0))
    numbers: dict[tuple[str, str], int] = {}
    for name, version, library in wanted:
        at = texts.add(name)
        table += pack(f"{order}IBBHQQ", at, 18, 0, 0, 0, 0) if wide else pack(f"{order}IIIBBH", at, 0, 0, 18, 0, 0)
        number = numbers.setdefault((library, version), 2 + len(numbers)) if version else 1
        versions += pack(f"{order}H", number)
    needs = bytearray()
    libraries = list(dict.fromkeys(library for library, _ in numbers))
    for index, library in enumerate(libraries):
        own = [(version, number) for (of, version), number in numbers.items() if of == library]
        size = calcsize(f"{order}HHIII") + 16 * len(own)
        needs += pack(
            f"{order}HHIII", 1, len(own), texts.add(library), 16, size if index + 1 < len(libraries) else 0
        )  # fmt: skip
        for at, (version, number) in enumerate(own):
            needs += pack(f"{order}IHHII", 0, 0, number, texts.add(version), 16 if at + 1 < len(own) else 0)
    return {".dynsym": bytes(table), ".gnu.version": bytes(versions), ".gnu.version_r": bytes(needs)}
