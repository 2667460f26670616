"""YAML that programs write, as texts, lists and mappings, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from sealock.inventory.analyzer import BrokenFileError
from sealock.text import format_size

LARGEST: Final = 16 << 20
NODES: Final = 1_000_000
DEEPEST: Final = 100
DIRECTIVES: Final = 64
"""Times that "%TAG" may stand anywhere: libyaml compares each such directive with all before it."""
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlBuilder:
    """Values from libyaml's events: without PyYAML's nodes, which take much memory, and without types: 1.10 is text."""

    def __init__(self) -> None:
        self.stack: list[dict[str, object] | list[object]] = [[]]
        self.keys: list[str | None] = [None]
        """The key of the next value, for each level of the stack."""
        self.left = NODES

    def event(self, event: yaml.Event) -> None:
        """Handle the next event."""
        match event:
            case yaml.ScalarEvent():
                self.put(event.value)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                value: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
                self.put(value)
                self.stack.append(value)
                self.keys.append(None)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()
                self.keys.pop()
            case yaml.AliasEvent():
                message = "has an alias, as no lock file does"
                raise BrokenFileError(message)
            case _:
                pass

    def put(self, value: object) -> None:
        """Put a value where it belongs: in a list, or as key or value in a mapping."""
        self.left -= 1
        if self.left < 0 or len(self.stack) > DEEPEST:
            message = "holds too many values" if self.left < 0 else "is YAML that is nested too deeply"
            raise BrokenFileError(message)
        top, key = self.stack[-1], self.keys[-1]
        if isinstance(top, list):
            top.append(value)
        elif key is None:
            # A list or a mapping as a key: it stands for nothing that anybody would look for.
            self.keys[-1] = value if isinstance(value, str) else ""
        else:
            top[key] = value
            self.keys[-1] = None


def documents(data: bytes) -> list[object]:
    """The documents of a stream."""
    if len(data) >= LARGEST:
        message = f"is larger than {format_size(LARGEST)}"
        raise BrokenFileError(message)
    if data.count(b"%TAG") > DIRECTIVES:
        message = "has directives, as no lock file does"
        raise BrokenFileError(message)
    builder = YamlBuilder()
    for event in events(data):
        builder.event(event)
    root = builder.stack[0]
    return root if isinstance(root, list) else []


def events(data: bytes) -> Iterator[yaml.Event]:
    """The events of libyaml's parser."""
    try:
        yield from yaml.parse(data, Loader=LOADER)
    except (yaml.YAMLError, ValueError) as error:  # what is not UTF-8 is a ValueError
        message = f"is not valid YAML: {' '.join(str(error).split())}"
    else:
        return
    raise BrokenFileError(message)
