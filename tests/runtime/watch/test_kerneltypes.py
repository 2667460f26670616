"""Members of a kernel's structures, behind names, qualifiers and structures without a name, and constants."""

from __future__ import annotations

import struct

import pytest

from sealock.runtime.watch.kerneltypes import KernelTypeError, KernelTypes

_STRUCT, _UNION, _ENUMERATION, _TYPEDEF = 4, 5, 6, 8


class Description:
    """A description that is made type by type; each has the number that it is given back by."""

    def __init__(self) -> None:
        self.names, self.types, self.count = b"\0", b"", 0

    def name(self, text: str) -> int:
        if not text:
            return 0
        place = len(self.names)
        self.names += text.encode() + b"\0"
        return place

    def add(self, kind: int, text: str = "", other: int = 0, members: bytes = b"", number: int = 0) -> int:
        self.types += struct.pack("<III", self.name(text), kind << 24 | number, other) + members
        self.count += 1
        return self.count

    def structure(self, text: str, *members: tuple[str, int, int], kind: int = _STRUCT) -> int:
        packed = b"".join(struct.pack("<III", self.name(member), of, bits) for member, of, bits in members)
        return self.add(kind, text, 8, packed, len(members))

    def integer(self) -> int:
        return self.add(1, "int", 4, struct.pack("<I", 32))

    def read(self) -> KernelTypes:
        head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.names))
        return KernelTypes(head + self.types + self.names)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param(8, True, id="another name"),
        pytest.param(9, True, id="volatile"),
        pytest.param(10, True, id="const"),
        pytest.param(11, True, id="restrict"),
        pytest.param(18, True, id="a tag"),
        pytest.param(2, False, id="a pointer"),
        pytest.param(7, False, id="a structure that is declared"),
        pytest.param(12, False, id="a function"),
    ],
)
def test_members_are_found_behind_names_and_not_behind_pointers(kind: int, *, found: bool) -> None:
    made = Description()
    inner = made.structure("inner", ("x", made.integer(), 32))
    made.structure("outer", ("a", made.add(kind, "", inner), 64))
    if found:
        assert made.read().offset("outer", "a.x") == 12
    else:
        with pytest.raises(KernelTypeError, match=r"outer has no a\.x"):
            made.read().offset("outer", "a.x")


@pytest.mark.parametrize(("depth", "found"), [(1, True), (8, True), (9, False)])
@pytest.mark.parametrize("named", [True, False], ids=["names of names", "structures without a name"])
def test_members_are_found_to_a_depth(depth: int, *, named: bool, found: bool) -> None:
    made = Description()
    at = made.structure("", ("x", made.integer(), 32))
    for _ in range(depth - (not named)):
        at = made.add(_TYPEDEF, "", at) if named else made.structure("", ("", at, 0))
    made.structure("outer", ("a" if named else "", at, 64))
    path = "a.x" if named else "x"
    if found:
        assert made.read().offset("outer", path) == 12
    else:
        with pytest.raises(KernelTypeError, match="outer has no"):
            made.read().offset("outer", path)


def test_the_first_structure_of_a_name_counts_and_types_of_other_kinds_do_not() -> None:
    made = Description()
    integer = made.integer()
    made.add(_TYPEDEF, "task", integer)
    made.structure("task", ("x", integer, 32), kind=_UNION)
    made.structure("task", ("x", integer, 64), ("y", integer, 96))
    made.structure("task", ("x", integer, 128))
    made.structure("other_task", ("x", integer, 160))
    types = made.read()
    assert (types.offset("task", "x"), types.offset("task", "y"), types.offset("other_task", "x")) == (8, 12, 20)


def test_constants_are_those_of_any_enumeration() -> None:
    made = Description()
    for text in ("first", ""):
        members = b"".join(
            struct.pack("<Ii", made.name(f"{text}_{name}"), value) for name, value in (("A", -1), ("B", 5))
        )
        made.add(_ENUMERATION, text, 4, members, 2)
    made.structure("first_C", ("first_D", 0, 0))
    types = made.read()
    assert [types.constant(name) for name in ("first_A", "first_B", "_A", "_B")] == [-1, 5, -1, 5]
    for name in ("first_C", "first_D", "irst_A", "A", ""):
        with pytest.raises(KernelTypeError, match="this kernel has no"):
            types.constant(name)


def test_types_after_those_of_each_kind_are_found() -> None:
    made = Description()
    integer = made.integer()
    sizes = {3: 12, 13: 16, 14: 4, 15: 24, 16: 0, 17: 4, 19: 24}
    for kind, size in sizes.items():
        made.add(kind, "", integer, bytes(size), 2 if kind in {13, 15, 19} else 0)
    made.structure("last", ("x", integer, 8 * 40))
    assert made.read().offset("last", "x") == 40
    made.add(_TYPEDEF, "btf_trace_happened", integer)
    types = made.read()
    assert types.tracepoint("happened") == made.count
    assert not types.has_tracepoint("btf_trace_happened")
