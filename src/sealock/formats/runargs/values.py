"""The values of options: for each the function that reads it, which raises ValueError, and the one that spells it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from sealock.model.container import Device, Label, Link, Port, Restart, Sysctl, Ulimit, Variable

_UNITS: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_ULIMITS: Final = frozenset(
    [
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)
_CAPABILITIES: Final = frozenset(
    [
        "ALL",
        "AUDIT_CONTROL",
        "AUDIT_READ",
        "AUDIT_WRITE",
        "BLOCK_SUSPEND",
        "BPF",
        "CHECKPOINT_RESTORE",
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "IPC_OWNER",
        "KILL",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_RAW",
        "PERFMON",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYSLOG",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "WAKE_ALARM",
    ]
)
_LONGEST_NUMBER: Final = 32


def holds_expansion(text: str) -> bool:
    """Whether a mark of an expansion that could not be resolved is in it (see `expansions`)."""
    return any("\ue000" <= one <= "\uf8ff" for one in text)


def boolean(text: str) -> bool:
    """Read a bool as Go's strconv does."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    msg = f'"{text}" is neither true nor false'
    raise ValueError(msg)


def integer(text: str) -> int:
    """Read a whole number: decimal, or as Go reads it with 0x, 0o, 0b."""
    if len(text) > _LONGEST_NUMBER or not text.isascii() or text != text.strip():
        msg = f'"{text}" is not a whole number'
        raise ValueError(msg)
    try:
        digits = text.lstrip("+-")
        return int(text, 8 if digits.startswith("0") and digits.isdigit() else 0)
    except ValueError:
        msg = f'"{text}" is not a whole number'
        raise ValueError(msg) from None


def size(text: str) -> int:
    """Read an amount of memory as the engine does: 512m, 1.5GiB, 1 kb, 1073741824; binary multiples all."""
    cut = max(text.rfind(one) for one in "0123456789. ") + 1
    number, unit = text[:cut].removesuffix(" "), text[cut:].lower()
    factor = "" if unit == "b" else unit[:1]
    try:
        if factor not in _UNITS or unit[1:] not in {"", "b", "ib"} or len(number) > _LONGEST_NUMBER or "_" in number:
            raise ValueError  # noqa: TRY301  one message for all that is wrong with it
        amount = int(float(number) * (1 << _UNITS[factor]))
    except (ValueError, OverflowError):
        msg = f'"{text}" is not a size such as 512m or 2g'
        raise ValueError(msg) from None
    if amount < 0 or not number.isascii():
        msg = f'"{text}" is not a size such as 512m or 2g'
        raise ValueError(msg)
    return amount


def swap(text: str) -> int:
    """Read a size or -1."""
    return -1 if text == "-1" else size(text)


def spell_size(amount: int) -> str:
    """Spell bytes by the largest unit that divides them."""
    for unit, power in (("g", 30), ("m", 20), ("k", 10)):
        if amount > 0 and amount % (1 << power) == 0:
            return f"{amount >> power}{unit}"
    return str(amount)


def cpus(text: str) -> float:
    """Read a number of processors, at most nine decimals."""
    try:
        if len(text) > _LONGEST_NUMBER or "_" in text or "e" in text.lower():
            raise ValueError  # noqa: TRY301  one message for all that is wrong with it
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        msg = f'"{text}" is not a number of processors'
        raise ValueError(msg) from None
    if (number * 10**9).denominator != 1:
        msg = f'"{text}" is too precise: nine decimals at most'
        raise ValueError(msg)
    return float(number)


