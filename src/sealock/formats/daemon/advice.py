"""A change of the engine's settings in words, for people who edit daemon.json themselves."""

from __future__ import annotations

import json
from typing import Final

from sealock.formats.daemon.fields import BY_FIELD, UNWRITTEN
from sealock.model.absent import Absent
from sealock.model.change import Add, Change, Remove, Set, Swap

RELOADED: Final = frozenset({
    "authorization_plugins", "debug", "default_runtime", "features", "insecure_registries", "labels", "live_restore",
    "registry_mirrors", "runtimes",
})  # fmt: skip
"""Settings that a running engine applies when it reloads its file."""


def describe_change(change: Change) -> str:
    """A change in words: `set "icc": false`; "" where daemon.json has no setting for it."""
    field = getattr(change, "field", "")
    row = BY_FIELD.get(field)
    if row is None or field in UNWRITTEN:
        return ""
    match change:
        case Set(value=value) if isinstance(value, Absent):
            return f'remove "{row.key}"'
        case Set(value=value):
            return f'set "{row.key}": {json.dumps(row.plain(value), ensure_ascii=False)}'
        case Add(value=value):
            return f'add {json.dumps(value, ensure_ascii=False)} to "{row.key}"'
        case Remove(value=value):
            return f'remove {json.dumps(value, ensure_ascii=False)} from "{row.key}"'
        case Swap(old=old, new=new):
            before, after = (json.dumps(value, ensure_ascii=False) for value in (old, new))
            return f'replace {before} by {after} in "{row.key}"'
        case _:
            return ""
