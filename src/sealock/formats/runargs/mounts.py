"""Mounts in their three spellings: -v SOURCE:TARGET:MODE, --mount KEY=VALUE,… and --tmpfs TARGET:OPTIONS."""

from __future__ import annotations

from typing import Final, cast

from sealock.formats.runargs.scalars import boolean, holds_expansion, size
from sealock.model.container import Mount, MountKind

PROPAGATIONS: Final = frozenset({
    "private", "rprivate", "shared", "rshared", "slave", "rslave",
})  # fmt: skip
_MODES: Final = frozenset({
    "rw", "z", "Z", "nocopy", "copy", "consistent", "cached", "delegated", "U", "O", "exec", "noexec", "suid",
    "nosuid", "dev", "nodev", "idmap", "bind", "rbind",
})  # fmt: skip
_KINDS: Final = frozenset({
    "bind", "volume", "tmpfs", "npipe", "cluster", "image", "devpts", "glob", "ramfs",
})  # fmt: skip
_PLAIN: Final = frozenset({
    "noexec", "exec", "suid", "nosuid", "dev", "nodev", "U", "chown", "idmap", "nocopy",
})  # fmt: skip


def host_path(source: str) -> bool:
    """Whether the source of -v is a path of the host rather than a volume's name."""
    return source[:1] in {"/", ".", "~", "$", "`", "\\"} or holds_expansion(source[:1]) or _drive(source)


def _drive(text: str) -> bool:
    return len(text) > 2 and text[0].isascii() and text[0].isalpha() and text[1] == ":" and text[2] in "/\\"


def _split(text: str) -> list[str]:
    """Split at colons, but for those behind a Windows drive's letter."""
    parts: list[str] = []
    for part in text.split(":"):
        if parts and len(parts[-1]) == 1 and parts[-1].isalpha() and part[:1] in {"\\", "/"} and len(parts) != 2:
            parts[-1] += f":{part}"
        else:
            parts.append(part)
    return parts


def volume(text: str, *, drives: bool = True) -> Mount:
    """Read what -v says. The engine itself, unlike its client, knows of no drives where it runs on Linux."""
    parts = _split(text) if drives else text.split(":")
    source, target, mode = (None, parts[0], "") if len(parts) == 1 else (parts[0], parts[1], ":".join(parts[2:]))
    if len(parts) > 3 or not target or source == "" or (len(parts) == 3 and not mode):
        msg = f'"{text}" is not a volume such as source:/target:ro'
        raise ValueError(msg)
    if not target.startswith(("/", "\\")) and not holds_expansion(target[:1]) and not _drive(target):
        msg = f'"{text}": the path inside the container is not absolute'
        raise ValueError(msg)
    kind: MountKind = "bind" if source is not None and host_path(source) else "volume"
    return _with_mode(Mount(kind, source, target), mode, text)


def _with_mode(mount: Mount, mode: str, text: str) -> Mount:
    read_only, propagation, options = False, None, []
    for part in mode.split(",") if mode else ():
        if part in {"ro", "readonly"}:
            read_only = True
        elif part in PROPAGATIONS:
            propagation = part
        elif part == "rw":
            read_only = False
        elif part in _MODES or part.startswith(("idmap=", "upperdir=", "workdir=")) or holds_expansion(part):
            options.append(part)
        else:
            msg = f'"{text}": "{part}" is not a mode of a volume'
            raise ValueError(msg)
    return Mount(mount.kind, mount.source, mount.target, read_only, propagation, tuple(options))


def tmpfs(text: str) -> Mount:
    """Read what --tmpfs says."""
    target, colon, options = text.partition(":")
    if not target.startswith("/") and not holds_expansion(target[:1]):
        msg = f'"{text}" is not an absolute path with options'
        raise ValueError(msg)
    given = tuple(options.split(",")) if colon and options else ()
    kept = tuple(one for one in given if one not in {"ro", "rw"})
    return Mount("tmpfs", None, target, read_only="ro" in given, options=kept)


