"""Records the nouns and the policy: what each field holds unless a source says otherwise, and the public tables.

A default is what rules evaluate where a text says nothing, and what callers of the Python API leave out. The record
`tests/vectors/nouns.txt` lists them, and `tests/test_records.py` compares. A change that is meant is written down with
`./dev records` and reviewed in the diff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from sealock import model, policy

RECORD = Path(__file__).parent.parent / "vectors" / "nouns.txt"
_ASSIGNED = re.compile(r"^([A-Z][A-Z0-9_]*)\b.* = ", re.MULTILINE)


def record() -> str:
    """The record of all nouns."""
    return "\n".join(line for package in (model, policy) for line in _package(package)) + "\n"


def _package(package: ModuleType) -> Iterator[str]:
    for name in sorted(module.name for module in iter_modules(package.__path__, f"{package.__name__}.")):
        yield from _module(import_module(name))


def _module(module: ModuleType) -> Iterator[str]:
    assigned = _ASSIGNED.findall(Path(str(module.__file__)).read_text(encoding="utf-8"))
    for name, value in vars(module).items():
        if name in assigned and isinstance(value, (str, int, tuple, frozenset, Mapping)):
            yield f"{module.__name__}.{name} = {_show(value)}".replace(" \n", "\n")
        elif getattr(value, "__module__", "") == module.__name__ and isinstance(value, type):
            yield from _class(value)


def _class(kind: type) -> Iterator[str]:
    name = f"{kind.__module__}.{kind.__name__}"
    if issubclass(kind, Enum):
        yield f"{name}: {', '.join(f'{each.name} {each.value!r}' for each in kind)}"
    elif issubclass(kind, Struct):
        config = kind.__struct_config__
        words = [word for word in ("order", "forbid_unknown_fields", "omit_defaults") if getattr(config, word)]
        yield " ".join([name, *words])
        yield from (f"  {_field(field)}" for field in fields(kind))


def _field(field: FieldInfo) -> str:
    name = field.name if field.encode_name == field.name else f"{field.name} ({field.encode_name})"
    if field.default_factory is not NODEFAULT:
        return f"{name} = {field.default_factory()!r}"
    return name if field.default is NODEFAULT else f"{name} = {field.default!r}"


def _show(value: Any) -> str:
    """A value as text, in an order that does not depend on the run."""
    match value:
        case frozenset():
            return "".join(f"\n  {row}" for row in sorted(map(_show, value)))
        case Mapping():
            return "".join(f"\n  {row}" for row in sorted(f"{_show(key)}: {_show(value[key])}" for key in value))
        case tuple():
            return f"({', '.join(map(_show, value))})"
        case _:
            return repr(value)


if __name__ == "__main__":
    RECORD.write_text(record(), encoding="utf-8")
