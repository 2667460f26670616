"""The packages of an image that a profile never saw in use, and what removing them would save."""

from __future__ import annotations

from msgspec import Struct


class UnusedPackage(Struct, frozen=True):
    """A package no file of which was in use, and on which none in use depends. `size` is in bytes.

    `vulnerabilities` counts those that are known of it and not suppressed.
    """

    type: str
    name: str
    version: str
    size: int = 0
    files: int = 0
    vulnerabilities: int = 0


class UnusedPackages(Struct, frozen=True):
    """The unused packages of an image, the largest first.

    `packages` and `used` count all packages, and those in use or reachable. `exercise` is what the profile was learned
    from, and `gaps` what it does not show. `matched` is False where not all packages could be
    looked up for vulnerabilities.
    """

    target: str
    packages: int
    used: int
    unused: tuple[UnusedPackage, ...]
    exercise: str
    gaps: tuple[str, ...] = ()
    matched: bool = True
