"""Reads and writes mounts and devices, in their short and long forms."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import boolean, integer, known, split, text
from sealock.model.container import Device, Mount
from sealock.patterns import compile_lazily

_PROPAGATION: Final = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})

_BELOW_VARIABLE: Final = compile_lazily(r"\$(?:\{[^{}]*\}|\w+)/")
_DIRECTORIES: Final = frozenset({"$HOME", "${HOME}", "$PWD", "${PWD}"})
"""Variables of the environment that name a directory of the host."""


def mount(value: ComposeValue) -> Mount:
    """An item of `volumes`, in its short or long form."""
    if value.is_mapping:
        return _long_mount(value)
    return short_mount(text(value), sure=not value.unset)


def is_path(source: str) -> bool:
    """Whether the source of a short form is a host path, not a volume's name, which has no slash."""
    return (
        _BELOW_VARIABLE.match(source) is not None
        or source in _DIRECTORIES
        or source[:1] in {".", "/", "~"}
        or source.startswith("\\\\")
        or (source[1:2] == ":" and source[0].isalpha())
    )


def short_mount(spec: str, *, sure: bool = True) -> Mount:
    """Read [source:]target[:options]; colons within ${…} and after a drive letter do not separate."""
    parts = split(spec, drives=True)
    if not spec or (sure and not all(parts)) or len(parts) > 3:
        msg = f"{spec[:60]!r} is not a volume: source:target:options"
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


def _clean(target: str) -> str:
    return posixpath.normpath(target) if target and "\\" not in target else target


def _long_mount(value: ComposeValue) -> Mount:
    kind = known(value.at("type"))
    if kind not in {"bind", "volume", "tmpfs", "npipe", "cluster", "image"}:
        msg = f"{kind[:40]!r} is not a mount type"
        raise ValueError(msg)
    options = []
    nocopy = value.at("volume", "nocopy")
    if nocopy and boolean(nocopy):
        options.append("nocopy")
    if selinux := known(value.at("bind", "selinux")):
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
        known(value.at("source")) or None,
        _clean(known(value.at("target"))),
        bool(read_only and boolean(read_only)),
        known(value.at("bind", "propagation")) or None,
        tuple(options),
    )


def mount_as_text(mount: Mount) -> str | None:
    """Write a mount in its short form; None where that is not possible."""
    words = [*(["ro"] if mount.read_only else []), *([mount.propagation] if mount.propagation else []), *mount.options]
    plain = all(word in {"nocopy", "z", "Z"} for word in mount.options)
    if mount.source is None:
        return mount.target if mount.kind == "volume" and not words else None
    if mount.kind not in {"bind", "volume"} or (mount.kind == "bind") != is_path(mount.source) or not plain:
        return None
    return ":".join([mount.source, mount.target, *([",".join(words)] if words else [])])


def mount_as_mapping(mount: Mount) -> dict[str, object]:
    """Write a mount in its long form."""
    sized = dict(word.split("=", 1) for word in mount.options if "=" in word)
    tmpfs: dict[str, object] = {}
    if "size" in sized:
        tmpfs["size"] = sized["size"]
    if "mode" in sized and re.fullmatch("[0-7]{1,5}", sized["mode"]):
        tmpfs["mode"] = int(sized["mode"], 8)
    selinux = next((word for word in mount.options if word in {"z", "Z"}), None)
    bind = {
        **({"propagation": mount.propagation} if mount.propagation else {}),
        **({"selinux": selinux} if selinux else {}),
    }
    return {
        "type": mount.kind,
        **({"source": mount.source} if mount.source is not None else {}),
        "target": mount.target,
        **({"read_only": True} if mount.read_only else {}),
        **({"bind": bind} if bind else {}),
        **({"volume": {"nocopy": True}} if "nocopy" in mount.options else {}),
        **({"tmpfs": tmpfs} if tmpfs else {}),
    }


def tmpfs(value: ComposeValue) -> Mount:
    """An item of `tmpfs`: target[:options]."""
    target, _, words = text(value).partition(":")
    if not target:
        msg = "a tmpfs needs a target"
        raise ValueError(msg)
    options = [word for word in words.split(",") if word]
    kept = tuple(word for word in options if word not in {"ro", "rw"})
    return Mount("tmpfs", None, _clean(target), "ro" in options, None, kept)


def tmpfs_as_text(mount: Mount) -> str:
    """Write a tmpfs in its short form."""
    words = [*(["ro"] if mount.read_only else []), *mount.options]
    return f"{mount.target}:{','.join(words)}" if words else mount.target


def device(value: ComposeValue) -> Device:
    """An item of `devices`, in its short or long form."""
    if value.is_mapping:
        source = known(value.at("source"))
        return Device(source, known(value.at("target")) or source, known(value.at("permissions")) or "rwm")
    parts = split(text(value))
    if not parts[0] or len(parts) > 3:
        msg = f"{text(value)[:60]!r} is not a device: source:target:permissions"
        raise ValueError(msg)
    return Device(
        parts[0], parts[1] if len(parts) > 1 and parts[1] else parts[0], parts[2] if len(parts) > 2 else "rwm"
    )


def device_as_text(device: Device) -> str:
    """Write a device in its short form."""
    return f"{device.source}:{device.target}" + ("" if device.permissions == "rwm" else f":{device.permissions}")
