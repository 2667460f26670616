"""The elements of a service, out of a value and back: ports, mounts, devices, sizes, durations and the like.

Each reader raises ValueError with a sentence where the value is not of its kind.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from sealock.formats.compose.tree import Value
from sealock.model.container import Device, Mount, Port

_SIZES: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS: Final = rf"{_OCTET}(\.{_OCTET}){{3}}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
_PROPAGATION: Final = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})


def text(value: Value) -> str:
    """A text, or a number or truth value as text."""
    if isinstance(value.data, list | dict):
        msg = "must be a string"
        raise ValueError(msg)  # noqa: TRY004  callers catch one kind of error
    return value.shown if value.words else value.text


def boolean(value: Value) -> bool:
    """True or false; as text also yes, on, y and their opposites, which Compose takes here."""
    if isinstance(value.data, bool):
        return value.data
    word = value.data.lower() if isinstance(value.data, str) else ""
    if word in {"true", "yes", "on", "y", "1", "t"}:
        return True
    if word in {"false", "no", "off", "n", "0", "f"}:
        return False
    msg = f"must be true or false, not {value.text or 'empty'}"
    raise ValueError(msg)


def integer(value: Value) -> int:
    """A whole number, also as text."""
    if isinstance(value.data, int) and not isinstance(value.data, bool):
        return value.data
    if isinstance(value.data, float) and value.data == value.data // 1 and abs(value.data) < 1e18:
        return int(value.data)
    if isinstance(value.data, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.data):
        return int(value.data)
    msg = f"must be a whole number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def number(value: Value) -> float:
    """A number, also as text."""
    if isinstance(value.data, int | float) and not isinstance(value.data, bool):
        return float(value.data)
    if isinstance(value.data, str) and re.fullmatch(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", value.data):
        return float(value.data)
    msg = f"must be a number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def size(value: Value) -> int:
    """Bytes: a number, or a text such as 512m, 1.5gb, 1 GiB; the number -1 is unlimited where that has a meaning."""
    if isinstance(value.data, int | float) and not isinstance(value.data, bool) and abs(value.data) < 1e18:
        return int(value.data)
    word = value.data if isinstance(value.data, str) else ""
    found = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{0,18})?) ?(|b|[kmgtp]|[kmgtp]i?b)", word.lower())
    if found is None:
        msg = f"must be a size such as 512m, not {value.text[:40] or 'empty'}"
        raise ValueError(msg)
    return int(float(found[1]) * 2 ** _SIZES[found[2][:1]])


def duration(value: Value) -> float:
    """Seconds of a text such as 1m30s."""
    word = value.text
    if word == "0":
        return 0.0
    parts = re.findall(r"([0-9]{1,18}(?:\.[0-9]{0,18})?)(ns|us|µs|μs|ms|s|m|h)", word)
    if not parts or "".join(amount + unit for amount, unit in parts) != word.lstrip("+"):
        msg = f"must be a duration such as 1m30s, not {word[:40] or 'empty'}"
        raise ValueError(msg)
    return round(sum(float(amount) * _UNITS[unit] for amount, unit in parts), 9)


def seconds_as_text(seconds: float) -> str:
    """Write a duration as people do: 1m30s, 500ms."""
    if seconds != int(seconds):
        return f"{round(seconds * 1000)}ms"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount) or "0s"


def size_as_text(amount: int) -> str | int:
    """Write bytes as people do: 512m; -1 stays the number that it is."""
    for unit, shift in (("g", 30), ("m", 20), ("k", 10)):
        if amount > 0 and amount % 2**shift == 0:
            return f"{amount // 2**shift}{unit}"
    return f"{amount}b" if amount > 0 else amount


def capability(value: Value) -> str:
    """A capability's name without CAP_, in upper case."""
    return text(value).upper().removeprefix("CAP_")


def _known(value: Value | None, default: str = "") -> str:
    return default if value is None or value.data is None else text(value)


def port(value: Value) -> Port:
    """A published port, in its short or long form."""
    if isinstance(value.data, dict):
        target = _known(value.at("target"))
        if not target:
            msg = "a port needs a target"
            raise ValueError(msg)
        return Port(
            target,
            _known(value.at("published")) or None,
            _known(value.at("host_ip")) or None,
            _known(value.at("protocol")).lower() or "tcp",
        )
    return short_port(text(value), sure=not value.words)


