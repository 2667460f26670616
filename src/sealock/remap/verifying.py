"""Sees whether the engine remaps: by its own word, and by the maps of the processes that it runs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from sealock.engine import Engine
from sealock.formats.engine import read_info
from sealock.kernel.reading import GoneError, Machine
from sealock.model.absent import given
from sealock.reports.text import line


class _State(Struct, rename="pascal"):
    pid: int = 0


class _Container(Struct, rename="pascal"):
    name: str = ""
    state: _State = msgspec.field(default_factory=_State)


class Verified(Struct, frozen=True):
    """What was seen: running containers whose root is somebody else outside (`mapped`), and those whose is not."""

    on: bool
    mapped: tuple[tuple[str, int], ...] = ()
    unmapped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """It in words."""
        yield "The engine remaps users." if self.on else "The engine does not remap users."
        for name, number in self.mapped:
            yield f"  {line(name)}: root in it is {number} outside"
        for name in self.unmapped:
            yield f"  {line(name)}: root in it is root outside (it opted out, or was started before)"
        for name in self.unknown:
            yield f"  {line(name)}: could not be looked at"


def verify(engine: Engine, root: str = "/") -> Verified:
    """Look at every running container; those that end meanwhile are left out."""
    on = given(read_info(engine.info(), "").daemon.userns_remap, "") != ""
    machine = Machine(root)
    mapped: list[tuple[str, int]] = []
    unmapped: list[str] = []
    unknown: list[str] = []
    for listed, answer in engine.each(lambda one: engine.container(one.id), engine.containers(stopped=False)):
        if not isinstance(answer, str):
            continue
        pid = msgspec.json.decode(answer, type=_Container).state.pid
        try:
            process = machine.read(pid)
        except GoneError:
            if pid:
                unknown.append(listed.name)
            continue
        if not isinstance(process.uid_map, tuple) or process.container_id != listed.id:
            unknown.append(listed.name)
            continue
        outside = next((one.outside for one in process.uid_map if one.inside == 0), None)
        if outside:
            mapped.append((listed.name, outside))
        else:
            unmapped.append(listed.name)
    return Verified(on, tuple(mapped), tuple(unmapped), tuple(unknown))
