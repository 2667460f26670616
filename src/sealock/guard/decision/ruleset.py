"""The rules that evaluate containers at the guard, so that no rule runs for what is known already.

What a rule's result rests on is observed: the fields that it looks at while it evaluates a container. On any container
that has the same in these fields it finds the same. So a container is compared with one like it that was evaluated
before, and only the rules run that rest on a difference: clients create much the same again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import astuple

from sealock.formats.inspect.created import read_created
from sealock.model.absent import UNKNOWN
from sealock.model.container import Container
from sealock.model.finding import RuleFinding
from sealock.rules.rule import Rule

RuleFaults: TypeAlias = tuple[Rule[Container], tuple[RuleFinding, ...] | None]
"""A rule with what it found; None where a field that it reads is not known."""

OPEN: Final = read_created({}).container
"""What a request describes that sets nothing."""
_Difference: TypeAlias = tuple[str, Any, Any]
"""The name of a field, its value, and that of another container."""
_NAMES: Final = Container.__struct_fields__
_KEPT: Final = 256
"""Containers whose results are kept."""
_FEW: Final = 10
"""Most rules that a container is evaluated by without being kept: it is near enough to the one that is."""
_LARGEST: Final = 16 << 10
"""Most characters of a container whose result is kept."""


class _Result(Struct, frozen=True):
    """What a rule finds (see RuleFaults), and the fields that this rests on."""

    faults: tuple[RuleFinding, ...] | None
    rests_on: frozenset[str]


class _Evaluated(Struct, frozen=True):
    """A container that was evaluated: its fields, each rule's result, and the rules that find something.

    `resting` are the numbers of the rules whose results rest on a field; `size` is what `_size` says of the fields.
    """

    values: tuple[Any, ...]
    results: tuple[_Result, ...]
    found: tuple[RuleFaults, ...]
    resting: dict[str, tuple[int, ...]]
    size: int


class RuleSet:
    """Rules that are ready to evaluate many containers."""

    def __init__(self, rules: Iterable[Rule[Container]]) -> None:
        self.all = tuple(rules)
        results = tuple(_evaluate(rule, OPEN) for rule in self.all)
        values = astuple(OPEN)
        self._last = _Evaluated(values, results, self._found(results), _resting(results), _size(values))
        """What was evaluated last."""
        self._known: OrderedDict[Any, _Evaluated] = OrderedDict()
        """The container of each image that was evaluated last."""

    def find(self, container: Container) -> tuple[RuleFaults, ...]:
        """What the rules find; a rule that finds nothing is left out."""
        like = self._known.get(container.image, self._last)
        differs = _differences(container, like)
        if not differs:
            return like.found
        numbers = _numbers(like, (name for name, _, _ in differs))
        if len(numbers) <= _FEW and self.find_the_same(numbers, container, like):
            return like.found
        return self._evaluated(container, like, differs).found

    def evaluate(self, container: Container) -> _Evaluated:
        """Evaluate a container by those that were evaluated before."""
        like = self._known.get(container.image, self._last)
        return self._evaluated(container, like, _differences(container, like))

    def find_the_same(self, numbers: Iterable[int], container: Container, like: _Evaluated) -> bool:
        """Whether the rules of these numbers find in a container what they found in one that was evaluated."""
        return all(find_faults(self.all[number], container) == like.results[number].faults for number in numbers)

    def _evaluated(self, container: Container, like: _Evaluated, differs: Iterable[_Difference]) -> _Evaluated:
        """Evaluate a container by its differences from one like it."""
        results, same_faults, same_fields = list(like.results), True, True
        for number in _numbers(like, (name for name, _, _ in differs)):
            old = results[number]
            new = results[number] = _evaluate(self.all[number], container)
            same_faults = same_faults and new.faults == old.faults
            same_fields = same_fields and new.rests_on == old.rests_on
        found = like.found if same_faults else self._found(results)
        resting = like.resting if same_fields else _resting(results)
        size = like.size + sum(_size(value) - _size(other) for _, value, other in differs)
        made = _Evaluated(astuple(container), tuple(results), found, resting, size)
        if size <= _LARGEST:
            self._keep(container.image, made)
        return made

    def _found(self, results: Iterable[_Result]) -> tuple[RuleFaults, ...]:
        return tuple(
            (rule, result.faults) for rule, result in zip(self.all, results, strict=True) if result.faults != ()
        )

    def _keep(self, image: Any, made: _Evaluated) -> None:  # noqa: ANN401  a name, or none
        self._last = self._known[image] = made
        self._known.move_to_end(image)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)


class AlikeContainers:
    """Finds what the rules find in containers that differ in a few fields alone.

    So only these fields are compared, with those of the one of them that was evaluated last.
    """

    def __init__(self, rules: RuleSet, fields: Iterable[str]) -> None:
        self._rules = rules
        self._fields = tuple((name, _NAMES.index(name)) for name in fields)
        self._last: _Evaluated | None = None

    def find(self, container: Container) -> tuple[RuleFaults, ...]:
        """What the rules find, as `RuleSet.find` does."""
        like = self._last
        if like is not None:
            differs = (name for name, at in self._fields if getattr(container, name) != like.values[at])
            if self._rules.find_the_same(_numbers(like, differs), container, like):
                return like.found
        self._last = self._rules.evaluate(container)
        return self._last.found


def _differences(container: Container, like: _Evaluated) -> list[_Difference]:
    """The fields in which a container differs from one that was evaluated, with both values."""
    return [
        (name, value, other)
        for name, value, other in zip(_NAMES, astuple(container), like.values, strict=True)
        if value is not other and value != other
    ]


def _numbers(like: _Evaluated, names: Iterable[str]) -> set[int]:
    """The numbers of the rules whose results on a container that was evaluated rest on any of these fields."""
    return {number for name in names for number in like.resting.get(name, ())}


def _resting(results: Iterable[_Result]) -> dict[str, tuple[int, ...]]:
    """The numbers of the rules whose results rest on a field, by field."""
    resting: dict[str, list[int]] = {}
    for number, result in enumerate(results):
        for name in result.rests_on:
            resting.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in resting.items()}


def _size(value: Any) -> int:  # noqa: ANN401  the value of any field
    """About how many characters a value takes."""
    if isinstance(value, str):
        return len(value) + 1
    if isinstance(value, Struct):
        value = astuple(value)
    return sum(map(_size, value)) + 1 if isinstance(value, tuple) else 1


class _Observer:
    """Stands for the container under evaluation, and notes which of its fields are looked at."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  any field
        _looked_at.add(name)
        return getattr(_observed[0], name)


_observed: Final = [OPEN]
_looked_at: Final[set[str]] = set()


def _evaluate(rule: Rule[Container], container: Container) -> _Result:
    """What a rule finds, and what that rests on."""
    observer: Any = _Observer()
    _observed[0] = container
    _looked_at.clear()
    faults = find_faults(rule, observer)
    return _Result(faults, frozenset(_looked_at.union(rule.reads)))


def find_faults(rule: Rule[Container], container: Container) -> tuple[RuleFinding, ...] | None:
    """What a rule finds; None where a field that it reads is not known."""
    for name in rule.reads:
        if getattr(container, name) is UNKNOWN:
            return None
    return tuple(rule.check(container))