def spell_number(number: float) -> str:
    """Spell a number without needless decimals."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def duration(text: str) -> float:
    """Read a time as Go writes it (1m30s, 1.5h, 300ms, 0) into seconds."""
    msg = f'"{text}" is not a time such as 30s or 1m30s'
    rest, total = text.removeprefix("+"), 0.0
    if rest == "0":
        return 0.0
    if not rest or rest[0] == "-" or len(rest) > 4 * _LONGEST_NUMBER:
        raise ValueError(msg)
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        tail = rest[digits:]
        letters = len(tail) - len(tail.lstrip("nuµμmsh"))
        unit = tail[:letters]
        if unit not in _SECONDS:
            raise ValueError(msg)
        try:
            total += float(rest[:digits]) * _SECONDS[unit]
        except ValueError:
            raise ValueError(msg) from None
        rest = tail[letters:]
    return total


def spell_duration(seconds: float) -> str:
    """Spell seconds as Go reads them."""
    if seconds and seconds % 60 == 0:
        return f"{int(seconds // 60)}m"
    return f"{spell_number(seconds)}s"


def capability(text: str) -> str:
    """Normalise a capability's name: upper case, without CAP_."""
    name = text.strip().upper().removeprefix("CAP_")
    if name in _CAPABILITIES:
        return name
    if holds_expansion(text):
        return text
    msg = f'"{text}" is not a capability'
    raise ValueError(msg)


def variable(text: str) -> Variable:
    """Read NAME=value, or NAME for a variable that is taken over."""
    name, equals, value = text.partition("=")
    if not name:
        msg = f'"{text}" is not a variable: its name is missing'
        raise ValueError(msg)
    return Variable(name, value if equals else None)


def spell_variable(one: Variable) -> str:
    """Spell NAME=value or NAME."""
    return one.name if one.value is None else f"{one.name}={one.value}"


def label(text: str) -> Label:
    """Read a label, whose value may be missing."""
    name, _, value = text.partition("=")
    if not name:
        msg = f'"{text}" is not a label: its name is missing'
        raise ValueError(msg)
    return Label(name, value)


def spell_label(one: Label) -> str:
    """Spell name=value."""
    return f"{one.name}={one.value}"


def pair(text: str) -> tuple[str, str]:
    """Read name=value, where the value may be missing."""
    name, _, value = text.partition("=")
    return name, value


def spell_pair(one: tuple[str, str]) -> str:
    """Spell name=value."""
    return f"{one[0]}={one[1]}"


def sysctl(text: str) -> Sysctl:
    """Read a kernel parameter."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        msg = f'"{text}" is not of the form name=value'
        raise ValueError(msg)
    return Sysctl(name, value)


def spell_sysctl(one: Sysctl) -> str:
    """Spell name=value."""
    return f"{one.name}={one.value}"


def link(text: str) -> Link:
    """Read CONTAINER or CONTAINER:ALIAS."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 2:
        msg = f'"{text}" is not of the form container:alias'
        raise ValueError(msg)
    target = parts[0].removeprefix("/")
    alias = parts[1].rpartition("/")[2] if len(parts) == 2 else target
    return Link(target, alias or target)


def spell_link(one: Link) -> str:
    """Spell CONTAINER or CONTAINER:ALIAS."""
    return one.target if one.target == one.alias else f"{one.target}:{one.alias}"


def ulimit(text: str) -> Ulimit:
    """Read NAME=soft or NAME=soft:hard."""
    name, equals, limits = text.partition("=")
    soft, colon, hard = limits.partition(":")
    if name not in _ULIMITS or not equals:
        msg = f'"{text}" is not a ulimit such as nofile=1024:2048'
        raise ValueError(msg)
    low = -1 if soft == "unlimited" else integer(soft)
    high = low if not colon else -1 if hard == "unlimited" else integer(hard)
    if high != -1 and (low == -1 or low > high):
        msg = f'"{text}": the soft limit is above the hard one'
        raise ValueError(msg)
    return Ulimit(name, low, high)


def spell_ulimit(one: Ulimit) -> str:
    """Spell NAME=soft:hard, shorter where both are the same."""
    return f"{one.name}={one.soft}" if one.soft == one.hard else f"{one.name}={one.soft}:{one.hard}"


def restart(text: str) -> Restart:
    """Read a restart policy with its retries."""
    policy, colon, count = text.partition(":")
    if colon and not policy:
        msg = f'"{text}" names no policy before the colon'
        raise ValueError(msg)
    if policy not in {"", "no", "always", "unless-stopped", "on-failure"}:
        msg = f'"{text}" is not a restart policy'
        raise ValueError(msg)
    retries = integer(count) if colon else None
    if retries and policy != "on-failure":
        msg = f'"{text}": only on-failure takes a number of retries'
        raise ValueError(msg)
    # The engine takes 0 for "without end".
    return Restart(policy or "no", retries or None)


