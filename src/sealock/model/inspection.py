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


class BlockedCalls(Struct, frozen=True):
    """What a seccomp filter blocks: of so many system calls these, and those where it looks at arguments too.

    `unread` says why that is unknown.
    """

    total: int = 0
    blocked: tuple[str, ...] = ()
    by_arguments: tuple[str, ...] = ()
    unread: str = ""


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
    rules: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The rules that report something of a field of the effective view, by field."""
    access: tuple[tuple[str, str], ...] = ()
    """What its user may do in mounts of the host, by target."""
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The names that resolve in it, by network."""
    interfaces: tuple[str, ...] = ()
    """The network interfaces that it sees."""
    blocked: BlockedCalls | None = None
    """What its seccomp filter blocks; None where nobody asked."""
