"""A change of the engine's settings in words, for people who mend daemon.json themselves."""

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
"""Settings that a running engine takes up when it is told to read its file again."""


def worded(change: Change) -> str:
    """A change as a person would make it: `set "icc": false`; "" where daemon.json has no word for it."""
    field = getattr(change, "field", "")
    row = BY_FIELD.get(field)
    if row is None or field in UNWRITTEN:
        return ""
    match change:
        case Set(value=value) if isinstance(value, Absent):
            return f'take "{row.key}" out'
        case Set(value=value):
            return f'set "{row.key}": {json.dumps(row.plain(value), ensure_ascii=False)}'
        case Add(value=value):
            return f'put {json.dumps(value, ensure_ascii=False)} into "{row.key}"'
        case Remove(value=value):
            return f'take {json.dumps(value, ensure_ascii=False)} out of "{row.key}"'
        case Swap(old=old, new=new):
            words = json.dumps(new, ensure_ascii=False)
            return f'put {words} for {json.dumps(old, ensure_ascii=False)} into "{row.key}"'
        case _:
            return ""
