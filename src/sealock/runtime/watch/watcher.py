"""The mechanisms by which containers can be watched, and the best one that is available."""

from __future__ import annotations

from typing import Final, Literal, Protocol, TypeAlias, get_args

from sealock.errors import TargetError
from sealock.model.container import Container
from sealock.runtime.watch.observations import Observations, WatchedContainer

MechanismName: TypeAlias = Literal["tracepoints", "log", "notify"]
MECHANISMS: Final[tuple[MechanismName, ...]] = get_args(MechanismName)
"""The best one first."""


class ContainerWatcher(Protocol):
    """A mechanism. It watches until it is closed."""

    @property
    def name(self) -> str:
        """Its name, for the profile."""

    @property
    def sees_capabilities(self) -> bool:
        """Whether it sees which capabilities are used."""

    def options(self, container: Container, /) -> tuple[str, ...]:
        """The options of `docker run` that it needs for a container."""

    def expect(self) -> None:
        """Watch what starts from now on."""

    def add(self, container: WatchedContainer) -> None:
        """Watch a container; again once more of it is known."""

    def settle(self) -> None:
        """Forget what started and is not meant: all that are meant were added."""

    def read(self) -> None:
        """Take what was seen meanwhile; often enough that nothing is lost."""

    def observe(self, container: WatchedContainer, seen: Observations) -> None:
        """Add what was seen of a container until now."""

    def close(self) -> None:
        """Stop watching."""


def open_watcher(wanted: MechanismName | None, *, running: bool) -> tuple[ContainerWatcher, tuple[str, ...]]:
    """The wanted mechanism, or the best one that works here; and why better ones do not.

    A container that is already `running` can be watched by tracepoints only. TargetError where none works.
    """
    from sealock.runtime.watch.filtered import LogWatcher, NotifyWatcher  # noqa: PLC0415  most runs need only one
    from sealock.runtime.watch.tracepoints import TracepointWatcher  # noqa: PLC0415  as above

    makers: dict[MechanismName, type[TracepointWatcher | LogWatcher | NotifyWatcher]] = {
        "tracepoints": TracepointWatcher,
        "log": LogWatcher,
        "notify": NotifyWatcher,
    }
    reasons: list[str] = []
    for name in (wanted,) if wanted else MECHANISMS:
        if running and name != "tracepoints":
            reasons.append(f"{name} cannot watch a container that already runs")
            continue
        try:
            return makers[name](), tuple(reasons)
        except TargetError as error:
            reasons.append(str(error))
    message = "; ".join(reasons)
    raise TargetError(message)
