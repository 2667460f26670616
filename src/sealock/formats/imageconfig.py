"""Image configurations, OCI's and Docker's: what an image says of its containers, and how it came to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from sealock.errors import FormatError
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.jsontree import JsonNode, parse
from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.change import Change
from sealock.model.container import Container, Health, Label, Mount, Variable, container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source

SAYS: Final = (
    "platform", "user", "expose", "environment", "entrypoint", "command", "mounts", "working_dir", "labels",
    "stop_signal", "health", "history",
)  # fmt: skip
_LARGEST: Final = 1 << 63
SILENT: Final = "an image's configuration does not say how it is run"


def read(source: Source, files: FileWindow = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read one image configuration."""
    root, faults = parse(source.text)
    errors = [InputError(f"not valid JSON: {fault.message}", source.location(fault.place)) for fault in faults]
    if root is None:
        return Document("image-config", {"": source}, (), tuple(errors))
    reader = ConfigReader()
    noun = reader.image(root)
    errors += [InputError(message, source.location(node.place)) for message, node in reader.wrong]
    subject = Subject("image", noun, reader.where, reader.unresolved, SILENT)
    return Document("image-config", {"": source}, (subject,), tuple(errors))


def edits(document: Document, subject: Subject, change: Change) -> NoReturn:  # noqa: ARG001  the interface of all formats
    """Refuse: a changed configuration is another image."""
    msg = "an image's configuration is known by its digest: change the Dockerfile and build it again"
    raise FormatError(msg)


