"""The setting of a demonstration: what of a container it takes, and what stands in for what it must not touch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import UNSET, Absent, given
from sealock.model.container import Container, Device, Mount, Network, Port, Variable, container
from sealock.patterns import compile_lazily
from sealock.show.demonstration import Demonstration
from sealock.text import line

_FOCUSED: Final = ("mounts", "devices", "device_rules", "environment", "labels")
"""The fields of which only the elements that the fix changes matter."""
_DEVICE: Final = "/dev/loop-control"
"""A device whose opening changes nothing, as that of others does: a watchdog's starts it."""
_DEVICE_RULES: Final = ("a *:*", "c *:*", "c 10:*", "c 10:237")
_PLAIN: Final = compile_lazily(r"[\w@%+=:,./][\w@%+=:,./-]*", re.ASCII)
_PUBLIC, _LOCAL = "127.0.0.2", "127.0.0.1"


class Place(Struct, frozen=True):
    """What a demonstration has to itself: names, directories and files. Paths are those of the host."""

    run: str
    files: str
    """A directory of its own."""
    image: str
    own_image: bool = False
    """Whether the image is the user's, so that the commands come from a mounted BusyBox."""
    port: int = 0
    host: str = ""
    """The name of the engine's host."""
    socket: str = ""
    """The engine's socket, "" where it has none here."""
    shared_memory: str = ""

    @property
    def label(self) -> str:
        """The label of everything that it makes."""
        return f"sealock.show={self.run}"

    @property
    def box(self) -> str:
        """The name of the container with the setting; other names begin with it."""
        return f"show-{self.run}"


def focused(demonstration: Demonstration, before: Container, after: Container) -> tuple[Container, Container]:
    """Both containers with nothing but the setting: the demonstration's fields, and of those what the fix changes."""
    first, second = dict[str, Any](), dict[str, Any]()
    for field in demonstration.fields:
        old, new = getattr(before, field), getattr(after, field)
        if field in _FOCUSED and old != new:
            old, new = _without(old, new), _without(new, old)
        first[field], second[field] = old, new
    return container(**first), container(**second)


def _without(elements: Any, others: Any) -> Any:  # noqa: ANN401  of any field that holds several
    rest = tuple(element for element in given(elements, ()) if element not in given(others, ()))
    return rest or UNSET


