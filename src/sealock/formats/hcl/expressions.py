"""Evaluates expressions of HCL as far as a text by itself decides them; what it does not is unresolved."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from textwrap import dedent
from typing import Any, Final, TypeAlias, TypeGuard

from msgspec import Struct
from msgspec.structs import force_setattr
from tree_sitter import Node

from sealock.formats.hcl.grammar import HclText
from sealock.formats.unitfile import unescape
from sealock.model.location import Place
from sealock.patterns import compile_lazily

DEEPEST: Final = 60
LONGEST: Final = 65_536
"""Characters of a value, and values within one."""
MOST_STEPS: Final = 200_000
"""Expressions that one text may have evaluated, with the values that it gives to functions."""


class Unresolved(Struct, frozen=True):
    """A value that the text does not decide, as it is written."""

    words: str


class HclValue(Struct, frozen=True):
    """A value and its place. Elements of lists and objects have places of their own."""

    data: HclData
    place: Place
    size: int = 1
    """How many values it is, those within it included; one that several lists share counts each time."""

    def __post_init__(self) -> None:
        """Count the values within it."""
        if isinstance(self.data, list | dict) and self.data:
            inner = self.data if isinstance(self.data, list) else self.data.values()
            force_setattr(self, "size", 1 + sum(item.size for item in inner))

    @property
    def plain(self) -> Any:  # noqa: ANN401  as JSON has it
        """The value without places."""
        if isinstance(self.data, list):
            return [item.plain for item in self.data]
        if isinstance(self.data, dict):
            return {name: item.plain for name, item in self.data.items()}
        return self.data

    @property
    def text(self) -> str | None:
        """The value as a template writes it; None for what is no scalar, or not decided."""
        match self.data:
            case bool():
                return "true" if self.data else "false"
            case float() if self.data == int(self.data):
                return str(int(self.data))
            case str() | int() | float():
                return str(self.data)
            case _:
                return None


HclData: TypeAlias = "str | int | float | bool | list[HclValue] | dict[str, HclValue] | Unresolved | None"
_NUMERAL: Final = compile_lazily(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")
_LARGEST: Final = 2.0**512
Scope: TypeAlias = Callable[[str], HclValue | None]
Functions: TypeAlias = Callable[[str, list[HclValue]], HclValue | None]
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": lambda left, right: left == right and isinstance(left, bool) == isinstance(right, bool),
    "!=": lambda left, right: left != right or isinstance(left, bool) != isinstance(right, bool),
}
"""A truth value equals no number."""
_NUMBERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else None,
    "%": lambda left, right: (abs(left) % abs(right)) * (-1 if left < 0 else 1) if right else None,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class Evaluator:
    """Evaluates the expressions of one text, within bounds."""

    def __init__(self, hcl: HclText, functions: Functions) -> None:
        self.hcl, self.functions = hcl, functions
        self.steps = 0
        self.level = 0
        """How deep in each other expressions are, through variables and functions too."""
        self.unknown: dict[str, Place] = {}
        """Variables that the text does not declare, and where the first use of each is."""

    def value(self, node: Node, scope: Scope) -> HclValue:
        """The value of an expression."""
        self.steps += 1
        place = self.hcl.place(node)
        if self.level > DEEPEST or self.steps > MOST_STEPS:
            return HclValue(Unresolved("an expression that is too deep or too long"), place)
        self.level += 1
        data = self._data(node, scope)
        self.level -= 1
        if isinstance(data, HclValue):
            return HclValue(data.data, place) if not isinstance(data.data, list | dict) else data
        value = HclValue(data, place)
        return value if value.size <= LONGEST else HclValue(self._open(node), place)

    def _open(self, node: Node) -> Unresolved:
        return Unresolved(self.hcl.word(node)[:200])

    def _data(  # noqa: C901, PLR0911  a kind of node each
        self, node: Node, scope: Scope
    ) -> HclData | HclValue:
        inner = node.named_children
        match node.type:
            case "expression" | "collection_value" | "literal_value" | "template_expr" | "parenthesized_expression":
                parts = [child for child in inner if child.type != "comment"]
                if len(parts) == 1:
                    return self.value(parts[0], scope)
                return self._postfix(parts, node, scope)
            case "string_lit" | "quoted_template":
                return self._template(node, scope)
            case "heredoc_template":
                return self._heredoc(node, scope)
            case "numeric_lit":
                number = self.hcl.word(node)
                return _number(number)
            case "bool_lit":
                return self.hcl.word(node) == "true"
            case "null_lit":
                return None
            case "tuple":
                return [self.value(child, scope) for child in inner if child.type == "expression"]
            case "object":
                return self._object(node, scope)
            case "variable_expr":
                name = self.hcl.word(node)
                value = scope(name)
                if value is None:
                    self.unknown.setdefault(name, self.hcl.place(node))
                    return self._open(node)
                return value
            case "function_call":
                return self._call(node, scope)
            case "conditional":
                return self._conditional(node, scope)
            case "operation":
                return self._operation(inner[0], scope) if inner else self._open(node)
            case "for_expr":
                return self._for(node, scope)
            case _:
                return self._open(node)

    def _postfix(self, parts: list[Node], node: Node, scope: Scope) -> HclData | HclValue:
        """An expression with an index or attribute behind it."""
        if not parts:
            return self._open(node)
        value = self.value(parts[0], scope)
        for part in parts[1:]:
            key: Any = None
            if part.type == "get_attr":
                key = self.hcl.word(part).lstrip(".").strip()
            elif part.type == "index" and part.named_children:
                inner = part.named_children[0]
                keys = [child for child in inner.named_children if child.type == "expression"]
                key = self.value(keys[0], scope).data if keys else None
            inner_value = _element(value.data, key)
            if inner_value is None:
                return self._open(node)
            value = inner_value
        return value

    def _template(self, node: Node, scope: Scope) -> HclData:
        pieces: list[str] = []
        at = -1
        for child in node.named_children:
            if at >= 0:
                # The grammar leaves blanks out that follow an interpolation.
                pieces.append(self.hcl.data[at : child.start_byte].decode("utf-8", "replace"))
            at = child.end_byte
            if child.type == "template_literal":
                pieces.append(_literal(unescape(self.hcl.word(child))))
            elif child.type == "template_interpolation":
                text = self._interpolated(child, scope)
                if text is None:
                    return self._open(node)
                pieces.append(text)
            elif child.type not in {"quoted_template_start", "quoted_template_end"}:
                return self._open(node)
        return "".join(pieces) if sum(map(len, pieces)) <= LONGEST else self._open(node)

    def _interpolated(self, node: Node, scope: Scope) -> str | None:
        """The text of a `${…}`; None where it is not decided, or takes away the blanks around it."""
        found = [part for part in node.named_children if part.type == "expression"]
        return self.value(found[0], scope).text if found and "~" not in self.hcl.word(node) else None

    def _heredoc(self, node: Node, scope: Scope) -> HclData:
        if any(child.type == "template_directive" for child in node.named_children):
            return self._open(node)
        pieces: list[str] = []
        at = -1
        for child in node.named_children:
            if at >= 0 and child.type != "heredoc_identifier":
                pieces.append(self.hcl.data[at : child.start_byte].decode("utf-8", "replace"))
            at = child.end_byte if child.type != "heredoc_start" else -1
            if child.type == "template_literal":
                pieces.append(_literal(self.hcl.word(child)))
            elif child.type == "template_interpolation":
                text = self._interpolated(child, scope)
                if text is None or self.hcl.word(node).startswith("<<-"):
                    return self._open(node)
                pieces.append(text)
        if sum(map(len, pieces)) > LONGEST:
            return self._open(node)
        text = "".join(pieces).removeprefix("\n")
        if self.hcl.word(node).startswith("<<-"):
            # The grammar leaves the blanks of the first line out.
            text = _literal(dedent("\n".join(self.hcl.word(node).split("\n")[1:-1])))
        return text if text.endswith("\n") or not text else f"{text}\n"

    def _object(self, node: Node, scope: Scope) -> HclData:
        entries: dict[str, HclValue] = {}
        for element in node.named_children:
            parts = [child for child in element.named_children if child.type == "expression"]
            if element.type != "object_elem" or len(parts) != 2:
                continue
            name = self.hcl.word(parts[0]).strip()
            if not name.isidentifier() and not re.fullmatch(r"[\w-]+", name):
                name = self.value(parts[0], scope).text or name
            entries[name] = self.value(parts[1], scope)
        return entries

    def _call(self, node: Node, scope: Scope) -> HclData | HclValue:
        name = self.hcl.word(node.named_children[0])
        holder = next((child for child in node.named_children if child.type == "function_arguments"), None)
        nodes = [child for child in holder.named_children if child.type == "expression"] if holder is not None else []
        if name in {"try", "can"} or any(child.type == "ellipsis" for child in (holder or node).named_children):
            unknown = dict(self.unknown)
            values = [self.value(part, scope) for part in nodes]
            self.unknown = unknown
            known = [value for value in values if not isinstance(value.data, Unresolved)]
            return known[0] if name == "try" and known else self._open(node)
        given = [self.value(part, scope) for part in nodes]
        self.steps += sum(value.size for value in given)
        result = self.functions(name, given) if self.steps <= MOST_STEPS else None
        return self._open(node) if result is None else result

    def _conditional(self, node: Node, scope: Scope) -> HclData | HclValue:
        parts = [child for child in node.named_children if child.type == "expression"]
        if len(parts) != 3:
            return self._open(node)
        condition = self.value(parts[0], scope).data
        condition = {"true": True, "false": False}.get(condition) if isinstance(condition, str) else condition
        if not isinstance(condition, bool):
            return self._open(node)
        return self.value(parts[1 if condition else 2], scope)

    def _side(self, parts: list[Node], node: Node, scope: Scope) -> HclData:
        """The value of one side of an operation."""
        value = self.value(parts[0], scope) if len(parts) == 1 else self._postfix(parts, node, scope)
        return value.data if isinstance(value, HclValue) else value

    def _operation(self, node: Node, scope: Scope) -> HclData:
        signs = (
            index for index, child in enumerate(node.children) if not child.is_named and child.type not in {"(", ")"}
        )
        at = next(signs, None)
        if at is None:
            return self._open(node)
        sign = self.hcl.word(node.children[at])
        sides = [[child for child in side if child.is_named and child.type != "comment"]
                 for side in (node.children[:at], node.children[at + 1 :])]  # fmt: skip
        values = [self._side(side, node, scope) for side in sides if side]
        if any(isinstance(value, Unresolved | list | dict) for value in values):
            return self._open(node)
        if node.type == "unary_operation" and len(values) == 1:
            if sign == "!" and isinstance(values[0], bool):
                return not values[0]
            return -values[0] if sign == "-" and _is_number(values[0]) else self._open(node)
        if len(values) != 2:
            return self._open(node)
        left, right = values
        if sign in _COMPARISONS:
            return bool(_COMPARISONS[sign](left, right))
        if sign in {"&&", "||"} and isinstance(left, bool) and isinstance(right, bool):
            return (left and right) if sign == "&&" else (left or right)
        left, right = (_from_text(value) for value in values)
        numeric = _is_number(left) and _is_number(right)
        result = _NUMBERS[sign](left, right) if numeric and sign in _NUMBERS else None
        return self._open(node) if result is None or is_too_large(result) else result

    def _for(self, node: Node, scope: Scope) -> HclData:
        """`[for x in list : value]`, also with a condition; what makes an object is unresolved."""
        inner = node.named_children[0] if node.named_children else node
        intro = next((child for child in inner.named_children if child.type == "for_intro"), None)
        bodies = [child for child in inner.named_children if child.type == "expression"]
        if inner.type != "for_tuple_expr" or intro is None or len(bodies) != 1:
            return self._open(node)
        names = [self.hcl.word(child) for child in intro.named_children if child.type == "identifier"]
        sources = [child for child in intro.named_children if child.type == "expression"]
        condition = next((child for child in inner.named_children if child.type == "for_cond"), None)
        data = self.value(sources[0], scope).data if sources else None
        if not isinstance(data, list) or not 1 <= len(names) <= 2:
            return self._open(node)
        result: list[HclValue] = []
        for index, item in enumerate(data):
            own = dict(zip(names, [item] if len(names) == 1 else [HclValue(index, item.place), item], strict=True))
            within: Scope = lambda name, own=own: own.get(name) or scope(name)  # type: ignore[misc]  # noqa: E731
            if condition is not None and condition.named_children:
                wanted = self.value(condition.named_children[-1], within).data
                if not isinstance(wanted, bool):
                    return self._open(node)
                if not wanted:
                    continue
            result.append(self.value(bodies[0], within))
        return result


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_text(data: HclData) -> HclData:
    """A number for a text that is one, as operators of numbers take it."""
    return _number(data) if isinstance(data, str) and _NUMERAL.fullmatch(data) is not None else data


def _element(data: HclData, key: object) -> HclValue | None:
    """The element of a list or object; None where there is none."""
    if isinstance(data, dict):
        return data.get(key) if isinstance(key, str) else None
    return data[key] if isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data) else None


def _literal(text: str) -> str:
    """A part of a template without variables: a doubled sign stands for one that begins none."""
    return text.replace("$${", "${").replace("%%{", "%{")


def _number(text: str) -> HclData:
    try:
        number = int(text) if text.isdigit() else float(text)
    except ValueError:
        return Unresolved(text[:40])
    return Unresolved(text[:40]) if len(text) >= 40 or is_too_large(number) else number


def is_too_large(value: object) -> bool:
    """Whether a text is longer, or a number larger, than HCL calculates with (512 bits)."""
    if isinstance(value, int):
        return value.bit_length() > 512
    if isinstance(value, float):
        return not abs(value) < _LARGEST
    return isinstance(value, str) and len(value) > LONGEST
