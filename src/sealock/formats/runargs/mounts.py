"""Mounts in their three spellings: -v SOURCE:TARGET:MODE, --mount KEY=VALUE,… and --tmpfs TARGET:OPTIONS."""

from __future__ import annotations

from typing import Final, cast

from msgspec.structs import replace

from sealock.formats.runargs.scalars import holds_expansion, invalid, parse_boolean, parse_fields, parse_size
from sealock.model.container import Mount, MountKind

PROPAGATIONS: Final = frozenset({
    "private", "rprivate", "shared", "rshared", "slave", "rslave",
})  # fmt: skip
_MODES: Final = frozenset({
    "rw", "z", "Z", "nocopy", "copy", "consistent", "cached", "delegated", "U", "O", "exec", "noexec", "suid",
    "nosuid", "dev", "nodev", "idmap", "bind", "rbind",
})  # fmt: skip
_KINDS: Final = frozenset({
    "bind", "volume", "tmpfs", "npipe", "cluster", "image", "devpts", "glob", "ramfs", "artifact",
})  # fmt: skip
_BARE_KEYS: Final = frozenset({
    "noexec", "exec", "suid", "nosuid", "dev", "nodev", "U", "chown", "idmap", "nocopy", "bind-nonrecursive",
    "bind-create-src", "notmpcopyup", "tmpcopyup", "z", "no-dereference", "noswap", "nocreate", "newinstance",
    "unbindable", "runbindable",
})  # fmt: skip


def is_host_path(source: str) -> bool:
    """Whether the source of -v is a path of the host rather than a volume's name."""
    return source[:1] in {"/", ".", "~", "$", "`", "\\"} or holds_expansion(source[:1]) or _has_drive(source)


def _has_drive(text: str) -> bool:
    return len(text) > 2 and text[0].isascii() and text[0].isalpha() and text[1] == ":" and text[2] in "/\\"


def _split_colons(text: str) -> list[str]:
    """Split at colons, except after a Windows drive letter; a target with a slash has one only if the source has."""
    parts: list[str] = []
    for part in text.split(":"):
        letter = bool(parts) and len(parts[-1]) == 1 and parts[-1].isalpha() and part[:1] in {"\\", "/"}
        if letter and (part[0] == "\\" or len(parts) == 1 or _has_drive(parts[0])):
            parts[-1] += f":{part}"
        elif not part and len(parts) == 2 and len(parts[-1]) == 1 and parts[-1].isalpha() and _has_drive(parts[0]):
            parts[-1] += ":\\"  # the root of a drive
        else:
            parts.append(part)
    return parts


_ACCESS: Final = frozenset({"ro", "readonly", "rw"})


def parse_volume(text: str, *, drives: bool = True) -> Mount:
    """Parse the value of -v. Unlike its client, the engine on Linux knows no Windows drives."""
    parts = _split_colons(text) if drives else text.split(":")
    source, target, mode = (None, parts[0], "") if len(parts) == 1 else (parts[0], parts[1], ":".join(parts[2:]))
    if len(parts) > 3 or not target or source == "" or (len(parts) == 3 and not mode):
        raise invalid(text, "is not a volume such as source:/target:ro")
    if not target.startswith(("/", "\\")) and not holds_expansion(target[:1]) and not _has_drive(target):
        raise invalid(text, "has no absolute path inside the container")
    kind: MountKind = "bind" if source is not None and is_host_path(source) else "volume"
    return _with_mode(Mount(kind, source, target), mode, text)


def _with_mode(mount: Mount, mode: str, text: str) -> Mount:
    read_only, propagation, options = False, None, []
    kinds: set[str] = set()
    for part in mode.split(",") if mode else ():
        kind = "access" if part in _ACCESS else "propagation" if part in PROPAGATIONS else ""
        if kind in kinds:
            raise invalid(text, f'has "{part}" and another mode of its kind')
        kinds |= {kind} - {""}
        if part in {"ro", "readonly"}:
            read_only = True
        elif part in PROPAGATIONS:
            propagation = part
        elif part == "rw":
            read_only = False
        elif part in _MODES or part.startswith(("idmap=", "upperdir=", "workdir=")) or holds_expansion(part):
            options.append(part)
        else:
            raise invalid(text, f'has the unknown mode "{part}"')
    return Mount(mount.kind, mount.source, mount.target, read_only, propagation, tuple(options))


def parse_tmpfs(text: str) -> Mount:
    """Parse the value of --tmpfs."""
    target, colon, option_text = text.partition(":")
    if not target.startswith("/") and not holds_expansion(target[:1]):
        raise invalid(text, "is not an absolute path with options")
    options = tuple(option_text.split(",")) if colon and option_text else ()
    other_options = tuple(option for option in options if option not in {"ro", "rw"})
    return Mount("tmpfs", None, target, read_only="ro" in options, options=other_options)


