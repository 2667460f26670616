"""Platforms, and the choice of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealock.model.manifest import Platform

_MACHINES: Final = {
    "x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm/v7", "armv6l": "arm/v6",
    "i386": "386", "i686": "386", "loongarch64": "loong64",
}  # fmt: skip


def of_machine(machine: str) -> str:
    """The Linux platform of a machine that the kernel names ("x86_64" is linux/amd64)."""
    return "linux/" + _MACHINES.get(machine, machine)


def choose(platforms: Sequence[Platform], wanted: str) -> tuple[int, bool]:
    """The index of the platform that fits best, and whether it fits; 0 where none does.

    One that is not stated may fit: engines take it where no other does, and look at the image's configuration.
    """
    best, most = 0, 0
    for place, platform in enumerate(platforms):
        score = 2 * fit(platform, wanted) or int(not platform.os and not platform.architecture)
        if score > most:
            best, most = place, score
    return best, most > 0


def fit(platform: Platform, wanted: str) -> int:
    """How well "os/architecture/variant" fits; 0 for not at all."""
    parts = [part for part in wanted.split("/") if part]
    if len(parts) == 1:
        return int(parts[0] in {platform.os, platform.architecture})
    if parts[:2] != [platform.os, platform.architecture]:
        return 0
    variant = parts[2] if len(parts) > 2 else {"arm64": "v8", "arm": "v7"}.get(platform.architecture, "")
    if platform.variant == variant:
        return 3
    return 2 if not platform.variant or len(parts) == 2 else 0
