"""The elements of a service's lists and mappings: out of a value, and back into what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sealock.formats.compose.mounts import mount_as_mapping, mount_as_text
from sealock.formats.compose.tree import ComposeValue
from sealock.formats.compose.values import integer, text
from sealock.model.container import Device, Label, Link, Mount, Network, Sysctl, Ulimit, Variable


def variable(name: str, value: ComposeValue) -> Variable:
    """An entry of the environment; one without a value is taken over from the caller."""
    return Variable(name, None if value.data is None else value.text)


def variable_item(value: ComposeValue) -> Variable:
    """An item NAME=VALUE of the environment."""
    name, equals, held = value.text.partition("=")
    return Variable(name, held if equals else None)


def from_variable(one: Variable) -> tuple[str, Any]:
    """Write a variable as an entry."""
    return one.name, one.value


def variable_text(one: Variable) -> str:
    """Write a variable as an item."""
    return one.name if one.value is None else f"{one.name}={one.value}"


def label(name: str, value: ComposeValue) -> Label:
    """An entry of the labels."""
    return Label(name, value.text)


def label_item(value: ComposeValue) -> Label:
    """An item NAME=VALUE of the labels."""
    name, _, held = value.text.partition("=")
    return Label(name, held)


def from_label(one: Label | Sysctl) -> tuple[str, Any]:
    """Write a label or kernel parameter as an entry."""
    return one.name, one.value


def label_text(one: Label | Sysctl) -> str:
    """Write a label or kernel parameter as an item."""
    return f"{one.name}={one.value}"


def sysctl(name: str, value: ComposeValue) -> Sysctl:
    """An entry of the kernel parameters."""
    return Sysctl(name, text(value))


def sysctl_item(value: ComposeValue) -> Sysctl:
    """An item NAME=VALUE of the kernel parameters."""
    name, _, held = text(value).partition("=")
    return Sysctl(name, held)


def pair_text(name: str, value: ComposeValue) -> str:
    """An entry as NAME=VALUE."""
    return f"{name}={text(value)}"


def from_pair_text(one: str) -> tuple[str, Any]:
    """Write NAME=VALUE as an entry."""
    name, _, held = one.partition("=")
    return name, held


def no_item(_value: ComposeValue) -> Any:  # noqa: ANN401  it never returns
    """Refuse a list where a mapping is needed."""
    msg = "must be a mapping"
    raise ValueError(msg)


def env_file(value: ComposeValue) -> str:
    """An item of `env_file`: its path."""
    return source(value, "path")


def source(value: ComposeValue, key: str = "source") -> str:
    """An item that is a name, or a mapping that gives it."""
    if isinstance(value.data, dict):
        held = value.at(key)
        return text(held) if held else ""
    return text(value)


def option(name: str) -> Callable[[str], str | None]:
    """A reader of `security_opt` items name:value and name=value."""

    def read(item: str) -> str | None:
        if item.startswith((f"{name}:", f"{name}=")):
            return item[len(name) + 1 :]
        return None

    return read


def no_new_privileges(item: str) -> bool | None:
    """no-new-privileges, alone or with its value."""
    name, _, value = item.replace("=", ":", 1).partition(":")
    return value.lower() not in {"false", "0", "f"} if name == "no-new-privileges" else None


def system_paths(item: str) -> bool | None:
    """systempaths=unconfined."""
    return True if item.replace(":", "=", 1) == "systempaths=unconfined" else None


def device_as_mapping(device: Device) -> dict[str, object]:
    """Write a device in its long form."""
    return {"source": device.source, "target": device.target, "permissions": device.permissions}


def mount(one: Mount) -> Any:  # noqa: ANN401  a text or a dict
    """Write a mount: short where that can say it."""
    return mount_as_text(one) or mount_as_mapping(one)


def network(name: str, value: ComposeValue) -> Network:
    """An entry of the networks."""
    aliases = value.at("aliases")
    return Network(name, tuple(text(item) for item in aliases.items) if aliases else ())


def network_item(value: ComposeValue) -> Network:
    """An item of the networks."""
    return Network(text(value))


def from_network(one: Network) -> tuple[str, Any]:
    """Write a network as an entry."""
    return one.name, {"aliases": list(one.aliases)} if one.aliases else None


def network_text(one: Network) -> str | None:
    """Write a network as an item; aliases need an entry."""
    return None if one.aliases else one.name


def link(value: ComposeValue) -> Link:
    """A link, SERVICE[:ALIAS]."""
    target, _, alias = text(value).partition(":")
    return Link(target, alias or target)


def link_text(one: Link) -> str:
    """Write a link."""
    return one.target if one.alias == one.target else f"{one.target}:{one.alias}"


def expose(value: ComposeValue) -> str:
    """A port that is only exposed, with its protocol."""
    word = text(value)
    return word if "/" in word else f"{word}/tcp"


def expose_text(one: str) -> str:
    """Write an exposed port."""
    return one.removesuffix("/tcp")


def host(name: str, value: ComposeValue) -> tuple[str, ...]:
    """An entry of the extra hosts, which may have several addresses."""
    return tuple(f"{name}:{_address(text(item))}" for item in (value.items or [value]))


def host_item(value: ComposeValue) -> str:
    """An item of the extra hosts: name:address or name=address."""
    word = text(value)
    name, equals, address = word.partition("=")
    if not equals:
        name, _, address = word.partition(":")
    return f"{name}:{_address(address)}"


def _address(word: str) -> str:
    return word[1:-1] if word.startswith("[") and word.endswith("]") else word


def from_host(one: str) -> tuple[str, Any]:
    """Write an extra host as an entry."""
    name, _, address = one.partition(":")
    return name, address


def ulimit(name: str, value: ComposeValue) -> Ulimit:
    """An entry of the ulimits: one number, or soft and hard."""
    if isinstance(value.data, dict):
        soft, hard = (value.at(key) or ComposeValue(0) for key in ("soft", "hard"))
        return Ulimit(name, integer(soft), integer(hard))
    return Ulimit(name, integer(value), integer(value))


def from_ulimit(one: Ulimit) -> tuple[str, Any]:
    """Write a ulimit."""
    return one.name, one.soft if one.soft == one.hard else {"soft": one.soft, "hard": one.hard}
