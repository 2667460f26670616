"""Where the running kernel keeps what: offsets of fields and ids of types, from the kernel's own description (BTF).

https://docs.kernel.org/bpf/btf.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from sealock.errors import reason_of

BTF: Final = "/sys/kernel/btf/vmlinux"
_MAGIC: Final = 0xEB9F
_HEADER: Final = struct.Struct("<HBBIIIII")
_TYPE: Final = struct.Struct("<III")
_MEMBER: Final = struct.Struct("<III")
_ENUM: Final = struct.Struct("<Ii")
_STRUCT, _UNION, _ENUMERATION, _TYPEDEF = 4, 5, 6, 8
_EACH: Final = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
"""Bytes of each member of a kind of type; of its head only those of `_MORE`."""
_MORE: Final = {1: 4, 3: 12, 14: 4, 17: 4}
_DEEPEST: Final = 8
_LONGEST_NAME: Final = 256


class KernelTypeError(ValueError):
    """The kernel's description lacks a type or a field, or is malformed."""


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except (struct.error, IndexError) as error:
        message = f"the kernel's description of its types is malformed: {error}"
        raise KernelTypeError(message) from None


class KernelField(Struct, frozen=True):
    """A field of a structure: its offset in bytes; of a bit field, bits below its first one in those bytes."""

    offset: int
    shift: int = 0


class KernelTypes:
    """The types of a kernel by name. KernelTypeError for a malformed description."""

    def __init__(self, data: bytes) -> None:
        with _malformed():
            self._read(data)

    def _read(self, data: bytes) -> None:
        magic, _, _, head, types, types_size, names, names_size = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            message = "the kernel's description of its types has another format"
            raise KernelTypeError(message)
        self._names = data[head + names : head + names + names_size]
        self._types = data[head + types : head + types + types_size]
        self._at = [0]
        self._by_name: dict[tuple[int, int], int] = {}
        place, unpack = 0, _TYPE.unpack_from
        while place < len(self._types):
            name, info, _ = unpack(self._types, place)
            kind = info >> 24 & 31
            if name and kind in {_STRUCT, _UNION, _TYPEDEF}:
                self._by_name.setdefault((kind, name), len(self._at))
            elif kind == _ENUMERATION:
                self._by_name.setdefault((kind, len(self._at)), len(self._at))
            self._at.append(place)
            place += 12 + _EACH.get(kind, 0) * (info & 0xFFFF) + _MORE.get(kind, 0)

    def _named(self, kind: int, name: str) -> int:
        spelled = f"\0{name}\0".encode()
        place = self._names.find(spelled)
        while place >= 0:
            found_type = self._by_name.get((kind, place + 1))
            if found_type is not None:
                return found_type
            place = self._names.find(spelled, place + 1)
        message = f"this kernel has no {name}"
        raise KernelTypeError(message)

    def _name(self, offset: int) -> str:
        return (
            self._names[offset : offset + _LONGEST_NAME].partition(b"\0")[0].decode("ascii", "replace")
            if offset
            else ""
        )

    def tracepoint(self, name: str) -> int:
        """The id of the type that programs for a tracepoint attach to."""
        return self._named(_TYPEDEF, f"btf_trace_{name}")

    def has_tracepoint(self, name: str) -> bool:
        """Whether the kernel has a tracepoint."""
        try:
            self.tracepoint(name)
        except KernelTypeError:
            return False
        return True

    def field(self, structure: str, path: str) -> KernelField:
        """A field of a structure, by its names from outer to inner ("f_path.dentry")."""
        kind, bits = self._named(_STRUCT, structure), 0
        for name in path.split("."):
            with _malformed():
                member = next((m for m in self._members(kind) if m[0] == name), None)
            if member is None:
                message = f"this kernel's {structure} has no {path}"
                raise KernelTypeError(message)
            bits += member[1]
            kind = member[2]
        return KernelField(bits // 8, bits % 8)

    def offset(self, structure: str, path: str) -> int:
        """The offset of a field in bytes."""
        return self.field(structure, path).offset

    def _members(self, kind: int, start: int = 0, depth: int = 0) -> Iterator[tuple[str, int, int]]:
        """Name, offset in bits and type of each member, those of unnamed members included."""
        place = self._at[kind]
        _, info, other = _TYPE.unpack_from(self._types, place)
        if info >> 24 & 31 not in {_STRUCT, _UNION}:
            # A qualifier or another name of the structure.
            if depth < _DEEPEST and info >> 24 & 31 in {8, 9, 10, 11, 18}:
                yield from self._members(other, start, depth + 1)
            return
        for number in range(info & 0xFFFF):
            name, member, where = _MEMBER.unpack_from(self._types, place + 12 + 12 * number)
            # With the flag the upper byte is the size of a bit field.
            where = start + (where & 0xFFFFFF if info >> 31 else where)
            if name:
                yield self._name(name), where, member
            elif depth < _DEEPEST:
                yield from self._members(member, where, depth + 1)

    def constant(self, name: str) -> int:
        """The value of a constant of any enumeration."""
        spelled = f"\0{name}\0".encode()
        place = self._names.find(spelled) + 1
        if place:
            for (kind, _), number in self._by_name.items():
                if kind != _ENUMERATION:
                    continue
                at = self._at[number]
                for member in range(_TYPE.unpack_from(self._types, at)[1] & 0xFFFF):
                    text, value = _ENUM.unpack_from(self._types, at + 12 + 8 * member)
                    if text == place:
                        return int(value)
        message = f"this kernel has no {name}"
        raise KernelTypeError(message)


def read_kernel_types(path: str = BTF) -> KernelTypes:
    """The types of the running kernel; KernelTypeError where it has no description."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"the kernel does not describe its types ({path}: {reason_of(error)})"
        raise KernelTypeError(message) from None
    return KernelTypes(data)
