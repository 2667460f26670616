"""Mutation operators beside Cosmic Ray's: what its own do not change, and the tests of this project often missed."""

from __future__ import annotations

from typing import Any, ClassVar

import parso
from cosmic_ray.operators import exception_replacer
from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import ExprStmt, PythonNode, ReturnStmt

_Span = tuple[tuple[int, int], tuple[int, int]]


class DropOperand(Operator):  # type: ignore[misc]  # the library has no types
    """Drops one operand of `and` or `or`."""

    def mutation_positions(self, node: Any) -> list[_Span]:
        """Each operand."""
        if isinstance(node, PythonNode) and node.type in {"and_test", "or_test"}:
            return [(operand.start_pos, operand.end_pos) for operand in node.children[::2]]
        return []

    def mutate(self, node: Any, index: int) -> Any:
        """Remove the operand and one operator."""
        children = list(node.children)
        first = 2 * index - 1 if index else 0
        prefix = children[0].get_first_leaf().prefix
        del children[first : first + 2]
        children[0].get_first_leaf().prefix = prefix
        node.children = children
        return node if len(children) > 1 else children[0]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        return (Example("if a and b: pass", "if b: pass"),)


class DropElement(Operator):  # type: ignore[misc]
    """Drops an element of a list, tuple, set or dict of three or more."""

    _LEAST: ClassVar[int] = 3

    def _elements(self, node: Any) -> list[tuple[int, int]]:
        """The slices of `node.children` that hold an element and its comma; none for another node."""
        if not isinstance(node, PythonNode) or node.type not in {"testlist_comp", "dictorsetmaker"}:
            return []
        if any(getattr(child, "type", "") in {"sync_comp_for", "comp_for"} for child in node.children):
            return []
        slices, start = [], 0
        for position, child in enumerate(node.children):
            if getattr(child, "value", "") == ",":
                slices.append((start, position + 1))
                start = position + 1
        if start < len(node.children):
            slices.append((start, len(node.children)))
        return slices if len(slices) >= self._LEAST else []

    def mutation_positions(self, node: Any) -> list[_Span]:
        """Each element."""
        children = getattr(node, "children", ())
        return [(children[start].start_pos, children[end - 1].end_pos) for start, end in self._elements(node)]

    def mutate(self, node: Any, index: int) -> Any:
        """Remove the element with its comma."""
        start, end = self._elements(node)[index]
        node.children = node.children[:start] + node.children[end:]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        return (Example("[a, b, c]", "[ b, c]"),)


class DropFilter(Operator):  # type: ignore[misc]
    """Lets the condition of a comprehension always hold."""

    def mutation_positions(self, node: Any) -> list[_Span]:
        """The condition."""
        if isinstance(node, PythonNode) and node.type == "comp_if":
            return [(node.children[1].start_pos, node.children[1].end_pos)]
        return []

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002  one position a node
        """Replace the condition with True."""
        node.children[1] = parso.parse(" True")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        return (Example("[a for a in b if a]", "[a for a in b if True]"),)


class ReturnNothing(Operator):  # type: ignore[misc]
    """Returns None instead of a value."""

    def mutation_positions(self, node: Any) -> list[_Span]:
        """The value of a return statement."""
        if isinstance(node, ReturnStmt) and len(node.children) > 1 and node.children[1].get_code().strip() != "None":
            return [(node.children[1].start_pos, node.children[1].end_pos)]
        return []

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002
        """Replace the value with None."""
        node.children[1] = parso.parse(" None")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        return (Example("def a():\n    return 1\n", "def a():\n    return None\n"),)


class DropStatement(Operator):  # type: ignore[misc]
    """Drops a statement that only calls something or changes a variable in place."""

    def mutation_positions(self, node: Any) -> list[_Span]:
        """The statement."""
        if isinstance(node, PythonNode) and node.type == "simple_stmt" and _drops(node.children[0]):
            return [(node.children[0].start_pos, node.children[0].end_pos)]
        return []

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002
        """Replace the statement with pass."""
        prefix = node.children[0].get_first_leaf().prefix
        node.children[0] = parso.parse(f"{prefix}pass")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        return (Example("a.append(b)\n", "pass\n"),)


def _drops(statement: Any) -> bool:
    kind = getattr(statement, "type", "")
    if kind in {"atom_expr", "power", "raise_stmt"}:
        return True
    return isinstance(statement, ExprStmt) and any(
        getattr(child, "value", "") in {"+=", "-=", "|=", "&=", "*="} for child in statement.children
    )


class ExceptionReplacer(exception_replacer.ExceptionReplacer):  # type: ignore[misc]
    """Cosmic Ray's operator, which ends with an error at an exception of a module, such as `ssl.SSLError`."""

    @staticmethod
    def _name_nodes(node: Any) -> list[Any]:
        caught = node.children[1]
        if caught.type == "atom":
            caught = caught.children[1]
        return [kind.get_last_leaf() for kind in (caught.children[::2] if caught.type == "testlist_comp" else [caught])]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Examples for Cosmic Ray's own documentation."""
        after = "try: pass\nexcept (A, b.CosmicRayTestingException): pass"
        return (Example("try: pass\nexcept (A, b.C): pass", after, occurrence=1),)


OWN = (ExceptionReplacer, DropOperand, DropElement, DropFilter, ReturnNothing, DropStatement)
