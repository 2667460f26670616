"""Platforms as layouts name them: which of several images is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sealock.model import platforms
from sealock.model.manifest import Platform


def host_platform() -> str:
    """This machine's, as images name it."""
    return platforms.of_machine(os.uname().machine)


def choose(found: Sequence[Mapping[str, Any]], wanted: str) -> tuple[int, bool]:
    """The place of the platform that fits best, and whether it fits; the first where none does."""
    nouns = [Platform(*(str(one.get(key, "")) for key in ("os", "architecture", "variant"))) for one in found]
    return platforms.choose(nouns, wanted or host_platform())
