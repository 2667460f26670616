"""Parses `RUN --mount=…`."""

from __future__ import annotations

from typing import Final

from sealock.formats.csvfields import split_fields
from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.scope import ParseState
from sealock.model.absent import Absent
from sealock.model.build import Flag, RunMount
from sealock.model.location import Place

_TYPES: Final = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_FLAGS: Final = frozenset({
    "readonly", "ro", "readwrite", "rw", "required",
    # Buildah's: on hosts with SELinux a Containerfile needs the first.
    "z", "u", "chown", "bind-nonrecursive", "tmpcopyup", "notmpcopyup", "nosuid", "nodev", "noexec",
})  # fmt: skip
_KEYS: Final = _FLAGS | {
    "type", "from", "source", "src", "target", "dst", "destination", "id", "sharing", "size", "mode", "uid", "gid",
    "env", "relabel", "bind-propagation",
}  # fmt: skip


def parse_run_mount(flag: Flag, state: ParseState) -> RunMount:
    """Parse the flag; DockerfileSyntaxError for keys and types that neither BuildKit nor Buildah knows."""
    kind = "bind"
    options: list[tuple[str, str]] = []
    text = flag.value.text if flag.value else ""
    try:
        fields = split_fields(text)
    except ValueError as error:
        raise DockerfileSyntaxError(message=f"--mount {error}", place=flag.place) from None
    for field in fields:
        key, equals, value = field.partition("=")
        key = key.lower()
        if key not in _KEYS or not (equals or key in _FLAGS):
            message = (
                f"--mount has no option {key[:40]}" if key not in _KEYS else f"--mount's option {key} needs a value"
            )
            raise DockerfileSyntaxError(message, flag.place)
        if key == "from" and "$" in value[:-1]:
            message = "--mount=from=… takes no variables: use the name of a stage"
            raise DockerfileSyntaxError(message, flag.place)
        value = _expand(value, flag.place, state)
        if key == "type":
            kind = value.lower()
            if kind not in _TYPES and "$" not in kind:
                raise DockerfileSyntaxError(message=f"--mount has no type {kind[:40]}", place=flag.place)
        options.append((key, value if equals else "true"))
    return RunMount(kind, tuple(options), flag.place)


def _expand(raw: str, place: Place, state: ParseState) -> str:
    value = state.value(raw, place)
    return raw if isinstance(value, Absent) else value