def parse_mount(text: str) -> Mount:
    """Parse the value of --mount."""
    fields = parse_fields(text)
    kind, source, target, read_only, propagation, options = "volume", None, "", False, None, []
    for field in fields:
        key, equals, value = field.partition("=")
        key = key.lower() if key != "U" else key
        if key == "type":
            kind = value.lower()
        elif key in {"source", "src"}:
            source = value
        elif key in {"target", "dst", "dest", "destination"}:
            target = value
        elif key in {"readonly", "ro"}:
            read_only = parse_boolean(value) if equals else True
        elif key in {"rw", "readwrite"}:
            read_only = not parse_boolean(value) if equals else False
        elif key == "bind-propagation":
            propagation = value
        elif key in _OPTION_OF:
            options.append(_OPTION_OF[key] + value)
        elif key == "volume-nocopy":
            options += ["nocopy"] if not equals or parse_boolean(value) else []
        elif equals and key in {"relabel", "consistency"}:
            options.append({"shared": "z", "private": "Z"}.get(value, value))
        elif (equals and key in _VALUE_KEYS) or key in _BARE_KEYS or field in PROPAGATIONS:
            options.append(field)
        else:
            raise invalid(text, f'has the unknown key "{field}"')
    return _validate(Mount(cast("MountKind", kind), source, target, read_only, propagation, tuple(options)), text)


_OPTION_OF: Final = {"tmpfs-size": "size=", "tmpfs-mode": "mode="}
_VALUE_KEYS: Final = frozenset({
    "bind-recursive", "volume-label", "volume-driver", "volume-opt", "volume-subpath", "image-subpath", "subpath",
    "idmap", "chown", "U", "exec", "suid", "dev", "noexec", "nosuid", "nodev", "bind-nonrecursive", "bind-create-src",
    "uid", "gid", "mode", "ptmxmode", "max", "title", "digest", "name",
})  # fmt: skip


def _validate(mount: Mount, text: str) -> Mount:
    fault = ""
    if mount.kind == "glob" and not mount.target and mount.source:
        return replace(mount, target=mount.source)  # each file is mounted where it is on the host
    if not mount.target:
        fault = "has no target"
    elif mount.kind not in _KINDS and not holds_expansion(mount.kind):
        fault = f'has the unknown type "{mount.kind}"'
    elif mount.kind in {"bind", "glob", "artifact", "image"} and not mount.source:
        fault = f"has no source, which a mount of the type {mount.kind} needs"
    elif mount.kind == "tmpfs" and mount.source:
        fault = "has a source, which a tmpfs does not take"
    if fault:
        raise invalid(text, fault)
    for option in mount.options:
        if option.startswith("size=") and not holds_expansion(option) and not option.endswith("%"):
            parse_size(option[5:])
    return mount


_VOLUME_OPTIONS: Final = _MODES | PROPAGATIONS


def spell_mount_option(mount: Mount) -> tuple[str, str]:
    """Spell a mount with its shortest option: ("volume", "a:/b:ro")."""
    if mount.kind == "tmpfs" and mount.source is None and mount.propagation is None:
        options = [*mount.options, *(["ro"] if mount.read_only else [])]
        return "tmpfs", ":".join([mount.target, *([",".join(options)] if options else [])])
    short = mount.kind in {"bind", "volume"} and all(option in _VOLUME_OPTIONS for option in mount.options)
    bind = mount.source is not None and is_host_path(mount.source)
    parts = [mount.target] if mount.source is None else [mount.source, mount.target]
    if short and bind == (mount.kind == "bind") and not any(":" in part or not part for part in parts):
        mode = [
            *(["ro"] if mount.read_only else []),
            *([mount.propagation] if mount.propagation else []),
            *mount.options,
        ]
        if not mode or mount.source is not None:
            return "volume", ":".join([*parts, *([",".join(mode)] if mode else [])])
    return "mount", spell_mount(mount)


def spell_mount(mount: Mount) -> str:
    """Spell a mount for --mount."""
    fields = [f"type={mount.kind}"]
    if mount.source is not None:
        fields.append(f"source={mount.source}")
    fields.append(f"target={mount.target}")
    if mount.read_only:
        fields.append("readonly")
    if mount.propagation:
        fields.append(f"bind-propagation={mount.propagation}")
    fields += [_spell_option(option) for option in mount.options]
    return ",".join(f'"{field}"' if "," in field else field for field in fields)


def _spell_option(option: str) -> str:
    if option.startswith(("size=", "mode=")):
        return f"tmpfs-{option}"
    if option in {"z", "Z"}:
        return f"relabel={'shared' if option == 'z' else 'private'}"
    if option in {"consistent", "cached", "delegated"}:
        return f"consistency={option}"
    return "volume-nocopy" if option == "nocopy" else option
