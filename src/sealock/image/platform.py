"""Platforms: which of several images is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

_MACHINES: Final = {
    "x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm/v7", "armv6l": "arm/v6",
    "i386": "386", "i686": "386", "loongarch64": "loong64",
}  # fmt: skip


def host_platform() -> str:
    """This machine's, as images name it; images are for Linux, whatever runs here."""
    machine = os.uname().machine
    return "linux/" + _MACHINES.get(machine, machine)


def choose(platforms: Sequence[Mapping[str, Any]], wanted: str) -> tuple[int, bool]:
    """The place of the platform that fits best, and whether it fits; the first where none does."""
    best, most = 0, 0
    for place, platform in enumerate(platforms):
        fit = _fit(platform, wanted or host_platform())
        if fit > most:
            best, most = place, fit
    return best, most > 0


def _fit(platform: Mapping[str, Any], wanted: str) -> int:
    """How well "os/architecture/variant" fits; 0 for not at all."""
    parts = [part for part in wanted.split("/") if part]
    os_name, architecture, variant = (str(platform.get(key, "")) for key in ("os", "architecture", "variant"))
    if len(parts) == 1:
        return int(parts[0] in {os_name, architecture})
    if parts[:2] != [os_name, architecture]:
        return 0
    told = parts[2] if len(parts) > 2 else {"arm64": "v8", "arm": "v7"}.get(architecture, "")
    if variant == told:
        return 3
    return 2 if not variant or len(parts) == 2 else 0
