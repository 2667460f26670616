"""Durations as Go writes them: in Dockerfiles, in options of the client, and in what users write for sealock."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_MAX_LENGTH: Final = 100
_LONGEST: Final = 1e9
"""Seconds of a time: some thirty years, which every clock and timer can add."""


def parse_duration(text: str) -> float | None:
    """A duration ("1m30s", "-1.5h", "0") in seconds; None if the text is none."""
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    if unsigned == "0":
        return 0.0
    if len(text) > _MAX_LENGTH or not re.fullmatch(f"(?:{_PART})+", unsigned):
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, unsigned))
    return -total if text[0] == "-" else total


def read_time(text: str) -> float | None:
    """The seconds of a time that something may take ("90s", "1h30m"), above zero; None for anything else."""
    seconds = parse_duration(text.strip())
    return seconds if seconds is not None and 0 < seconds <= _LONGEST else None