class StandIns:
    """Replaces what a demonstration must not touch, and notes what it replaced."""

    def __init__(self, demonstration: Demonstration, place: Place) -> None:
        self.demonstration, self.place = demonstration, place
        self.notes: list[str] = []
        self.volumes = False

    def harmless(self, noun: Container) -> Container:
        """The container as it is started; TargetError where the setting has no harmless form."""
        changes: dict[str, Any] = {
            "mounts": self._each(self._mount, noun.mounts),
            "devices": self._each(self._device, noun.devices),
            "device_rules": self._each(self._device_rule, noun.device_rules),
            "environment": self._each(self._variable, noun.environment),
            "labels": self._each(lambda label: replace(label, value=self._secret()), noun.labels),
            "volumes_from": self._each(lambda _: f"{self.place.box}-other", noun.volumes_from),
            "ports": self._ports(noun),
            "publish_all": UNSET,
            "expose": UNSET,
        }
        for field in ("pid", "ipc", "network_mode"):
            mode = getattr(noun, field)
            if isinstance(mode, str) and mode.startswith(("container:", "service:")):
                changes[field] = f"container:{self.place.box}-other"
        noun = replace(noun, **changes)
        return self._networked(noun)

    def _each(self, stand_in: Any, elements: Any) -> Any:  # noqa: ANN401  of any field that holds several
        if isinstance(elements, Absent):
            return elements
        return tuple(new for element in elements if (new := stand_in(element)) is not None) or UNSET

    def note(self, text: str) -> None:
        """Note what was replaced, once."""
        if text not in self.notes:
            self.notes.append(text)

    def _mount(self, mount: Mount) -> Mount | None:
        if mount.kind == "tmpfs":
            return replace(mount, source=None)
        if mount.kind == "volume":
            self.volumes = True
            self.note(f"A volume of the demonstration's own stands in for {mount.source or 'the volume'}.")
            return Mount("volume", f"{self.place.box}-data", mount.target, mount.read_only)
        if mount.kind != "bind":
            return None
        if self.demonstration.makes:
            if not self.place.socket:
                message = "the engine has no socket on this machine that could be mounted"
                raise TargetError(message)
            is_socket = (mount.source or "").endswith(".sock")
            source = self.place.socket if is_socket else self.place.socket.rpartition("/")[0]
            if source != mount.source:
                self.note(f"The engine listens on {self.place.socket}, so {source} stands in for {mount.source}.")
            return Mount("bind", source, mount.target, read_only=True)
        self.note(f"A directory of the demonstration's own stands in for {mount.source}.")
        return Mount("bind", f"{self.place.files}/host", mount.target, mount.read_only)

    def _device(self, device: Device) -> Device:
        if device.source != _DEVICE:
            self.note(f"{_DEVICE}, which is only opened, stands in for {device.source}.")
        return Device(_DEVICE, device.target, device.permissions)

    def _device_rule(self, rule: str) -> str:
        if rule.startswith(_DEVICE_RULES):
            return rule
        self.note(f"The class of {_DEVICE}, c 10:*, stands in for {rule}.")
        return "c 10:* rwm"

    def _secret(self) -> str:
        self.note("A marker stands in for the secret.")
        return f"marker-{self.place.run}"

    def _variable(self, variable: Variable) -> Variable | None:
        if variable.value is None:
            # The engine's client would take the caller's value.
            return None
        if variable.name == "PATH":
            return variable
        return Variable(variable.name, self._secret())

    def _ports(self, noun: Container) -> Any:  # noqa: ANN401  ports, or absent
        ports = given(noun.ports, ())
        if noun.publish_all is True:
            ports = (*ports, Port(next(iter(given(noun.expose, ())), "8080").partition("/")[0]))
        return tuple(map(self._port, ports[:1])) or UNSET

    def _port(self, port: Port) -> Port:
        if port.protocol != "tcp":
            message = f"it publishes {port.container}/{port.protocol}, and BusyBox serves only TCP"
            raise TargetError(message)
        local = port.address == _LOCAL
        if not local:
            self.note(f"{_PUBLIC}, which only this machine reaches, stands in for its other addresses.")
        return Port(port.container.partition("-")[0], str(self.place.port), _LOCAL if local else _PUBLIC)

    def _networked(self, noun: Container) -> Container:
        if given(noun.networks, ()):
            return replace(noun, networks=(Network(f"{self.place.box}-net"),))
        if isinstance(noun.network_mode, Absent):
            match self.demonstration.network:
                case "none":
                    return replace(noun, network_mode="none")
                case "internal" | "published":
                    return replace(noun, networks=(Network(f"{self.place.box}-net"),))
                case "default":
                    pass
        return noun

    def names(self, noun: Container) -> Iterator[tuple[str, str]]:
        """What the demonstration's commands call the parts of the setting, by the container with the fault.

        TargetError for a part that a shell would not take as it is: some of the commands are shell lines.
        """
        for name, text in self._names(noun):
            if not _PLAIN.fullmatch(text):
                message = f"the setting has characters that the harm's commands cannot take: {line(text)}"
                raise TargetError(message)
            yield name, text

    def _names(self, noun: Container) -> Iterator[tuple[str, str]]:
        for mount in given(noun.mounts, ()):
            target = mount.target.rstrip("/")
            yield "target", target
            socket = self.place.socket.rpartition("/")[2]
            yield "socket", target if target.endswith(".sock") else f"{target}/{socket}"
        for device in given(noun.devices, ()):
            yield "device", device.target
        for variable in given(noun.environment, ()):
            if variable.name == "PATH":
                yield "path", (variable.value or "").partition(":")[0]
        for group in given(noun.groups, ()):
            yield "group", group
        ports = given(noun.ports, ())
        exposed = [port.container for port in ports] or list(given(noun.expose, ())) or ["8080"]
        yield "inside", exposed[0].partition("-")[0].partition("/")[0]
