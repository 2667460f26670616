"""Writes seccomp filters as Docker, Podman, containerd and the OCI runtimes read them, from a profile.

The filter lists what may be done. It never lets through more than Docker's default filter does with the same
capabilities: a call that was seen to be made and refused stays refused, and the conditions on arguments stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.model.profile import Profile
from sealock.model.runtimecalls import BASIC, CLOSED, NEWER, companions, opened, runtime_calls

_NAMES: Final = {
    "x86_64": "SCMP_ARCH_X86_64",
    "aarch64": "SCMP_ARCH_AARCH64",
    "riscv64": "SCMP_ARCH_RISCV64",
    "loongarch64": "SCMP_ARCH_LOONGARCH64",
}
_EPERM, _ENOSYS = 1, 38
_NAMESPACES: Final = 0x7E020000
"""CLONE_NEW…: clone may make no namespace. clone3 has its flags in memory: it "does not exist", so clone is used."""
_VSOCK: Final = 40
_PERSONALITIES: Final = (0, 8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux, with 3 GB, UNAME26, both, and a question."""


class FilterOptions(Struct, frozen=True):
    """How a filter is written: for which runtime, for containers with no-new-privileges or without it.

    In a `trial`, what it would refuse is logged and done; what the engine's own filter refuses stays refused.
    `possible` lets through what the image's files could call too.
    """

    runtime: str = ""
    no_new_privileges: bool = True
    trial: bool = False
    possible: bool = False


class SeccompFilter(Struct, frozen=True):
    """The filter: its text, how many calls it lets through, and which seen ones stay refused."""

    text: str
    allowed: tuple[str, ...]
    refused: tuple[str, ...] = ()


def write_seccomp(profile: Profile, architecture: str, options: FilterOptions) -> SeccompFilter:
    """Write the filter of one architecture; ValueError for one that filters have no name for."""
    calls = profile.calls(architecture)
    wanted = {*calls.seen, *(calls.possible if options.possible else ())}
    needed = (
        wanted
        | companions(wanted)
        | BASIC
        | runtime_calls(options.runtime, no_new_privileges=options.no_new_privileges)
    )
    closed = CLOSED - opened(profile.needed)
    admin = "SYS_ADMIN" in profile.needed
    allowed = tuple(sorted(needed - closed - (frozenset[str]() if admin else {"clone3"})))
    rules = [*_allowing(allowed, admin=admin), *(_refusing(closed, admin=admin) if options.trial else ())]
    if not admin:
        rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS})
    plain = {
        "defaultAction": "SCMP_ACT_LOG" if options.trial else "SCMP_ACT_ERRNO",
        **({} if options.trial else {"defaultErrnoRet": _EPERM}),
        "architectures": [architecture_name(architecture)],
        "syscalls": rules,
    }
    text = msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"
    return SeccompFilter(text, allowed, tuple(sorted(closed & frozenset(calls.seen))))


def architecture_name(architecture: str) -> str:
    """The name that seccomp filters have for an architecture of uname(1); ValueError where there is none."""
    if architecture not in _NAMES:
        message = f"seccomp filters for {architecture} are not known; known are {', '.join(_NAMES)}"
        raise ValueError(message)
    return _NAMES[architecture]


def _allowing(allowed: Collection[str], *, admin: bool) -> Iterator[dict[str, Any]]:
    """The rules that let through, with the conditions of Docker's default filter on arguments."""
    conditional = {"personality", "socket"} | (set[str]() if admin else {"clone"})
    yield {"names": [name for name in allowed if name not in conditional], "action": "SCMP_ACT_ALLOW"}
    if "clone" in allowed and not admin:
        yield _condition("clone", "SCMP_CMP_MASKED_EQ", _NAMESPACES, 0)
    if "socket" in allowed:
        yield _condition("socket", "SCMP_CMP_NE", _VSOCK)
    if "personality" in allowed:
        for value in _PERSONALITIES:
            yield _condition("personality", "SCMP_CMP_EQ", value)


def _refusing(closed: Iterable[str], *, admin: bool) -> Iterator[dict[str, Any]]:
    """The rules that refuse what Docker's default filter does, where all else is let through."""
    closed = frozenset(closed)
    yield {"names": sorted(closed - NEWER), "action": "SCMP_ACT_ERRNO", "errnoRet": _EPERM}
    yield {"names": sorted(closed & NEWER), "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS}
    yield _condition("socket", "SCMP_CMP_EQ", _VSOCK, action="SCMP_ACT_ERRNO")
    for bit in range(0 if admin else 32):
        if _NAMESPACES >> bit & 1:
            yield _condition("clone", "SCMP_CMP_MASKED_EQ", 1 << bit, 1 << bit, action="SCMP_ACT_ERRNO")


def _condition(
    name: str, operator: str, value: int, second: int | None = None, *, action: str = "SCMP_ACT_ALLOW"
) -> dict[str, Any]:
    """A rule on the first argument."""
    argument: dict[str, Any] = {"index": 0, "value": value, "op": operator}
    if second is not None:
        argument["valueTwo"] = second
    return {
        "names": [name],
        "action": action,
        **({"errnoRet": _EPERM} if action == "SCMP_ACT_ERRNO" else {}),
        "args": [argument],
    }
