"""Records the tables, bounds and defaults that modules hold: names that mean something, limits, times, what is left out.

Most tests use some members of a table, and no bound at its edge. `tests/vectors/tables/ROOM.txt` lists all that a module
of a room names, each field of its structures, and each parameter that may be left out. `tests/test_records.py` compares,
so that a member that goes, or a limit that moves, is seen. A change that is meant is written down with `./dev records`
and reviewed in the diff. Texts for people are no part of it: other records show them where they are printed.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType, ModuleType
from typing import Any

from msgspec import NODEFAULT, Struct

RECORDS = Path(__file__).parent.parent / "vectors" / "tables"
ROOMS = (
    "baseimage", "cli", "editor", "formats", "guard", "image", "inventory", "model", "net", "netmap", "pin", "policy",
    "reports", "rules", "runtime", "scan", "secrets", "service", "shell", "show", "targets", "trust", "userns", "vulnerabilities",
)  # fmt: skip
_LONG = 100
_EMPTY = {"{}", "[]", "()", "set()", "dict()", "list()"}
_HELD = (int, float, bytes, tuple, list, set, frozenset, Mapping, Struct)
_MANUAL = {"aliases", "bad", "good", "keywords", "references", "remedy"}
"""What the manual shows of a rule, and the records of rules."""
_MEMORY = "_Last"
"""The class in which a module keeps what it made of its last argument."""
_AS_STRUCTURES = (
    "order",
    "forbid_unknown_fields",
    "omit_defaults",
    "array_like",
    "rename",
    "cache_hash",
    "weakref",
    "dict",
)
_UNLIKE_MOST = {"frozen": "mutable", "gc": "untracked", "eq": "identical"}
"""What most structures are, and the word for one that is not: its values may change, the collector does not look at it,
or it is equal to itself alone."""


def record(room: str) -> str:
    """The record of all modules of a room."""
    package = import_module(f"sealock.{room}")
    names = (name for _, name, _ in walk_packages(package.__path__, f"{package.__name__}."))
    modules = (
        package,
        *(import_module(name) for name in sorted(names) if "__main__" not in name and ".migrations." not in name),
    )
    return "".join(f"{row.rstrip()}\n" for module in modules for row in _module(module))


def _module(module: ModuleType) -> Iterator[str]:
    assigned = list(_assigned(module))
    rows = [row for name in assigned for row in _value(name, getattr(module, name, None))]
    for kind in vars(module).values():
        if getattr(kind, "__module__", "") == module.__name__:
            rows += _definition(kind)
    if rows:
        yield module.__name__
        yield from (f"  {row}" for row in rows)


def _assigned(module: ModuleType) -> Iterator[str]:
    """The names of a module's constants; what starts empty fills as the program runs, and is none."""
    for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and ast.unparse(node.value or node) not in _EMPTY:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            yield from (name for name in names if name.isupper())


def _value(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, _HELD):
        return
    text = _show(value)
    if len(text) <= _LONG or isinstance(value, (int, float, bytes, Struct)):
        yield f"{name} = {text}"
        return
    yield f"{name}:"
    yield from (f"  {row}" for row in _members(value))


def _members(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from sorted(f"{_show(key)}: {_show(each)}" for key, each in value.items())
    elif isinstance(value, (set, frozenset)):
        yield from sorted(map(_show, value))
    else:
        yield from map(_show, value) if isinstance(value, (tuple, list)) else (_show(value),)


def _definition(kind: Any) -> Iterator[str]:
    if hasattr(kind, "cache_parameters"):
        if most := kind.cache_parameters()["maxsize"]:
            yield f"{kind.__name__} remembers {most}"
        kind = kind.__wrapped__
    if isinstance(kind, FunctionType):
        yield from _parameters(kind.__name__, kind)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield f"{kind.__name__}: {', '.join(f'{each.name}={each.value!r}' for each in kind)}"
    elif isinstance(kind, type) and kind.__name__ != _MEMORY:
        if issubclass(kind, Struct):
            config = [word for word in _AS_STRUCTURES if getattr(kind.__struct_config__, word, None)]
            config += [word for usual, word in _UNLIKE_MOST.items() if not getattr(kind.__struct_config__, usual)]
            config += ["kw_only"] * (kind.__match_args__ != kind.__struct_fields__)
            yield f"{' '.join([kind.__name__, *config])}: {', '.join(_fields(kind))}"
        for name, each in vars(kind).items():
            function = each.__func__ if isinstance(each, (classmethod, staticmethod)) else each
            if isinstance(function, FunctionType):
                yield from _parameters(f"{kind.__name__}.{name}", function)
            elif not name.startswith("__") and name not in _MANUAL and not issubclass(kind, Struct):
                yield from _value(f"{kind.__name__}.{name}", each)


def _parameters(name: str, function: FunctionType) -> Iterator[str]:
    given = inspect.signature(function).parameters.values()
    left_out = [f"{each.name}={_brief(each.default)}" for each in given if each.default is not each.empty]
    if left_out:
        yield f"{name}({', '.join(left_out)})"


def _brief(value: Any) -> str:
    """A value; a large one is the constant of a module, which stands there."""
    return text if len(text := _show(value)) <= _LONG else type(value).__qualname__


def _fields(kind: type[Struct]) -> Iterator[str]:
    """The fields of a structure, each with the name that it has in files where that is another, and its default."""
    defaults = (
        *(NODEFAULT,) * (len(kind.__struct_fields__) - len(kind.__struct_defaults__)),
        *kind.__struct_defaults__,
    )
    for name, encoded, default in zip(kind.__struct_fields__, kind.__struct_encode_fields__, defaults, strict=True):
        shown = name if encoded == name else f"{name} ({encoded})"
        yield shown if default is NODEFAULT else f"{shown}={_brief(default)}"


def _show(value: Any) -> str:
    """A value as text, in an order that does not depend on the run, and without what depends on the machine."""
    if value is os.environ:
        return "os.environ"
    match value:
        case set() | frozenset():
            return f"{{{', '.join(sorted(map(_show, value)))}}}"
        case Mapping():
            return f"{{{', '.join(sorted(f'{_show(key)}: {_show(each)}' for key, each in value.items()))}}}"
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case tuple() | list():
            return f"[{', '.join(map(_show, value))}]"
        case Struct():
            return (
                f"{type(value).__name__}({', '.join(_show(getattr(value, name)) for name in value.__struct_fields__)})"
            )
        case str() | int() | float() | bytes() | None:
            return repr(value)
        case type():
            return value.__qualname__
    if isinstance(pattern := getattr(value, "pattern", None), str | bytes):
        return repr(pattern)
    return getattr(value, "__qualname__", type(value).__qualname__)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for room_name in ROOMS:
        (RECORDS / f"{room_name}.txt").write_text(record(room_name), encoding="utf-8")
