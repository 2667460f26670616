"""Several readings of one engine's settings: what holds, and where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.daemon import FIELDS, Daemon
from sealock.model.host import Drift

_MAPPED: Final = re.compile(r"/\d+\.\d+\Z")
_SAME: Final = {
    "seccomp_profile": {"builtin": UNSET, "default": UNSET},
    "log_driver": {"json-file": UNSET},
    "log_level": {"info": UNSET},
    "default_runtime": {"runc": UNSET},
}
"""Values that are the default, written out."""
_UNCOMPARED: Final = frozenset({
    "unknown_keys", "security_options", "runtimes", "cgroup_version", "proxies", "insecure_registries", "labels",
    "features", "userns_remap", "default_cgroupns_mode", "cgroup_driver", "storage_driver",
})  # fmt: skip
"""Fields that the engine's own answer spells in another way, adds to, or chooses by itself."""


def in_force(engine: Daemon, flags: Daemon | None, file: Daemon | None) -> Daemon:
    """What holds: the engine's own word where it has one, then its command line, then its file.

    None says that a source could not be read; a field is then UNSET only where the engine itself says so.
    """
    values: dict[str, Any] = {}
    for field in FIELDS:
        said = [getattr(one, field) for one in (engine, flags, file) if one is not None]
        known = [value for value in said if value is not UNKNOWN]
        set_ones = [value for value in known if value is not UNSET]
        if set_ones:
            values[field] = set_ones[0]
        elif getattr(engine, field) is UNSET or (known and flags is not None and file is not None):
            values[field] = UNSET
    if (file is None or flags is None) and isinstance(values.get("userns_remap"), Absent):
        values["userns_remap"] = engine.userns_remap
    return Daemon(**values)


def drift(readings: tuple[tuple[str, Daemon], ...]) -> Iterator[Drift]:
    """Tell of each setting on which two readings differ, by name and in the order given.

    A reading that leaves a setting out says nothing; only the engine's own answer, which names defaults too, can
    contradict by a default.
    """
    for field in FIELDS:
        if field in _UNCOMPARED:
            continue
        for (here, one), (there, other) in combinations(readings, 2):
            mine, theirs = _plain(field, getattr(one, field)), _plain(field, getattr(other, field))
            if field == "data_root" and isinstance(theirs, str):
                # An engine that maps the users of containers has a folder for each mapping below its own.
                theirs = _MAPPED.sub("", theirs)
            if mine is UNKNOWN or theirs is UNKNOWN or mine is UNSET or mine == theirs:
                continue
            if theirs is UNSET and there != "engine":
                continue
            yield Drift(field.replace("_", "-"), here, _word(mine), there, _word(theirs))


def _plain(field: str, value: Any) -> Any:  # noqa: ANN401  each field has its type
    known = _SAME.get(field, {})
    return known.get(value, value) if isinstance(value, str) else value


def _word(value: Any) -> str:  # noqa: ANN401  as above
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join("=".join(one) if isinstance(one, tuple) else str(one) for one in value)
        case _:
            return "the default" if value is UNSET else str(value)
