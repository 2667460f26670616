"""What a demonstration consists of: data, beside the rule whose harm it shows."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.change import FieldChange

Where: TypeAlias = Literal["box", "other", "again", "client", "host"]
"""Where a command runs: in the container with the setting ("box"), in another one ("other"), in a second container with
the same setting ("again"), as a command of the engine's client, or on the host."""
Reach: TypeAlias = Literal["none", "internal", "published", "default"]
"""The network of a container whose setting names none: none at all, an internal one, one that can publish ports, or
the engine's default bridge."""
Obstacle: TypeAlias = Literal["rootless", "remapped", "apparmor", "selinux", "seccomp"]


class Step(Struct, frozen=True):
    """One command, and what its output shows where it does harm.

    In `line` and `shows`, `<box>`, `<other>`, `<tmp>`, `<marker>` and the like stand for what the plan knows. A step
    does harm where it ends with 0 and its output holds `shows`; with `hides`, where its output lacks that.
    """

    line: str
    where: Where = "box"
    user: str = ""
    shows: str = ""
    hides: str = ""


class Other(Struct, frozen=True):
    """Another container, which the harm is done to or from: its options, and the shell line that it runs."""

    line: str
    options: str = ""
    network: Reach = "none"
    ends: bool = False
    """Whether the harm ends it, so that it is started again after the fix."""


class Demonstration(Struct, frozen=True, kw_only=True):
    """The harm of one rule's fault, on containers that the demonstration starts.

    `run` is a run line that has the fault; sealock's own fix removes it. The last of the `steps`, at most three, fails
    after that: its output then holds `refused`.
    """

    rule: str
    run: str
    harm: str
    """One sentence: what the container does."""
    steps: tuple[Step, ...]
    refused: str = ""
    refused_because: str = ""
    """One sentence: what refuses it after the fix."""
    fields: tuple[str, ...] = ()
    """The fields that make up the setting; default: those that the rule reads."""
    prepare: tuple[Step, ...] = ()
    """Commands that make what the harm is done to."""
    other: Other | None = None
    network: Reach = "none"
    remedy: tuple[FieldChange, ...] = ()
    """What to change where the rule has no fix of its own."""
    smaller: tuple[FieldChange, ...] = ()
    """Changes after the fix that make its limit small enough to reach without harm."""
    accounts: bool = False
    """Whether /etc/passwd is the demonstration's own, with a root that has no password."""
    makes: tuple[str, ...] = ()
    """The names of containers that the harm makes."""
    stopped_by: tuple[tuple[Obstacle, str], ...] = ()
    """What of an engine already stops the harm, and the lesson."""
    without: tuple[tuple[str, str], ...] = ()
    """The engines ("docker", "podman") on which it shows nothing, and why."""