def spell_restart(one: Restart) -> str:
    """Spell a restart policy with its retries."""
    return one.policy if one.retries is None else f"{one.policy}:{one.retries}"


def device(text: str) -> Device:
    """Read SOURCE[:TARGET][:rwm], or a CDI name such as vendor.com/class=device."""
    if "=" in text and not text.startswith("/"):
        return Device(text, "")
    parts = text.split(":")
    last = parts[-1]
    permissions = ""
    if len(parts) > 1 and last and len(set(last)) == len(last) and not set(last) - set("rwm"):
        permissions = parts.pop()
    target = parts[1] if len(parts) > 1 and parts[1] else parts[0]
    if not parts[0] or len(parts) > 2:
        msg = f'"{text}" is not a device such as /dev/fuse:/dev/fuse:rwm'
        raise ValueError(msg)
    if target.startswith("/") or holds_expansion(target[:1]):
        return Device(parts[0], target, permissions or "rwm")
    msg = f'"{text}" is not a device such as /dev/fuse: its path inside the container is not absolute'
    raise ValueError(msg)


def spell_device(one: Device) -> str:
    """Spell a device as short as it can be."""
    parts = [one.source]
    if one.target and one.target != one.source:
        parts.append(one.target)
    if one.permissions != "rwm":
        parts.append(one.permissions)
    return ":".join(parts)


def port_numbers(text: str) -> tuple[int, int]:
    """Read "80" or "8000-8010"; what nobody can resolve is taken for any port."""
    if holds_expansion(text):
        return 0, 0
    low, dash, high = text.partition("-")
    if not low.isascii() or not low.isdigit() or (dash and not (high.isascii() and high.isdigit())):
        msg = f'"{text}" is not a port'
        raise ValueError(msg)
    if len(low) > 5 or len(high) > 5:
        msg = f'"{text}" is not a port: the last is 65535'
        raise ValueError(msg)
    first, last = int(low), int(high or low)
    if not first <= last <= 65535:
        msg = f'"{text}" is not a port or a range of ports'
        raise ValueError(msg)
    return first, last


def exposed(text: str) -> str:
    """Read a port or range to expose, with its protocol."""
    ports, _, protocol = text.partition("/")
    if ":" in ports:
        msg = f'"{text}" is not a port to expose: --expose knows nothing of the host'
        raise ValueError(msg)
    port_numbers(ports)
    return f"{ports}/{_protocol(protocol, text)}"


def _protocol(text: str, whole: str) -> str:
    known = text.lower() or "tcp"
    if known not in {"tcp", "udp", "sctp"} and not holds_expansion(known):
        msg = f'"{whole}": "{text}" is not a protocol that can be published'
        raise ValueError(msg)
    return known


def port(text: str) -> Port:
    """Read [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], IPv6 addresses in brackets or bare."""
    body, _, protocol = text.partition("/")
    head, _, inner = body.rpartition(":")
    address, _, host = head.rpartition(":")
    first, last = port_numbers(inner)
    if host:
        low, high = port_numbers(host)
        if high - low != last - first and first != last and low:
            msg = f'"{text}": the two ranges of ports are not of one length'
            raise ValueError(msg)
    address = address.removeprefix("[").removesuffix("]")
    if address and ":" not in address and not _ipv4(address) and not holds_expansion(address):
        msg = f'"{text}": "{address}" is not an address of this host'
        raise ValueError(msg)
    return Port(inner, host or None, address or None, _protocol(protocol, text))


def _ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        one.isascii() and one.isdigit() and len(one) <= 3 and int(one) < 256 for one in parts
    )


def spell_port(one: Port) -> str:
    """Spell a published port."""
    address = f"[{one.address}]" if one.address and ":" in one.address else one.address
    body = one.container if one.host is None else f"{one.host}:{one.container}"
    if address:
        body = f"{address}:{body}" if one.host is not None else f"{address}::{body}"
    return body if one.protocol == "tcp" else f"{body}/{one.protocol}"