def _columns(text: str) -> list[str]:
    """Split at commas; a field in quotes may hold some."""
    if '"' not in text:
        return text.split(",")
    import csv  # noqa: PLC0415  hardly ever needed

    try:
        (fields,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        msg = f'"{text}" is not a list of key=value'
        raise ValueError(msg) from None
    return fields


def mount(text: str) -> Mount:
    """Read what --mount says."""
    fields = _columns(text)
    kind, source, target, read_only, propagation, options = "volume", None, "", False, None, []
    for field in fields:
        key, equals, value = field.partition("=")
        key = key.lower() if key != "U" else key
        if key == "type":
            kind = value.lower()
        elif key in {"source", "src"}:
            source = value
        elif key in {"target", "dst", "destination"}:
            target = value
        elif key in {"readonly", "ro"}:
            read_only = boolean(value) if equals else True
        elif key == "rw":
            read_only = not boolean(value) if equals else False
        elif key == "bind-propagation":
            propagation = value
        elif key in _OPTION_OF:
            options.append(_OPTION_OF[key] + value)
        elif key == "volume-nocopy":
            options += ["nocopy"] if not equals or boolean(value) else []
        elif equals and key in {"relabel", "consistency"}:
            options.append({"shared": "z", "private": "Z"}.get(value, value))
        elif (
            (equals and key in _OTHER)
            or key in _PLAIN
            or key in {"bind-nonrecursive", "notmpcopyup", "tmpcopyup"}
            or field in PROPAGATIONS
        ):
            options.append(field)
        else:
            msg = f'"{text}": "{field}" is not a key of --mount'
            raise ValueError(msg)
    return _checked(Mount(cast("MountKind", kind), source, target, read_only, propagation, tuple(options)), text)


_OPTION_OF: Final = {"tmpfs-size": "size=", "tmpfs-mode": "mode="}
_OTHER: Final = frozenset({
    "bind-recursive", "volume-label", "volume-driver", "volume-opt", "volume-subpath", "image-subpath", "subpath",
    "idmap", "chown", "U", "exec", "suid", "dev", "noexec", "nosuid", "nodev", "bind-nonrecursive",
    "bind-create-src",
})  # fmt: skip


def _checked(one: Mount, text: str) -> Mount:
    said = ""
    if not one.target:
        said = "it names no target"
    elif one.kind not in _KINDS and not holds_expansion(one.kind):
        said = f'"{one.kind}" is not a kind of mount'
    elif one.kind == "bind" and not one.source:
        said = "a bind mount needs a source"
    elif one.kind == "tmpfs" and one.source:
        said = "a tmpfs has no source"
    if said:
        msg = f'"{text}": {said}'
        raise ValueError(msg)
    for option in one.options:
        if option.startswith("size=") and not holds_expansion(option) and not option.endswith("%"):
            size(option[5:])
    return one


_VOLUME_OPTIONS: Final = _MODES | PROPAGATIONS


def spell(one: Mount) -> tuple[str, str]:
    """Spell a mount by the option that is shortest for it: ("volume", "a:/b:ro")."""
    if one.kind == "tmpfs" and one.source is None and one.propagation is None:
        options = [*one.options, *(["ro"] if one.read_only else [])]
        return "tmpfs", ":".join([one.target, *([",".join(options)] if options else [])])
    short = one.kind in {"bind", "volume"} and all(option in _VOLUME_OPTIONS for option in one.options)
    bind = one.source is not None and host_path(one.source)
    parts = [one.target] if one.source is None else [one.source, one.target]
    if short and bind == (one.kind == "bind") and not any(":" in part or not part for part in parts):
        mode = [*(["ro"] if one.read_only else []), *([one.propagation] if one.propagation else []), *one.options]
        if not mode or one.source is not None:
            return "volume", ":".join([*parts, *([",".join(mode)] if mode else [])])
    return "mount", spell_mount(one)


def spell_mount(one: Mount) -> str:
    """Spell a mount as --mount does."""
    fields = [f"type={one.kind}"]
    if one.source is not None:
        fields.append(f"source={one.source}")
    fields.append(f"target={one.target}")
    if one.read_only:
        fields.append("readonly")
    if one.propagation:
        fields.append(f"bind-propagation={one.propagation}")
    fields += [_key_of(option) for option in one.options]
    return ",".join(f'"{field}"' if "," in field else field for field in fields)


def _key_of(option: str) -> str:
    if option.startswith(("size=", "mode=")):
        return f"tmpfs-{option}"
    if option in {"z", "Z"}:
        return f"relabel={'shared' if option == 'z' else 'private'}"
    if option in {"consistent", "cached", "delegated"}:
        return f"consistency={option}"
    return "volume-nocopy" if option == "nocopy" else option
