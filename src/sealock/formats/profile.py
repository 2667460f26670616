"""Reads and writes profiles: JSON in a stable order, so that a change shows as a few lines.

Paths, names and commands that look like secrets are masked when they are written: the file is meant to be committed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.formats import jsontree
from sealock.formats.jsontree import JsonNode
from sealock.model.location import Place, Source
from sealock.model.profile import LearningRun, Profile, ordered
from sealock.patterns import compile_lazily
from sealock.secrets.values import mask_words

SCHEMA: Final = 1
"""The version of the format; a change that older versions would misread raises it."""
_PATHS: Final = ("executed", "libraries", "read", "written")
_STEP: Final = compile_lazily(r"\.([^.\[\]`]+)|\[(\d+)\]")


class WrittenProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA, description="Version of this format.")]
    profile: Profile


def read_profile(source: Source) -> Profile:
    """Read a profile; TargetError with file, line and column for anything that is none."""
    root, faults = jsontree.parse(source.text)
    if faults or root is None:
        fault = faults[0] if faults else None
        raise _error(source, fault.place if fault else Place(0, 0), fault.message if fault else "it is empty")
    version = root.value.get("schema") if isinstance(root.value, dict) else None
    if version is not None and type(version.value) is int and version.value > SCHEMA:
        text = f"it has schema {version.value}, and this version of sealock reads schema {SCHEMA}"
        raise _error(source, version.place, text)
    try:
        return ordered(msgspec.convert(root.plain(), WrittenProfile).profile)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        raise _error(source, _node(root, path).place, message.lower()[:1] + message[1:]) from None


def _error(source: Source, place: Place, why: str) -> TargetError:
    location = source.location(place)
    return TargetError(f"{source.name}:{location.line}:{location.column}: not a profile: {why}")


def _node(root: JsonNode, path: str) -> JsonNode:
    """The node at a path as msgspec writes it ("`$.profile.runs[0]`"); the last one on the way that exists."""
    node = root
    for name, index in _STEP.findall(path):
        value = node.value
        if name and isinstance(value, dict) and name in value:
            node = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            node = value[int(index)]
    return node


def write_profile(profile: Profile) -> str:
    """Write a profile with secrets masked, ending in a line feed."""
    plain = msgspec.to_builtins(WrittenProfile(SCHEMA, ordered(_masked(profile))))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON schema of the file."""
    (reference,), components = msgspec.json.schema_components([WrittenProfile], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A profile, as `sealock learn` writes it",
        **reference,
        "$defs": components,
    }


def _masked(profile: Profile) -> Profile:
    paths = {field: tuple(map(_mask, getattr(profile, field))) for field in _PATHS}
    contacted = tuple(replace(contact, name=_mask(contact.name)) for contact in profile.contacted)
    return replace(profile, runs=tuple(map(_masked_run, profile.runs)), contacted=contacted, **paths)


def _masked_run(run: LearningRun) -> LearningRun:
    return replace(
        run,
        command=mask_words(run.command),
        exercise=_mask(run.exercise),
        lost=tuple(map(_mask, run.lost)),
    )


def _mask(text: str) -> str:
    return mask_words((text,))[0]