def extra_host(text: str) -> str:
    """Read name:address or name=address into the former."""
    name, equals, address = text.partition("=")
    if not equals:
        name, equals, address = text.partition(":")
    if not name or not equals or not address:
        msg = f'"{text}" is not of the form name:address'
        raise ValueError(msg)
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    return f"{name}:{address}"


def choice(*known: str) -> Callable[[str], str]:
    """Make a reader of one of several words."""

    def read(text: str) -> str:
        if text in known or holds_expansion(text):
            return text
        msg = f'"{text}" is none of {", ".join(filter(None, known))}'
        raise ValueError(msg)

    return read


def namespace(*known: str) -> Callable[[str], str]:
    """Make a reader of a namespace: one of the known words, or one to be shared."""

    def read(text: str) -> str:
        shared = text.startswith(("container:", "ns:", "pod")) and len(text) > len("container:")
        if text in known or not text or shared or text.startswith(("pod", "ns:")) or holds_expansion(text):
            return text
        msg = f'"{text}" is none of {", ".join(known)}, container:NAME'
        raise ValueError(msg)

    return read


def only_word(words: tuple[str, ...], option: str) -> str:
    """Spell what takes one word; several cannot be said."""
    if len(words) > 1:
        msg = f"{option} takes one word; the others stand behind the image"
        raise ValueError(msg)
    return words[0] if words else ""


def device_rule(text: str) -> str:
    """Read a device cgroup rule: type, numbers, permissions."""
    parts = text.split(" ")
    numbers = parts[1].split(":") if len(parts) == 3 else []
    fits = (
        len(numbers) == 2
        and parts[0] in {"a", "b", "c"}
        and all(one == "*" or (one.isascii() and one.isdigit()) for one in numbers)
        and parts[2]
        and not set(parts[2]) - set("rwm")
        and len(parts[2]) <= 3
    )
    if fits or holds_expansion(text):
        return text
    msg = f'"{text}" is not a device rule such as c 1:3 rwm'
    raise ValueError(msg)


def address(text: str) -> str:
    """Read an IP address."""
    if _ipv4(text) or (":" in text and not set(text) - set("0123456789abcdefABCDEF:.%")) or holds_expansion(text):
        return text
    msg = f'"{text}" is not an IP address'
    raise ValueError(msg)


def mac_address(text: str) -> str:
    """Read a hardware address."""
    parts = text.replace("-", ":").split(":")
    if (len(parts) in {6, 8} and all(len(one) == 2 and not set(one) - _HEX for one in parts)) or holds_expansion(text):
        return text
    msg = f'"{text}" is not a MAC address'
    raise ValueError(msg)


_HEX: Final = frozenset("0123456789abcdefABCDEF")


def natural16(text: str) -> int:
    """Read a whole number of at most 16 bits."""
    number = integer(text)
    if 0 <= number < 1 << 16:
        return number
    msg = f'"{text}" is not a number from 0 to 65535'
    raise ValueError(msg)


def key_value(text: str) -> str:
    """Check that a text is of the form key=value."""
    if "=" in text or holds_expansion(text):
        return text
    msg = f'"{text}" is not of the form key=value'
    raise ValueError(msg)


def stream(text: str) -> str:
    """Check the name of a standard stream."""
    if text.lower() in {"stdin", "stdout", "stderr"} or holds_expansion(text):
        return text
    msg = f'"{text}" is none of stdin, stdout, stderr'
    raise ValueError(msg)


def _of_device(text: str, read: Callable[[str], int]) -> int:
    path, colon, value = text.partition(":")
    if (not colon or not path.startswith("/dev/")) and not holds_expansion(text):
        msg = f'"{text}" is not of the form /dev/name:value'
        raise ValueError(msg)
    return 0 if holds_expansion(text) else read(value)


def weighted_device(text: str) -> int:
    """Check a device and its weight."""
    weight = _of_device(text, integer)
    if weight and not 10 <= weight <= 1000:
        msg = f'"{text}": a weight is from 10 to 1000'
        raise ValueError(msg)
    return weight


def throttled_bytes(text: str) -> int:
    """Check a device and its bytes in a second."""
    return _of_device(text, size)


def throttled_operations(text: str) -> int:
    """Check a device and its operations in a second."""
    return _of_device(text, integer)
