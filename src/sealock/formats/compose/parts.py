"""The elements of a service's lists and mappings: reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sealock.formats.compose import settings
from sealock.formats.compose.mounts import mount_as_mapping, mount_as_text
from sealock.formats.compose.tree import ComposeValue, Path
from sealock.formats.compose.values import boolean, integer, text
from sealock.model.absent import AnyValue
from sealock.model.container import Device, Hook, Label, Link, Mount, Network, Sysctl, Ulimit, Variable


def variable(name: str, value: ComposeValue) -> Variable:
    """An entry of the environment; without a value it comes from Compose's own environment."""
    return Variable(name, None if value.data is None else value.text)


def variable_item(value: ComposeValue) -> Variable:
    """An item NAME=VALUE of the environment."""
    name, equals, text_value = value.text.partition("=")
    return Variable(name, text_value if equals else None)


def from_variable(variable: Variable) -> tuple[str, Any]:
    """Write a variable as an entry."""
    return variable.name, variable.value


def variable_text(variable: Variable) -> str:
    """Write a variable as an item."""
    return variable.name if variable.value is None else f"{variable.name}={variable.value}"


def label(name: str, value: ComposeValue) -> Label:
    """An entry of the labels."""
    return Label(name, value.text)


def label_item(value: ComposeValue) -> Label:
    """An item NAME=VALUE of the labels."""
    name, _, label_value = value.text.partition("=")
    return Label(name, label_value)


def from_label(label: Label | Sysctl) -> tuple[str, Any]:
    """Write a label or kernel parameter as an entry."""
    return label.name, label.value


def label_text(label: Label | Sysctl) -> str:
    """Write a label or kernel parameter as an item."""
    return f"{label.name}={label.value}"


def sysctl(name: str, value: ComposeValue) -> Sysctl:
    """An entry of the kernel parameters."""
    return Sysctl(name, text(value))


def sysctl_item(value: ComposeValue) -> Sysctl:
    """An item NAME=VALUE of the kernel parameters."""
    name, _, setting = text(value).partition("=")
    return Sysctl(name, setting)


def pair_text(name: str, value: ComposeValue) -> str:
    """An entry as NAME=VALUE."""
    return f"{name}={text(value)}"


def from_pair_text(pair: str) -> tuple[str, Any]:
    """Write NAME=VALUE as an entry."""
    name, _, value = pair.partition("=")
    return name, value


def no_item(_value: ComposeValue) -> AnyValue:
    """Refuse a list where a mapping is needed."""
    msg = "must be a mapping"
    raise ValueError(msg)


def env_file(value: ComposeValue) -> str:
    """An item of `env_file`: its path."""
    return source(value, "path")


def source(value: ComposeValue, key: str = "source") -> str:
    """An item: a name, or a mapping with the name at `key`."""
    if value.is_mapping:
        name = value.at(key)
        return text(name) if name else ""
    return text(value)


def option(name: str) -> Callable[[str], str | None]:
    """A reader of `security_opt` items name:value and name=value."""

    def read(item: str) -> str | None:
        if item.startswith((f"{name}:", f"{name}=")):
            return item[len(name) + 1 :]
        return None

    return read


def no_new_privileges(item: str) -> bool | None:
    """no-new-privileges, with or without a value."""
    name, _, value = item.replace("=", ":", 1).partition(":")
    return value.lower() not in {"false", "0", "f"} if name == "no-new-privileges" else None


def system_paths(item: str) -> bool | None:
    """systempaths=unconfined."""
    return True if item.replace(":", "=", 1) == "systempaths=unconfined" else None


def device_as_mapping(device: Device) -> dict[str, object]:
    """Write a device in its long form."""
    return {"source": device.source, "target": device.target, "permissions": device.permissions}


def mount(mount: Mount) -> AnyValue:
    """Write a mount, in its short form where possible."""
    return mount_as_text(mount) or mount_as_mapping(mount)


def network(name: str, value: ComposeValue) -> Network:
    """An entry of the networks."""
    aliases = value.at("aliases")
    return Network(name, tuple(text(item) for item in aliases.items) if aliases else ())


def network_item(value: ComposeValue) -> Network:
    """An item of the networks."""
    return Network(text(value))


def from_network(network: Network) -> tuple[str, Any]:
    """Write a network as an entry."""
    return network.name, {"aliases": list(network.aliases)} if network.aliases else None


def network_text(network: Network) -> str | None:
    """Write a network as an item; aliases need an entry."""
    return None if network.aliases else network.name


def link(value: ComposeValue) -> Link:
    """A link, SERVICE[:ALIAS]."""
    target, _, alias = text(value).partition(":")
    return Link(target, alias or target)


def link_text(link: Link) -> str:
    """Write a link."""
    return link.target if link.alias == link.target else f"{link.target}:{link.alias}"


def expose(value: ComposeValue) -> str:
    """An exposed port with its protocol."""
    word = text(value)
    return word if "/" in word else f"{word}/tcp"


def expose_text(port: str) -> str:
    """Write an exposed port."""
    return port.removesuffix("/tcp")


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


def from_host(host: str) -> tuple[str, Any]:
    """Write an extra host as an entry."""
    name, _, address = host.partition(":")
    return name, address


def ulimit(name: str, value: ComposeValue) -> Ulimit:
    """An entry of the ulimits: one number, or soft and hard."""
    if value.is_mapping:
        soft, hard = (value.at(key) or ComposeValue(0) for key in ("soft", "hard"))
        return Ulimit(name, integer(soft), integer(hard))
    return Ulimit(name, integer(value), integer(value))


def from_ulimit(ulimit: Ulimit) -> tuple[str, Any]:
    """Write a ulimit."""
    return ulimit.name, ulimit.soft if ulimit.soft == ulimit.hard else {"soft": ulimit.soft, "hard": ulimit.hard}


def hook(moment: str) -> Callable[[ComposeValue], Hook]:
    """A reader of the hooks of a moment."""

    def read(value: ComposeValue) -> Hook:
        line, user, privileged = value.at("command"), value.at("user"), value.at("privileged")
        environment, directory, image = value.at("environment"), value.at("working_dir"), value.at("image")
        variables: list[Variable] = []
        if environment is not None:
            variables += [variable(name, entry) for name, entry in environment.mapping.items()]
            variables += [variable_item(item) for item in environment.items]
        return Hook(
            moment,
            settings.command(line) if line and line.data is not None else (),
            text(user) if user and user.data else None,
            bool(privileged and boolean(privileged)),
            tuple(variables),
            text(directory) if directory and directory.data else None,
            text(image) if image and image.data else None,
        )

    return read


def watch_commands(develop: ComposeValue) -> list[tuple[Path, ComposeValue]]:
    """The commands that `docker compose watch` runs in a container when a file changes, with their paths."""
    watched = develop.at("watch")
    commands = ((index, item.at("exec")) for index, item in enumerate(watched.items if watched is not None else ()))
    return [
        (("watch", index, "exec"), command) for index, command in commands if command is not None and command.is_mapping
    ]


def hook_as_mapping(hook: Hook) -> dict[str, object]:
    """Write a hook."""
    written: dict[str, object] = {"command": list(hook.command)}
    if hook.user is not None:
        written["user"] = hook.user
    if hook.privileged:
        written["privileged"] = True
    if hook.environment:
        written["environment"] = dict(from_variable(variable) for variable in hook.environment)
    if hook.working_dir is not None:
        written["working_dir"] = hook.working_dir
    if hook.image is not None:
        written["image"] = hook.image
    return written