class ConfigReader:
    """Reads the fields of a configuration, gathering their places and what is of a wrong type."""

    def __init__(self) -> None:
        self.where: dict[At, Place] = {}
        self.wrong: list[tuple[str, JsonNode]] = []
        self.unresolved: dict[str, str] = {}

    def image(self, root: JsonNode) -> Container:
        """Read a whole image configuration."""
        self.where[()] = Place(root.start, min(root.end, root.start + 1), root.pointer)
        if not isinstance(root.value, dict):
            self.wrong.append(("an image configuration is a JSON object", root))
        if root.get("rootfs") is None and root.at("config", "digest") is not None:
            self.wrong.append(("this is an image's manifest, not its configuration", root))
        config = self.member(root, "config")
        if config is None or config.value is None:
            config = self.member(root, "container_config")
        values = self.config(config) if config is not None else {}
        return container(says=SAYS, **values | {"platform": self.platform(root), "history": self.history(root)})

    def config(self, config: JsonNode) -> dict[str, Any]:
        """Read what Docker calls a container's Config: an image's, or a container's own."""
        if not isinstance(config.value, dict):
            self.misread("should be an object", config)
            return dict.fromkeys(SAYS, UNKNOWN)
        return {
            "user": self.text(config, "User", "user"),
            "working_dir": self.text(config, "WorkingDir", "working_dir"),
            "stop_signal": self.text(config, "StopSignal", "stop_signal"),
            "entrypoint": self.words(config, "Entrypoint", "entrypoint"),
            "command": self.words(config, "Cmd", "command"),
            "environment": self.each(config, "Env", "environment", variable),
            "expose": self.keys(config, "ExposedPorts", "expose", exposed),
            "mounts": self.keys(config, "Volumes", "mounts", lambda path: Mount("volume", None, path)),
            "labels": self.labels(config),
            "health": self.health(config),
        }

    def member(self, node: JsonNode, name: str) -> JsonNode | None:
        """A member that is there and not null."""
        found = node.get(name)
        return None if found is None or found.value is None else found

    def note(self, node: JsonNode, field: str) -> None:
        """Keep a field's place; "" is no field."""
        if field:
            self.where[field,] = node.place

    def misread(self, what: str, node: JsonNode, *fields: str) -> None:
        """Note that a value is not what it should be, and that these fields hang on it."""
        self.wrong.append((f"{node.pointer or '/'} {what}", node))
        for field in fields:
            self.unresolved[field] = node.pointer

    def text(self, parent: JsonNode, name: str, field: str) -> Maybe[str]:
        """Read a text; "" is nothing said."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not isinstance(node.value, str):
            self.misread("should be a text", node)
            return UNKNOWN
        self.note(node, field)
        return node.value or UNSET

    def strings(self, parent: JsonNode, name: str, *fields: str) -> tuple[JsonNode, list[JsonNode]] | None:
        """The texts of a list, which Docker once let be a single text; None where there is none, or no list."""
        node = self.member(parent, name)
        if node is None:
            return None
        if not isinstance(node.value, list | str):
            self.misread("should be a list of texts", node, *fields)
            return None
        nodes = [node] if isinstance(node.value, str) else node.value
        for one in nodes:
            if not isinstance(one.value, str):
                self.misread("should be a text", one, *fields)
        return node, [node for node in nodes if isinstance(node.value, str)]

    def words(self, parent: JsonNode, name: str, field: str) -> Maybe[tuple[str, ...]]:
        """Read the words of a command."""
        return self.each(parent, name, field, str)

    def each(self, parent: JsonNode, name: str, field: str, make: Callable[[str], Any]) -> Maybe[tuple[Any, ...]]:
        """Read a list of texts into elements."""
        found = self.strings(parent, name, field)
        if found is None or not found[1]:
            return UNKNOWN if field in self.unresolved else UNSET
        self.where[field,] = found[0].place
        for index, node in enumerate(found[1]):
            self.where[field, index] = node.place
        return tuple(make(node.value) for node in found[1])

    def keys(self, parent: JsonNode, name: str, field: str, make: Callable[[str], Any]) -> Maybe[tuple[Any, ...]]:
        """Read an object whose keys are the elements."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not isinstance(node.value, dict):
            self.misread("should be an object", node)
            return UNKNOWN
        self.where[field,] = node.place
        for index, (_, value) in enumerate(node.items()):
            self.where[field, index] = value.place
        return tuple(make(key) for key, _ in node.items()) or UNSET

    def labels(self, parent: JsonNode) -> Maybe[tuple[Label, ...]]:
        """Read labels."""
        node = self.member(parent, "Labels")
        if node is None:
            return UNSET
        if not isinstance(node.value, dict):
            self.misread("should be an object", node)
            return UNKNOWN
        found: list[Label] = []
        for key, value in node.items():
            if not isinstance(value.value, str):
                self.misread("should be a text", value, "labels")
                continue
            self.where["labels", len(found)] = value.place
            found.append(Label(key, value.value))
        self.where["labels",] = node.place
        return tuple(found) or UNSET

    def health(self, parent: JsonNode) -> Maybe[Health]:
        """Read a health check, whose times are nanoseconds."""
        node = self.member(parent, "Healthcheck")
        if node is None:
            return UNSET
        if not isinstance(node.value, dict):
            self.misread("should be an object", node)
            return UNKNOWN
        found = self.strings(node, "Test", "health")
        test = tuple(one.value for one in found[1]) if found else ()
        self.where["health",] = node.place
        if found:
            self.where["health", "test"] = found[0].place
        retries = self.number(node, "Retries", "health")
        interval, timeout, start_period, start_interval = (
            (self.number(node, name, "health") or 0) / 1e9 or None
            for name in ("Interval", "Timeout", "StartPeriod", "StartInterval")
        )
        if not test and not retries and not any((interval, timeout, start_period, start_interval)):
            return UNSET
        disabled = test == ("NONE",)
        times = (interval, timeout, start_period, start_interval)
        return Health(disabled, () if disabled else test, *times, int(retries) if retries else None)

    def number(self, parent: JsonNode, name: str, *fields: str) -> int | float | None:
        """Read a number; None where there is none."""
        node = self.member(parent, name)
        if node is None:
            return None
        number = node.value
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > _LARGEST:
            self.misread("should be a number", node, *fields)
            return None
        return number

    def platform(self, root: JsonNode) -> Maybe[str]:
        """Read os/architecture[/variant]."""
        parts = [self.text(root, name, "platform") for name in ("os", "architecture", "variant")]
        if UNKNOWN in parts:
            return UNKNOWN
        known = [part for part in parts if isinstance(part, str)]
        return "/".join(known) if len(known) >= 2 and isinstance(parts[0], str) else UNSET

    def history(self, root: JsonNode) -> Maybe[tuple[str, ...]]:
        """Read the commands that made the layers."""
        node = self.member(root, "history")
        if node is None:
            return UNSET
        if not isinstance(node.value, list):
            self.misread("should be a list", node)
            return UNKNOWN
        self.where["history",] = node.place
        steps: list[str] = []
        for index, entry in enumerate(node.elements()):
            self.where["history", index] = entry.place
            if not isinstance(entry.value, dict):
                self.misread("should be an object", entry, "history")
            step = self.text(entry, "created_by", "")
            steps.append(step if isinstance(step, str) else "")
            if step is UNKNOWN:
                self.unresolved["history"] = entry.pointer
            if (said := self.member(entry, "created_by")) is not None:
                self.where["history", index] = said.place
        return tuple(steps)


def variable(text: str) -> Variable:
    """Read NAME=value."""
    name, equals, value = text.partition("=")
    return Variable(name, value if equals else None)


def exposed(port: str) -> str:
    """Read a port with its protocol."""
    return port if "/" in port else f"{port}/tcp"
