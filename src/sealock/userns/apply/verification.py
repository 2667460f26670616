"""Verifies remapping: by what the engine reports, and by the uid maps of its containers' processes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from sealock.errors import TargetError
from sealock.formats.engine import read_info
from sealock.formats.inspect import read_inspect
from sealock.formats.jsonobject import decode_object
from sealock.model.absent import given
from sealock.runtime.engine import Engine
from sealock.runtime.kernel.processes import GoneError, ProcReader
from sealock.text import line


class RemappingStatus(Struct, frozen=True):
    """Whether the engine remaps, and how its running containers are mapped.

    `mapped` are containers with the host's uid of their root; `opted_out` those with --userns=host; `unmapped` those
    whose root is the host's root without that option.
    """

    on: bool
    data_root: str = ""
    mapped: tuple[tuple[str, int], ...] = ()
    opted_out: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The status in words."""
        yield "The engine remaps users." if self.on else "The engine does not remap users."
        if self.data_root:
            yield f"Its data is in {line(self.data_root)}."
        for name, number in self.mapped:
            yield f"  {line(name)}: its root is uid {number} on the host"
        for name in self.opted_out:
            yield f"  {line(name)}: its root is root on the host (--userns=host)"
        for name in self.unmapped:
            yield f"  {line(name)}: its root is root on the host"
        for name in self.unknown:
            yield f"  {line(name)}: unknown (run sealock as root, on the engine's machine)"


def verify(engine: Engine, root: str = "/") -> RemappingStatus:
    """Check every running container; those that end meanwhile are skipped."""
    if engine.endpoint.kind != "unix":
        message = f"the engine at {engine.endpoint} runs on another machine: run sealock there"
        raise TargetError(message)
    daemon = read_info(engine.info(), "").daemon
    machine = ProcReader(root)
    mapped: list[tuple[str, int]] = []
    others: dict[str, list[str]] = {"opted out": [], "unmapped": [], "unknown": []}
    for listed, answer in engine.each(lambda listed: engine.container(listed.id), engine.containers(stopped=False)):
        if not isinstance(answer, str):
            continue
        pid = given(decode_object(answer).child("State").maybe_int("Pid"), 0)
        if pid <= 0:
            continue
        outside = _outside(machine, pid, listed.id)
        if outside is None:
            others["unknown"].append(listed.name)
        elif outside:
            mapped.append((listed.name, outside))
        else:
            opted_out = read_inspect(answer).container.userns == "host"
            others["opted out" if opted_out else "unmapped"].append(listed.name)
    return RemappingStatus(
        given(daemon.userns_remap, "") != "",
        given(daemon.data_root, ""),
        tuple(mapped),
        tuple(others["opted out"]),
        tuple(others["unmapped"]),
        tuple(others["unknown"]),
    )


def _outside(machine: ProcReader, pid: int, container: str) -> int | None:
    """The host's uid of the container's root; None where unknown."""
    try:
        process = machine.read(pid)
    except GoneError:
        return None
    if process.container_id != container:
        return None
    return next((ids.outside for ids in given(process.uid_map, ()) if ids.inside == 0), None)
