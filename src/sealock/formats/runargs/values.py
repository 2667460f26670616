"""The elements of lists: parsers, which raise ValueError, and functions that spell them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sealock.formats.runargs.scalars import holds_expansion, invalid, parse_integer, parse_size
from sealock.model.capabilities import NAMES
from sealock.model.container import Device, Label, Link, Restart, Sysctl, Ulimit, Variable
from sealock.patterns import compile_lazily

_WINDOWS_CLASS: Final = compile_lazily(r"class/[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ULIMITS: Final = frozenset({
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
})  # fmt: skip

_CAPABILITIES: Final = frozenset({"ALL", *NAMES})


def parse_capability(text: str) -> str:
    """Normalise a capability's name: upper case, without CAP_."""
    name = text.strip().upper().removeprefix("CAP_")
    if name in _CAPABILITIES:
        return name
    if holds_expansion(text):
        return text
    raise invalid(text, "is not a capability")


def parse_variable(text: str) -> Variable:
    """Parse NAME=value, or NAME for a variable of the caller's environment."""
    name, equals, value = text.partition("=")
    if not name:
        raise invalid(text, "is not a variable: its name is missing")
    return Variable(name, value if equals else None)


def spell_variable(variable: Variable) -> str:
    """Spell NAME=value or NAME."""
    return variable.name if variable.value is None else f"{variable.name}={variable.value}"


def parse_label(text: str) -> Label:
    """Parse a label, whose value may be missing."""
    name, _, value = text.partition("=")
    if not name:
        raise invalid(text, "is not a label: its name is missing")
    return Label(name, value)


def spell_label(label: Label) -> str:
    """Spell name=value."""
    return f"{label.name}={label.value}"


def parse_pair(text: str) -> tuple[str, str]:
    """Parse name=value, where the value may be missing."""
    name, _, value = text.partition("=")
    return name, value


def spell_pair(pair: tuple[str, str]) -> str:
    """Spell name=value."""
    return f"{pair[0]}={pair[1]}"


def parse_key_value(text: str) -> str:
    """Check that a text is of the form key=value."""
    if "=" in text or holds_expansion(text):
        return text
    raise invalid(text, "is not of the form key=value")


def parse_sysctl(text: str) -> Sysctl:
    """Parse a sysctl."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise invalid(text, "is not of the form name=value")
    return Sysctl(name, value)


def spell_sysctl(sysctl: Sysctl) -> str:
    """Spell name=value."""
    return f"{sysctl.name}={sysctl.value}"


def parse_link(text: str) -> Link:
    """Parse CONTAINER or CONTAINER:ALIAS."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 2:
        raise invalid(text, "is not of the form container:alias")
    target = parts[0].removeprefix("/")
    alias = parts[1].rpartition("/")[2] if len(parts) == 2 else target
    return Link(target, alias or target)


def spell_link(link: Link) -> str:
    """Spell CONTAINER or CONTAINER:ALIAS."""
    return link.target if link.target == link.alias else f"{link.target}:{link.alias}"


ULIMITS_OF_HOST: Final = "host"
"""The value with which Podman leaves the limits as they are on the host."""


def parse_ulimit(text: str) -> Ulimit:
    """Parse NAME=soft or NAME=soft:hard."""
    name, equals, limits = text.partition("=")
    soft, colon, hard = limits.partition(":")
    if name not in _ULIMITS or not equals:
        raise invalid(text, "is not a ulimit such as nofile=1024:2048")
    low = -1 if soft == "unlimited" else parse_integer(soft)
    high = low if not colon else -1 if hard == "unlimited" else parse_integer(hard)
    if high != -1 and (low == -1 or low > high):
        raise invalid(text, "has a soft limit above the hard limit")
    return Ulimit(name, low, high)


def spell_ulimit(ulimit: Ulimit) -> str:
    """Spell NAME=soft:hard, or NAME=soft if both are equal."""
    return (
        f"{ulimit.name}={ulimit.soft}" if ulimit.soft == ulimit.hard else f"{ulimit.name}={ulimit.soft}:{ulimit.hard}"
    )


def parse_restart(text: str) -> Restart:
    """Parse a restart policy with its retries."""
    policy, colon, count = text.partition(":")
    if colon and not policy:
        raise invalid(text, "has no policy before the colon")
    if policy not in {"", "no", "always", "unless-stopped", "on-failure"}:
        raise invalid(text, "is not a restart policy")
    retries = parse_integer(count) if colon else None
    if retries and policy != "on-failure":
        raise invalid(text, "has retries, which only on-failure takes")
    # The engine takes 0 as unlimited.
    return Restart(policy or "no", retries or None)


def spell_restart(restart: Restart) -> str:
    """Spell a restart policy with its retries."""
    return restart.policy if restart.retries is None else f"{restart.policy}:{restart.retries}"


def parse_device(text: str) -> Device:
    """Parse SOURCE[:TARGET][:rwm], a CDI name such as vendor.com/class=device, or a class of Windows' devices."""
    if ("=" in text and not text.startswith("/")) or _WINDOWS_CLASS.fullmatch(text):
        return Device(text, "")
    parts = text.split(":")
    last = parts[-1]
    permissions = ""
    if len(parts) > 1 and last and len(set(last)) == len(last) and not set(last) - set("rwm"):
        permissions = parts.pop()
    target = parts[-1]
    if not parts[0] or len(parts) > 2:
        raise invalid(text, "is not a device such as /dev/fuse:/dev/fuse:rwm")
    if target.startswith("/") or holds_expansion(target[:1]):
        return Device(parts[0], target, permissions or "rwm")
    raise invalid(text, "is not a device such as /dev/fuse: its path inside the container is not absolute")


def spell_device(device: Device) -> str:
    """Spell a device in its shortest form."""
    parts = [device.source]
    if device.target and device.target != device.source:
        parts.append(device.target)
    if device.permissions != "rwm":
        parts.append(device.permissions)
    return ":".join(parts)


def parse_device_rule(text: str) -> str:
    """Parse a device cgroup rule: type, numbers, permissions."""
    parts = text.split(" ")
    numbers = parts[1].split(":") if len(parts) == 3 else []
    fits = (
        len(numbers) == 2
        and parts[0] in {"a", "b", "c"}
        and all(number == "*" or (number.isascii() and number.isdigit()) for number in numbers)
        and parts[2]
        and not set(parts[2]) - set("rwm")
        and len(parts[2]) <= 3
    )
    if fits or holds_expansion(text):
        return text
    raise invalid(text, "is not a device rule such as c 1:3 rwm")


def _parse_device_value(text: str, read: Callable[[str], int]) -> int:
    path, colon, value = text.partition(":")
    if (not colon or not path.startswith("/dev/")) and not holds_expansion(text):
        raise invalid(text, "is not of the form /dev/name:value")
    return 0 if holds_expansion(text) else read(value)


def parse_weighted_device(text: str) -> int:
    """Parse a device with its weight, and return the weight."""
    weight = _parse_device_value(text, parse_integer)
    if weight and not 10 <= weight <= 1000:
        raise invalid(text, "has a weight that is not from 10 to 1000")
    return weight


def parse_throttled_bytes(text: str) -> int:
    """Parse a device with its limit in bytes per second."""
    return _parse_device_value(text, parse_size)


def parse_throttled_operations(text: str) -> int:
    """Parse a device with its limit in operations per second."""
    return _parse_device_value(text, parse_integer)
