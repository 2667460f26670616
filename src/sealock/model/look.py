"""What `sealock inspect` shows of one container or process."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.enforced import Enforced
from sealock.model.finding import Severity


class MachineSize(Struct, frozen=True):
    """How large the machine is: bytes of memory, its processors as a list ("0-3"), those of each memory node.

    `now` are seconds since boot. What could not be read is 0 or "".
    """

    memory: int = 0
    processors: str = ""
    nodes: tuple[tuple[int, str], ...] = ()
    now: float = 0.0


class LimitAdvice(Struct, frozen=True):
    """A limit that would fit: the option of `docker update`, its value ("" to leave it as it is), and why."""

    option: str
    value: str
    reason: str


class Difference(Struct, frozen=True):
    """Declared and not enforced, or the other way round; without a severity it could not be told."""

    rule: str
    message: str
    severity: Severity | None = None


class Look(Struct, frozen=True, kw_only=True):
    """One look. Where no engine told of it, nothing is declared and there are no differences (None)."""

    enforced: Enforced
    room: MachineSize = MachineSize()
    busy: float | None = None
    """Processors that it used on average; None where that is not known."""
    advised: tuple[LimitAdvice, ...] = ()
    update: str = ""
    """The command that sets what is advised, "" where there is none."""
    differences: tuple[Difference, ...] | None = None
    unseen: tuple[str, ...] = ()
    """What could not be seen, and why."""
    image: str = ""
