"""Several readings of one engine's settings: the effective ones, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from sealock.model.absent import UNKNOWN, UNSET, Absent, AnyValue
from sealock.model.daemon import FIELDS, Daemon
from sealock.model.host import Drift
from sealock.patterns import compile_lazily

_MAPPED: Final = compile_lazily(r"/\d+\.\d+\Z")
_SAME: Final = {
    "seccomp_profile": {"builtin": UNSET, "default": UNSET},
    "log_driver": {"json-file": UNSET},
    "log_level": {"info": UNSET},
    "default_runtime": {"runc": UNSET},
}
"""Default values that are written out."""
_UNCOMPARED: Final = frozenset({
    "unknown_keys", "security_options", "runtimes", "cgroup_version", "proxies", "insecure_registries", "labels",
    "features", "userns_remap", "default_cgroupns_mode", "cgroup_driver", "storage_driver",
})  # fmt: skip
"""Fields that the engine's answer spells differently, adds to, or chooses by itself."""


def effective_settings(engine: Daemon, flags: Daemon | None, file: Daemon | None) -> Daemon:
    """Combine the engine's own answer, then its command line, then its file; the first with a value wins.

    None is a source that could not be read; a field is then UNSET only where the engine itself reports so.
    """
    values: dict[str, Any] = {}
    for field in FIELDS:
        readings = [getattr(reading, field) for reading in (engine, flags, file) if reading is not None]
        known = [value for value in readings if value is not UNKNOWN]
        values_set = [value for value in known if value is not UNSET]
        if values_set:
            values[field] = values_set[0]
        elif getattr(engine, field) is UNSET or (known and flags is not None and file is not None):
            values[field] = UNSET
    if (file is None or flags is None) and isinstance(values.get("userns_remap"), Absent):
        values["userns_remap"] = engine.userns_remap
    return Daemon(**values)


def drift(readings: tuple[tuple[str, Daemon], ...]) -> Iterator[Drift]:
    """Yield each setting in which two readings differ.

    A reading without a setting differs from no other, except the engine's own answer, which names defaults too.
    """
    for field in FIELDS:
        if field in _UNCOMPARED:
            continue
        for (first_name, first), (second_name, second) in combinations(readings, 2):
            value, other = _plain(field, getattr(first, field)), _plain(field, getattr(second, field))
            if field == "data_root" and isinstance(other, str):
                # With userns-remap, the engine uses a subdirectory for each mapping.
                other = _MAPPED.sub("", other)
            if UNKNOWN in (value, other) or value is UNSET or value == other:
                continue
            if other is UNSET and second_name != "engine":
                continue
            yield Drift(field.replace("_", "-"), first_name, _word(value), second_name, _word(other))


def _plain(field: str, value: AnyValue) -> AnyValue:
    known = _SAME.get(field, {})
    return known.get(value, value) if isinstance(value, str) else value


def _word(value: AnyValue) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join("=".join(element) if isinstance(element, tuple) else str(element) for element in value)
        case _:
            return "the default" if value is UNSET else str(value)
