"""The rules that evaluate containers at the guard, so that no rule runs for what is known already.

What a rule's result rests on is observed: it is evaluated on a container that leaves everything open, and the fields
that it looks at are noted. On any container that leaves these fields open it finds the same. And what was found in a
container is kept for the next one like it, since clients create the same again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict, astuple

from sealock.formats.inspect.created import read_created
from sealock.model.absent import UNKNOWN
from sealock.model.container import Container
from sealock.model.finding import RuleFinding
from sealock.rules.rule import Rule

RuleFaults: TypeAlias = tuple[Rule[Container], tuple[RuleFinding, ...] | None]
"""A rule with what it found; None where a field that it reads is not known."""

OPEN: Final = read_created({}).container
"""What a request describes that sets nothing."""
_NAMES: Final = Container.__struct_fields__
_VALUES: Final = astuple(OPEN)
_UNKNOWN: Final = frozenset(name for name, value in zip(_NAMES, _VALUES, strict=True) if value is UNKNOWN)
_KEPT: Final = 256
"""Containers whose results are kept."""
_LARGEST: Final = 16 << 10
"""Most characters of a container whose result is kept."""


class _PreparedRule(Struct, frozen=True):
    """A rule, and what it finds where the fields that its result rests on are open. `silent`: nothing at all."""

    rule: Rule[Container]
    rests_on: frozenset[str]
    faults: tuple[RuleFinding, ...]
    silent: bool


class RuleSet:
    """Rules that are ready to evaluate many containers."""

    def __init__(self, rules: Iterable[Rule[Container]]) -> None:
        self._rules = tuple(map(_prepare, rules))
        self._known: OrderedDict[tuple[Any, ...], tuple[RuleFaults, ...]] = OrderedDict()

    @property
    def all(self) -> tuple[Rule[Container], ...]:
        """The rules."""
        return tuple(prepared.rule for prepared in self._rules)

    def find(self, container: Container) -> tuple[RuleFaults, ...]:
        """What the rules find; a rule that finds nothing is left out."""
        values = astuple(container)
        known = self._known.get(values)
        if known is not None:
            self._known.move_to_end(values)
            return known
        changed = {name for name, value, left in zip(_NAMES, values, _VALUES, strict=True) if value is not left}
        made = tuple(self._evaluate(container, changed))
        if sum(_size(getattr(container, name)) for name in changed) <= _LARGEST:
            self._known[values] = made
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return made

    def _evaluate(self, container: Container, changed: set[str]) -> Iterable[RuleFaults]:
        unknown = (_UNKNOWN - changed) | {name for name in changed if getattr(container, name) is UNKNOWN}
        for prepared in self._rules:
            is_open = prepared.rests_on.isdisjoint(changed)
            if is_open and prepared.silent:
                continue
            rule = prepared.rule
            if not unknown.isdisjoint(rule.reads):
                yield rule, None
            elif faults := prepared.faults if is_open else tuple(rule.check(container)):
                yield rule, faults


def _size(value: Any) -> int:  # noqa: ANN401  the value of any field
    """About how many characters a value takes."""
    if isinstance(value, str):
        return len(value) + 1
    if isinstance(value, Struct):
        value = astuple(value)
    return sum(map(_size, value)) + 1 if isinstance(value, tuple) else 1


class _Observed(Container, frozen=True):
    """A container that notes which of its fields are looked at."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  any field
        _looked_at.add(name)
        return super().__getattribute__(name)


_looked_at: Final[set[str]] = set()


def _prepare(rule: Rule[Container]) -> _PreparedRule:
    """Observe what a rule finds where everything is left open, and what that rests on."""
    observed = _Observed(**asdict(OPEN))
    _looked_at.clear()
    faults = tuple(rule.check(observed))
    silent = not faults and _UNKNOWN.isdisjoint(rule.reads)
    return _PreparedRule(rule, frozenset(_looked_at.intersection(_NAMES)) | frozenset(rule.reads), faults, silent)
