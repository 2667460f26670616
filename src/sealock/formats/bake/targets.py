"""Evaluates the targets of a bake file as `docker buildx bake --print` does, from its own text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from msgspec import Struct

from sealock.formats.hcl.expressions import Evaluator, HclValue, Scope, Unresolved
from sealock.formats.hcl.functions import call
from sealock.formats.hcl.grammar import HclAttribute, HclBlock, HclText
from sealock.model.location import Place

_MERGED: Final = frozenset({"args", "labels", "contexts"})
"""Attributes of which each entry is inherited by itself."""
_APPENDED: Final = frozenset({"cache-from", "entitlements", "attest"})
"""Attributes whose elements are added to those inherited. Buildx then drops repetitions; each has its own place."""
_DEEPEST: Final = 100
"""Targets that inherit from one another."""
_MOST_TARGETS: Final = 2_000
"""Targets that one file may have, those of matrices counted."""
_MOST_MERGES: Final = 5_000
"""How often the targets of one file are merged: each once, unless they inherit in circles."""


class BakeTarget(Struct, frozen=True):
    """A target with what it inherits."""

    name: str
    place: Place
    attributes: Mapping[str, HclValue]


class BakeFault(Struct, frozen=True):
    """What buildx would refuse, and its place."""

    message: str
    place: Place


class BakeFile:
    """The variables, functions, targets and groups of a file."""

    def __init__(self, hcl: HclText) -> None:
        self.hcl = hcl
        self.faults: list[BakeFault] = []
        body = hcl.body()
        self.variables: dict[str, HclBlock] = {}
        self.attributes = {attribute.name: attribute for attribute in body.attributes}
        self.functions: dict[str, HclBlock] = {}
        self.blocks: list[HclBlock] = []
        self.groups: dict[str, tuple[str, ...]] = {}
        for block in body.blocks:
            name = block.labels[0] if block.labels else ""
            if block.kind == "variable":
                self.variables[name] = block
            elif block.kind == "function":
                self.functions[name] = block
            elif block.kind in {"target", "group"} and name:
                self.blocks.append(block)
        self.evaluator = Evaluator(hcl, self._call)
        self._values: dict[str, HclValue] = {}
        self._pending: set[str] = set()
        self.targets: dict[str, BakeTarget] = {}
        self._raw: dict[str, list[tuple[HclBlock, Scope]]] = {}
        self._inherited: dict[str, dict[str, HclValue]] = {}
        self._circular = False
        """Whether a target that is merged lacks what it would inherit in a circle."""
        self._merges = 0
        self._read()

    def scope(self, name: str) -> HclValue | None:
        """The value of a variable: its default, since what a build sets is not known. None for one not declared."""
        if name in self._values:
            return self._values[name]
        attribute = self.attributes.get(name)
        block = self.variables.get(name)
        if block is not None:
            attribute = next((own for own in block.attributes if own.name == "default"), None)
        elif attribute is None:
            known = name.startswith("BAKE_") or name in {"target", "group", "variable"}
            return HclValue(Unresolved(name), Place()) if known else None
        if name in self._pending:
            return HclValue(Unresolved(name), block.place if block is not None else Place())
        if attribute is None:
            # Buildx takes a variable without a default for empty.
            return HclValue("", block.place if block is not None else Place())
        self._pending.add(name)
        value = self.evaluator.value(attribute.expression, self.scope)
        self._pending.discard(name)
        self._values[name] = value
        return value

    def _call(self, name: str, arguments: list[HclValue]) -> HclValue | None:
        block = self.functions.get(name)
        if block is None:
            return call(name, arguments)
        own = {attribute.name: attribute for attribute in block.attributes}
        names = self._names(own.get("params"))
        rest = self._names(own.get("variadic_params"))
        result = own.get("result")
        if result is None or len(arguments) < len(names) or f"{name}()" in self._pending:
            return None
        given = dict(zip(names, arguments, strict=False))
        if rest:
            given[rest[0]] = HclValue(list(arguments[len(names) :]), Place())
        self._pending.add(f"{name}()")
        value = self.evaluator.value(result.expression, lambda word: given.get(word) or self.scope(word))
        self._pending.discard(f"{name}()")
        return value

    def _names(self, attribute: HclAttribute | None) -> list[str]:
        """The names of `params = [a, b]` or `variadic_params = rest`, which JSON quotes."""
        pending, names = [attribute.expression] if attribute is not None else [], list[str]()
        while pending:
            node = pending.pop()
            if node.type in {"variable_expr", "string_lit"}:
                names.append(self.hcl.word(node).strip('"'))
            else:
                pending += reversed(node.named_children)
        return names

    def _read(self) -> None:
        """Expand the matrices, and give each target what it inherits."""
        places: dict[str, Place] = {}
        for name in (*self.variables, *self.attributes):
            self.scope(name)  # in their order, so that a long chain of variables is not evaluated from its end
        for block in self.blocks:
            name = block.labels[0]
            if block.kind == "group":
                self.groups[name] = self._texts(block, "targets", self.scope)
                continue
            for own, scope in self._expanded(block, name):
                if len(self._raw) >= _MOST_TARGETS:
                    self.faults.append(BakeFault(f"more than {_MOST_TARGETS} targets", block.place))
                    break
                self._raw.setdefault(own, []).append((block, scope))
                places[own] = block.place
        self._inherit()
        for name in self._raw:
            self.targets[name] = BakeTarget(name, places[name], self._merged(name, frozenset()))

    def _inherit(self) -> None:
        """Merge parents before what inherits from them, so that a long chain is not merged from its end."""
        visited: set[str] = set()
        pending = [*reversed(self._raw)]
        while pending:
            name = pending[-1]
            parents = (
                [] if name in visited else [inherited for part in self._raw[name] for inherited in self._parents(*part)]
            )
            visited.add(name)
            if above := [parent for parent in parents if parent in self._raw and parent not in visited]:
                pending += above
            else:
                self._merged(pending.pop(), frozenset())

    def _parents(self, block: HclBlock, scope: Scope) -> Iterator[str]:
        """The targets that a block inherits from, those of groups too."""
        for parent in self._texts(block, "inherits", scope):
            yield from self.groups.get(parent, (parent,)) if parent not in self._raw else (parent,)

    def _expanded(self, block: HclBlock, name: str) -> Iterator[tuple[str, Scope]]:
        """The targets of a block: several where it has a matrix."""
        own = {attribute.name: attribute for attribute in block.attributes}
        if "matrix" not in own:
            yield name, self.scope
            return
        data = self.evaluator.value(own["matrix"].expression, self.scope).data
        axes = data if isinstance(data, dict) else {}
        values = [axis.data if isinstance(axis.data, list) else [] for axis in axes.values()]
        if not values or not all(values) or "name" not in own:
            self.faults.append(BakeFault(f"the matrix of {name} is not decided by this file", own["matrix"].place))
            return
        count = 1
        for axis in values:
            count *= len(axis)
        if count > _MOST_TARGETS:
            self.faults.append(BakeFault(f"the matrix of {name} makes more than {_MOST_TARGETS} targets", block.place))
            return
        made_: list[str] = []
        for combination in product(*values):
            given = dict(zip(axes, combination, strict=True))

            def scope(word: str, given: Mapping[str, HclValue] = given) -> HclValue | None:
                return given.get(word) or self.scope(word)

            text = self.evaluator.value(own["name"].expression, scope).text
            made_.append(text or f"{name}-{len(made_)}")
            yield made_[-1], scope
        self.groups[name] = tuple(made_)

    def _texts(self, block: HclBlock, key: str, scope: Scope) -> tuple[str, ...]:
        attribute = next((own for own in block.attributes if own.name == key), None)
        data = self.evaluator.value(attribute.expression, scope).data if attribute is not None else None
        return tuple(item.text or "" for item in data) if isinstance(data, list) else ()

    def _merged(self, name: str, above: frozenset[str]) -> dict[str, HclValue]:
        """The attributes of a target with those that it inherits."""
        if name in self._inherited:
            return self._inherited[name]
        attributes: dict[str, HclValue] = {}
        faults, circular = len(self.faults), self._circular
        self._circular = False
        self._merges += 1
        if self._merges > _MOST_MERGES:
            if self._merges == _MOST_MERGES + 1:
                self.faults.append(BakeFault(f"its targets inherit in more than {_MOST_MERGES} ways", Place()))
            return attributes
        if len(above) > _DEEPEST:
            self.faults.append(BakeFault(f"{name} is inherited through more than {_DEEPEST} targets", Place()))
            return attributes
        for block, scope in self._raw.get(name, ()):
            for inherited in self._parents(block, scope):
                if inherited in above | {name}:
                    self._circular = True  # buildx takes from a target what it has without the circle
                    continue
                if inherited not in self._raw:
                    self.faults.append(BakeFault(f"{name} inherits {inherited}, which there is not", block.place))
                    continue
                _merge(attributes, self._merged(inherited, above | {name}))
            for attribute in block.attributes:
                if attribute.name in {"inherits", "matrix", "name"}:
                    continue
                value = self.evaluator.value(attribute.expression, scope)
                if value.data is None:
                    continue
                _merge(attributes, {attribute.name: value})
        if not above or (len(self.faults) == faults and not self._circular):
            self._inherited[name] = attributes  # the same from wherever it is inherited
        self._circular = bool(above) and (circular or self._circular)
        return attributes


def _merge(attributes: dict[str, HclValue], more: Mapping[str, HclValue]) -> None:
    """Add attributes to those of parents."""
    for name, value in more.items():
        old = attributes.get(name)
        if name in _MERGED and old is not None and isinstance(old.data, dict) and isinstance(value.data, dict):
            attributes[name] = HclValue({**old.data, **value.data}, value.place)
        elif name in _APPENDED and old is not None and isinstance(old.data, list) and isinstance(value.data, list):
            attributes[name] = HclValue([*old.data, *value.data], value.place)
        else:
            attributes[name] = value
