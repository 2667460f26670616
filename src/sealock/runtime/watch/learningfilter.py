"""The filter under which a container is watched by its system calls: the engine's own, which also reports.

What the engine's default filter refuses is refused; what it lets through is logged, or reported to a listener.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.absent import given
from sealock.model.capabilities import DEFAULT, NAMES
from sealock.model.container import Container
from sealock.model.profile import ArchitectureCalls, Profile
from sealock.model.systemcalls import system_calls

_SILENT: Final = frozenset({"write"})
"""What the runtime calls to hand the listener over, before anyone listens."""


def learning_filter(
    capabilities: Iterable[str], machine: str, action: Literal["SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"], listener: str = ""
) -> str:
    """The filter as JSON, for a container with these capabilities; ValueError for an unknown machine.

    `listener` is the path of the socket for SCMP_ACT_NOTIFY.
    """
    every = ArchitectureCalls(machine, tuple(system_calls(machine).values()))
    profile = Profile("", capabilities=tuple(capabilities), syscalls=(every,))
    plain: dict[str, Any] = msgspec.json.decode(write_seccomp(profile, machine, FilterOptions()).text)
    for rule in plain["syscalls"]:
        if rule["action"] == "SCMP_ACT_ALLOW":
            rule["action"] = action
            if listener:
                rule["names"] = [name for name in rule["names"] if name not in _SILENT]
    if listener:
        plain["listenerPath"] = listener
        plain["syscalls"].append({"names": sorted(_SILENT), "action": "SCMP_ACT_ALLOW"})
    return msgspec.json.encode(plain).decode()


def declared_capabilities(container: Container) -> frozenset[str]:
    """The capabilities that a container is declared with."""
    if container.privileged is True:
        return frozenset(NAMES)
    added = {name.removeprefix("CAP_") for name in given(container.cap_add, ())}
    dropped = {name.removeprefix("CAP_") for name in given(container.cap_drop, ())}
    base = frozenset[str]() if "ALL" in dropped else DEFAULT - dropped
    return frozenset(NAMES) - dropped if "ALL" in added else base | added
