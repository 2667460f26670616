"""Image configurations, OCI's and Docker's: the defaults of an image's containers, and the history of its layers."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from sealock.errors import FormatError
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import JsonNode, parse
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.change import SubjectChange
from sealock.model.container import Container, Health, Label, Mount, Variable, container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import Place, Source

SAYS: Final = (
    "platform", "user", "expose", "environment", "entrypoint", "command", "mounts", "working_dir", "labels",
    "stop_signal", "health", "history",
)  # fmt: skip
SILENT: Final = "an image configuration has no run-time settings"


def read(source: Source, files: FileWindow = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read one image configuration."""
    root, faults = parse(source.text)
    errors = [InputError(f"not valid JSON: {fault.message}", source.location(fault.place)) for fault in faults]
    if root is None:
        return Document("image-config", {"": source}, (), tuple(errors))
    reader = JsonReader()
    noun = _image(reader, root)
    errors += [InputError(message, source.location(node.place)) for message, node in reader.wrong]
    subject = Subject("image", noun, reader.where, reader.unresolved, SILENT, partial=True)
    return Document("image-config", {"": source}, (subject,), tuple(errors))


def edits(document: Document, subject: Subject, change: SubjectChange) -> NoReturn:  # noqa: ARG001  the interface of all formats
    """Refuse: a changed configuration is another image."""
    msg = "changing an image's configuration would change its digest: change the Dockerfile and build it again"
    raise FormatError(msg)


def _image(reader: JsonReader, root: JsonNode) -> Container:
    reader.where[()] = Place(root.start, min(root.end, root.start + 1), root.pointer)
    if not isinstance(root.value, dict):
        reader.wrong.append(("an image configuration is a JSON object", root))
    if root.get("rootfs") is None and root.at("config", "digest") is not None:
        reader.wrong.append(("this is an image's manifest, not its configuration", root))
    config = reader.member(root, "config") or reader.member(root, "container_config")
    values = read_config(reader, config) if config is not None else {}
    values |= {"platform": _platform(reader, root), "history": _history(reader, root)}
    return container(says=SAYS, image_role="base", **values)


def read_config(reader: JsonReader, config: JsonNode) -> dict[str, Any]:
    """Read the Config of an image, or of a container."""
    if not reader.is_a(dict, config):
        return dict.fromkeys(SAYS, UNKNOWN)
    return {
        "user": reader.maybe_text(config, "User", "user"),
        "working_dir": reader.maybe_text(config, "WorkingDir", "working_dir"),
        "stop_signal": reader.maybe_text(config, "StopSignal", "stop_signal"),
        "entrypoint": reader.maybe_texts(config, "Entrypoint", "entrypoint"),
        "command": reader.maybe_texts(config, "Cmd", "command"),
        "environment": reader.maybe_texts(config, "Env", "environment", read_variable),
        "expose": reader.keys(config, "ExposedPorts", "expose", lambda port: port if "/" in port else f"{port}/tcp"),
        "mounts": reader.keys(config, "Volumes", "mounts", lambda path: Mount("volume", None, path)),
        "labels": reader.pairs(config, "Labels", "labels", Label),
        "health": _health(reader, config),
    }


def read_variable(text: str) -> Variable:
    """Read NAME=VALUE."""
    name, equals, value = text.partition("=")
    return Variable(name, value if equals else None)


def _health(reader: JsonReader, config: JsonNode) -> Maybe[Health]:
    """Read the health check; its times are in nanoseconds."""
    node = reader.typed(config, "Healthcheck", dict, "health")
    if isinstance(node, Absent):
        return node
    listed = reader.strings(node, "Test", "health")
    test = tuple(word.value for word in listed[1]) if listed else ()
    if listed:
        reader.where["health", "test"] = listed[0].place
    retries = reader.number(node, "Retries", "health")
    times = interval, timeout, start_period, start_interval = tuple(
        (reader.number(node, name, "health") or 0) / 1e9 or None
        for name in ("Interval", "Timeout", "StartPeriod", "StartInterval")
    )
    if not test and not retries and not any(times):
        return UNSET
    disabled = test == ("NONE",)
    command = () if disabled else test
    return Health(disabled, command, interval, timeout, start_period, start_interval, int(retries) if retries else None)


def _platform(reader: JsonReader, root: JsonNode) -> Maybe[str]:
    """Read os/architecture[/variant]."""
    parts = [reader.maybe_text(root, name, "platform") for name in ("os", "architecture", "variant")]
    if UNKNOWN in parts:
        return UNKNOWN
    known = [part for part in parts if isinstance(part, str)]
    return "/".join(known) if len(known) >= 2 and parts[0] else UNSET


def _history(reader: JsonReader, root: JsonNode) -> Maybe[tuple[str, ...]]:
    """Read the commands that made the layers."""
    node = reader.typed(root, "history", list, "history")
    if isinstance(node, Absent):
        return node
    steps: list[str] = []
    for index, entry in enumerate(node.elements()):
        reader.is_a(dict, entry, "history")
        command = reader.member(entry, "created_by")
        reader.where["history", index] = (command or entry).place
        sound = command is None or reader.is_a(str, command)
        if not sound:
            reader.unresolved["history"] = entry.pointer
        steps.append(command.value if command is not None and sound else "")
    return tuple(steps)
