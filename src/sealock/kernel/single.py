"""One process, by its id or the one that is running, seen by the kernel alone: no engine is asked."""

from __future__ import annotations

import os
import re
from typing import Final

from sealock.errors import TargetError
from sealock.kernel.effective import effective
from sealock.kernel.members import Members, gather
from sealock.kernel.reading import Machine
from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.enforced import Enforced

SELF: Final = "self"
_ID: Final = re.compile(r"[0-9a-f]{12,64}")


def look(target: str, machine: Machine) -> Enforced:
    """Look at "pid:N", "self", or "container:ID" by the beginning of an id; TargetError says why it cannot be."""
    kind, _, rest = target.partition(":")
    if target == SELF:
        pid = os.getpid()
    elif kind == "container":
        pid = _first(rest, gather(machine))
    elif rest.isascii() and rest.isdecimal() and 0 < len(rest) < 10:
        pid = int(rest)
    else:
        message = f"{target} names no process: write pid:1234, or self for this one"
        raise TargetError(message)
    process = machine.read(pid)
    members = gather(machine) if given(process.container_id, "") else Members()
    others, outside = members.of(process)
    return Enforced(
        name=target,
        declared=Container(),
        effective=effective(process, machine),
        process=process,
        others=others,
        outside=outside,
    )


def _first(name: str, members: Members) -> int:
    """The first process of the one container whose id begins so."""
    found = [one for one in members.by_id if one.startswith(name)] if _ID.fullmatch(name) else []
    if len(found) != 1:
        why = "several containers' ids begin so" if found else "no process is in a container of this id"
        message = f"container:{name} was not found without an engine: {why}"
        raise TargetError(message)
    return min(members.by_id[found[0]], key=lambda one: (one.process.start, one.process.pid)).process.pid