def short_port(spec: str, *, sure: bool = True) -> Port:
    """Read [address:][host:]container[/protocol]. Where `sure` is false, variables may stand in it."""
    rest, slash, protocol = spec.rpartition("/")
    if not slash or "}" in protocol:
        rest, protocol = spec, "tcp"
    *before, container = split(rest)
    host = before.pop() if before else ""
    address = ":".join(before)
    if not sure:
        return Port(container, host or None, address.removeprefix("[").removesuffix("]") or None, protocol.lower())
    for one in (container, host):
        _check_range(spec, one)
    if not container:
        msg = f"no container port in {spec[:60]!r}"
        raise ValueError(msg)
    if protocol.lower() not in {"tcp", "udp", "sctp"}:
        msg = f"the protocol of {spec[:60]!r} is to be tcp, udp or sctp"
        raise ValueError(msg)
    if _width(host) not in {1, _width(container)} and _width(container) != 1:
        msg = f"the ranges of {spec[:60]!r} differ in length"
        raise ValueError(msg)
    address = address.removeprefix("[").removesuffix("]")
    if address and not re.fullmatch(_ADDRESS, address):
        msg = f"{address[:60]!r} is no IP address"
        raise ValueError(msg)
    return Port(container, host or None, address or None, protocol.lower())


def _check_range(spec: str, one: str) -> None:
    numbers = one.split("-", 1) if one else []
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 and int(part) <= 65535 for part in numbers) or (
        len(numbers) == 2 and int(numbers[0]) > int(numbers[1])
    ):
        msg = f"{one[:40]!r} in {spec[:60]!r} is no port and no range of ports"
        raise ValueError(msg)


def _width(ports: str) -> int:
    first, dash, last = ports.partition("-")
    return int(last) - int(first) + 1 if dash else 1


def port_as_text(one: Port) -> str:
    """Write a port in its short form."""
    address = f"[{one.address}]" if one.address and ":" in one.address else one.address
    before = f"{address}:{one.host or ''}:" if address else f"{one.host}:" if one.host else ""
    return f"{before}{one.container}" + ("" if one.protocol == "tcp" else f"/{one.protocol}")


def port_as_mapping(one: Port) -> dict[str, object]:
    """Write a port in its long form."""
    target: object = int(one.container) if one.container.isdigit() else one.container
    return {
        "target": target,
        **({"published": one.host} if one.host else {}),
        **({"host_ip": one.address} if one.address else {}),
        **({"protocol": one.protocol} if one.protocol != "tcp" else {}),
    }


def mount(value: Value) -> Mount:
    """An item of `volumes`, in its short or long form."""
    if isinstance(value.data, dict):
        return _long_mount(value)
    return short_mount(text(value), sure=not value.words)


def is_path(source: str) -> bool:
    """Whether the source of a short form is a path of the host rather than a volume's name."""
    return source[:1] in {".", "/", "~"} or source.startswith("\\\\") or (source[1:2] == ":" and source[0].isalpha())


def short_mount(spec: str, *, sure: bool = True) -> Mount:
    """Read [source:]target[:options]; colons within ${…} and behind a drive's letter do not part."""
    parts = split(spec, drives=True)
    if not spec or (sure and not all(parts)) or len(parts) > 3:
        msg = f"{spec[:60]!r} is no volume: source:target:options"
        raise ValueError(msg)
    if len(parts) == 1 or len(spec) <= 2:
        return Mount("volume", None, _clean(spec))
    source, target = parts[:2]
    words = parts[2].split(",") if len(parts) == 3 else []
    kind = "bind" if is_path(source) else "volume"
    return Mount(
        kind,  # type: ignore[arg-type]  # one of the two literals above
        source,
        _clean(target),
        "ro" in words,
        next((word for word in words if word in _PROPAGATION), None),
        tuple(word for word in words if word in {"nocopy", "z", "Z"}),
    )


def split(spec: str, *, drives: bool = False) -> list[str]:
    """Split at colons, but not within ${…} and [..], and with `drives` not behind a single letter (C:)."""
    parts, start, depth = [], 0, 0
    for at, one in enumerate(spec):
        depth += (one == "[" or (one == "{" and spec[at - 1 : at] == "$")) - (one in "]}" and depth > 0)
        if one == ":" and not depth and not (drives and at - start == 1 and spec[start].isalpha()):
            parts.append(spec[start:at])
            start = at + 1
    return [*parts, spec[start:]]


