"""Sees whether the engine remaps: by its own word, and by the maps of the processes that it runs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from sealock.errors import TargetError
from sealock.formats.engine import read_info
from sealock.formats.inspect import read_inspect
from sealock.formats.jsonobject import decode_object
from sealock.model.absent import given
from sealock.model.process import IdRange
from sealock.runtime.engine import Engine
from sealock.runtime.kernel.processes import GoneError, ProcReader
from sealock.text import line


class RemappingStatus(Struct, frozen=True):
    """What was seen of the containers that run.

    `mapped` are those whose root is somebody else outside, and who; `opted_out` those that asked for the machine's own
    users; `unmapped` those whose root is root although nobody asked for it.
    """

    on: bool
    data_root: str = ""
    mapped: tuple[tuple[str, int], ...] = ()
    opted_out: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """It in words."""
        yield "The engine remaps users." if self.on else "The engine does not remap users."
        if self.data_root:
            yield f"It keeps its data in {line(self.data_root)}."
        for name, number in self.mapped:
            yield f"  {line(name)}: root in it is {number} outside"
        for name in self.opted_out:
            yield f"  {line(name)}: root in it is root outside, as --userns=host asks for"
        for name in self.unmapped:
            yield f"  {line(name)}: root in it is root outside"
        for name in self.unknown:
            yield f"  {line(name)}: could not be looked at (run it as root, where the engine runs)"


def verify(engine: Engine, root: str = "/") -> RemappingStatus:
    """Look at every running container; those that end meanwhile are left out."""
    if engine.endpoint.kind != "unix":
        message = f"the engine at {engine.endpoint} runs elsewhere: run sealock there, where its processes can be seen"
        raise TargetError(message)
    daemon = read_info(engine.info(), "").daemon
    machine = ProcReader(root)
    mapped: list[tuple[str, int]] = []
    seen: dict[str, list[str]] = {"opted out": [], "unmapped": [], "unknown": []}
    for listed, answer in engine.each(lambda one: engine.container(one.id), engine.containers(stopped=False)):
        if not isinstance(answer, str):
            continue
        pid = given(decode_object(answer).child("State").maybe_int("Pid"), 0)
        if pid <= 0:
            continue
        outside = _outside(machine, pid, listed.id)
        if outside is None:
            seen["unknown"].append(listed.name)
        elif outside:
            mapped.append((listed.name, outside))
        else:
            asked = read_inspect(answer).container.userns == "host"
            seen["opted out" if asked else "unmapped"].append(listed.name)
    return RemappingStatus(
        given(daemon.userns_remap, "") != "",
        given(daemon.data_root, ""),
        tuple(mapped),
        tuple(seen["opted out"]),
        tuple(seen["unmapped"]),
        tuple(seen["unknown"]),
    )


def _outside(machine: ProcReader, pid: int, container: str) -> int | None:
    """Who root in the container is outside; None where that could not be seen."""
    try:
        process = machine.read(pid)
    except GoneError:
        return None
    ranges: object = process.uid_map
    if not isinstance(ranges, tuple) or process.container_id != container:
        return None
    return next((range_.outside for range_ in ranges if isinstance(range_, IdRange) and range_.inside == 0), None)
