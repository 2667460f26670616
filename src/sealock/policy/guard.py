"""Who may send what to an engine through the guard: the table [guard] of sealock.toml.

The first caller whose conditions all hold decides; a caller that none matches may send nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import Severity
from sealock.model.imagename import parse
from sealock.model.location import Location
from sealock.policy.imagepatterns import ImagePattern

GuardMode: TypeAlias = Literal["enforce", "audit"]
GuardChange: TypeAlias = Literal["no-new-privileges", "cap-drop", "limits", "digest", "loopback"]
GuardNeed: TypeAlias = Literal["digest", "trust", "no-exploited"]
OWNER_LABEL: Final = "sealock.guard.owner"
"""The label that marks what a caller created."""


class CallerConditions(Struct, frozen=True):
    """Who a caller is. Each condition that is given must hold; () gives none. Names are glob patterns.

    A process in a container matches only where a condition speaks of containers, or none is given at all: root in a
    container is not the host's root.
    """

    uids: tuple[int, ...] = ()
    gids: tuple[int, ...] = ()
    tls_names: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    container_images: tuple[ImagePattern, ...] = ()
    container_labels: tuple[tuple[str, str], ...] = ()

    @property
    def about_containers(self) -> bool:
        """Whether a condition speaks of the calling container."""
        return bool(self.containers or self.container_images or self.container_labels)

    @property
    def about_processes(self) -> bool:
        """Whether a condition speaks of the process or the connection."""
        return bool(self.uids or self.gids or self.tls_names)


class Reach(Struct, frozen=True):
    """Which objects a caller may create and touch; each that is given must hold. Names and values are glob patterns."""

    names: tuple[str, ...] = ()
    images: tuple[ImagePattern, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class GuardLimits(Struct, frozen=True):
    """What a container of a caller may use at most, and what is set where a request sets nothing (change "limits").

    `memory` in bytes, `cpus` as a float, `pids` as a number; None for no limit of the policy.
    """

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None


class GuardCaller(Struct, frozen=True):
    """A caller: its conditions, and what it may do."""

    name: str
    conditions: CallerConditions
    location: Location
    allow: frozenset[str] = frozenset()
    """"containers:read", "containers:write" for each group, and routes as "POST /containers/create"."""
    mode: GuardMode = "enforce"
    own: bool = False
    fail_on: Severity = Severity.HIGH
    deny: tuple[str, ...] = ()
    """Rules that deny whatever their severity, and whenever they cannot be evaluated."""
    accept: tuple[str, ...] = ()
    """Rules that do not deny."""
    reach: Reach = Reach()
    binds: tuple[str, ...] = ()
    """Host paths that containers may mount; "/srv/ci/*" is what is in /srv/ci, without /srv/ci itself.

    A caller other than root mounts nothing below these: a container could put a link in its place.
    """
    devices: tuple[str, ...] = ()
    """Globs of devices, device rules ("c 188:* rw"), GPU drivers and CDI names that containers may have."""
    volume_drivers: tuple[str, ...] = ()
    """Drivers of volumes that it may use, apart from local ones without options."""
    network_drivers: tuple[str, ...] = ("bridge",)
    """Drivers of networks that it may create."""
    log_drivers: tuple[str, ...] = ()
    """Log drivers that send the log elsewhere, as DRIVER or DRIVER=ADDRESS (globs); others keep it on the host."""
    changes: tuple[GuardChange, ...] = ()
    needs: tuple[GuardNeed, ...] = ()
    limits: GuardLimits = GuardLimits()
    requests_per_second: int = 0
    """0 for no limit."""
    containers: int = 0
    """The most containers that it may have; 0 for no limit."""


class GuardExemption(Struct, frozen=True):
    """Faults that do not deny for a time, with the reason. Patterns are globs; "" and () cover all."""

    rules: tuple[str, ...]
    reason: str
    until: date
    location: Location
    caller: str = ""
    images: tuple[ImagePattern, ...] = ()
    names: tuple[str, ...] = ()

    def covers(self, rule: str, caller: str, image: str, name: str, today: date) -> bool:
        """Whether it covers a fault of this rule in a container of this image and name."""
        return (
            rule in self.rules
            and today <= self.until
            and (not self.caller or fnmatchcase(caller, self.caller))
            and (not self.images or matches_image(self.images, image))
            and (not self.names or any(fnmatchcase(name, pattern) for pattern in self.names))
        )


class GuardPolicy(Struct, frozen=True):
    """The table [guard]. `given` is false where the policy has none: then no caller may send anything."""

    callers: tuple[GuardCaller, ...] = ()
    exemptions: tuple[GuardExemption, ...] = ()
    mode: GuardMode = "enforce"
    newest_api: tuple[int, int] | None = None
    """The newest version of the API that is accepted, None for the newest that sealock knows."""
    label: str = OWNER_LABEL
    given: bool = False


def matches_image(patterns: tuple[ImagePattern, ...], image: str) -> bool:
    """Whether a pattern matches an image's name; false for what is no name of an image."""
    name = parse(image) if image else None
    return name is not None and any(pattern.matches(name) for pattern in patterns)


def has_labels(wanted: tuple[tuple[str, str], ...], labels: Mapping[str, str]) -> bool:
    """Whether all labels are there, with values that match the patterns."""
    return all(name in labels and fnmatchcase(labels[name], value) for name, value in wanted)
