"""What `sealock inspect` shows of one container or process."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.enforced import Enforced
from sealock.model.finding import Severity


class LimitAdvice(Struct, frozen=True):
    """A limit that would fit: the option of `docker update`, its value ("" where the present limit fits), and why."""

    option: str
    value: str
    reason: str


class Difference(Struct, frozen=True):
    """A difference between the declared and the effective view; without a severity, one that could not be checked."""

    rule: str
    message: str
    severity: Severity | None = None


class Inspection(Struct, frozen=True, kw_only=True):
    """One container or process. Without an engine nothing is declared, and `differences` is None."""

    enforced: Enforced
    cpus_used: float | None = None
    """CPUs that it used on average; None where unknown."""
    advised: tuple[LimitAdvice, ...] = ()
    withheld: str = ""
    """Why no limit is advised, or ""."""
    update: str = ""
    """The command that sets the advised limits, or ""."""
    differences: tuple[Difference, ...] | None = None
    unseen: tuple[str, ...] = ()
    """What could not be read, and why."""
    image: str = ""
