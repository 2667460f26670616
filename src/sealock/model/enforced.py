"""What a container was started with, beside what the kernel enforces: the noun whose difference is judged."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.container import Container
from sealock.model.process import Process


class Enforced(Struct, frozen=True, kw_only=True):
    """One running container, read twice: as the engine tells of it, and as the kernel shows its first process.

    `others` are further processes in it, `outside` those of them that left its control group.
    """

    name: str
    declared: Container
    effective: Container
    process: Process
    others: tuple[Process, ...] = ()
    outside: tuple[int, ...] = ()