def _clean(target: str) -> str:
    return posixpath.normpath(target) if target and "\\" not in target else target


def _long_mount(value: Value) -> Mount:
    kind = _known(value.at("type"))
    if kind not in {"bind", "volume", "tmpfs", "npipe", "cluster", "image"}:
        msg = f"{kind[:40]!r} is no type of mount"
        raise ValueError(msg)
    options = []
    nocopy = value.at("volume", "nocopy")
    if nocopy and boolean(nocopy):
        options.append("nocopy")
    if selinux := _known(value.at("bind", "selinux")):
        options.append(selinux)
    if amount := value.at("tmpfs", "size"):
        options.append(f"size={text(amount)}")
    if mode := value.at("tmpfs", "mode"):
        options.append(
            f"mode={integer(mode):o}" if not isinstance(mode.data, str) else f"mode={mode.data.lstrip('0o')}"
        )
    read_only = value.at("read_only")
    return Mount(
        kind,  # type: ignore[arg-type]  # one of the literals above
        _known(value.at("source")) or None,
        _clean(_known(value.at("target"))),
        bool(read_only and boolean(read_only)),
        _known(value.at("bind", "propagation")) or None,
        tuple(options),
    )


def mount_as_text(one: Mount) -> str | None:
    """Write a mount in its short form; None where that cannot say it."""
    words = [*(["ro"] if one.read_only else []), *([one.propagation] if one.propagation else []), *one.options]
    plain = all(word in {"nocopy", "z", "Z"} for word in one.options)
    if one.source is None:
        return one.target if one.kind == "volume" and not words else None
    if one.kind not in {"bind", "volume"} or (one.kind == "bind") != is_path(one.source) or not plain:
        return None
    return ":".join([one.source, one.target, *([",".join(words)] if words else [])])


def mount_as_mapping(one: Mount) -> dict[str, object]:
    """Write a mount in its long form."""
    sized = dict(word.split("=", 1) for word in one.options if "=" in word)
    tmpfs: dict[str, object] = {}
    if "size" in sized:
        tmpfs["size"] = sized["size"]
    if "mode" in sized and re.fullmatch("[0-7]{1,5}", sized["mode"]):
        tmpfs["mode"] = int(sized["mode"], 8)
    selinux = next((word for word in one.options if word in {"z", "Z"}), None)
    bind = {
        **({"propagation": one.propagation} if one.propagation else {}),
        **({"selinux": selinux} if selinux else {}),
    }
    return {
        "type": one.kind,
        **({"source": one.source} if one.source is not None else {}),
        "target": one.target,
        **({"read_only": True} if one.read_only else {}),
        **({"bind": bind} if bind else {}),
        **({"volume": {"nocopy": True}} if "nocopy" in one.options else {}),
        **({"tmpfs": tmpfs} if tmpfs else {}),
    }


def tmpfs(value: Value) -> Mount:
    """An item of `tmpfs`: target[:options]."""
    target, _, words = text(value).partition(":")
    if not target:
        msg = "a tmpfs needs a target"
        raise ValueError(msg)
    options = [word for word in words.split(",") if word]
    kept = tuple(word for word in options if word not in {"ro", "rw"})
    return Mount("tmpfs", None, _clean(target), "ro" in options, None, kept)


def tmpfs_as_text(one: Mount) -> str:
    """Write a tmpfs in its short form."""
    words = [*(["ro"] if one.read_only else []), *one.options]
    return f"{one.target}:{','.join(words)}" if words else one.target


def device(value: Value) -> Device:
    """An item of `devices`, in its short or long form."""
    if isinstance(value.data, dict):
        source = _known(value.at("source"))
        return Device(source, _known(value.at("target")) or source, _known(value.at("permissions")) or "rwm")
    parts = split(text(value))
    if not parts[0] or len(parts) > 3:
        msg = f"{text(value)[:60]!r} is no device: source:target:permissions"
        raise ValueError(msg)
    return Device(
        parts[0], parts[1] if len(parts) > 1 and parts[1] else parts[0], parts[2] if len(parts) > 2 else "rwm"
    )


def device_as_text(one: Device) -> str:
    """Write a device in its short form."""
    return f"{one.source}:{one.target}" + ("" if one.permissions == "rwm" else f":{one.permissions}")
