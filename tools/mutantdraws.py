"""The changes that `./dev mutants` draws: Cosmic Ray's operators and our own, at the places of the code that count."""

from __future__ import annotations

import ast
import difflib
import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider
from mutationoperators import OWN

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "sealock"
EQUIVALENT = Path(__file__).with_name("equivalent-mutants.toml")
_NOT_DRAWN = {"VariableReplacer", "VariableInserter", "RemoveDecorator"}
"""Operators that need arguments, or whose changes the type checker finds."""
_TEXTS = {"bad", "good", "references", "keywords", "aliases", "differs", "remedy", "id", "__all__", "__slots__"}
"""Attributes that other checks hold: the manual, the generated pages and the records of the rules."""
_OF_CLASSES = {"frozen", "gc", "kw_only", "slots"}
"""Words of a class statement: the type checker holds the first, and the others change no value."""
_CHANGED = {
    "and_test", "assert_stmt", "comp_if", "comparison", "dictorsetmaker", "except_clause", "factor", "for_stmt",
    "if_stmt", "keyword", "not_test", "number", "operator", "or_test", "return_stmt", "simple_stmt", "test",
    "testlist_comp", "while_stmt",
}  # fmt: skip
"""The kinds of nodes that operators change: to ask 150 operators about no others takes a tenth of the time."""
_SIGNS = frozenset(".,:;()[]{}=@")
_MOST_IN_A_FILE = 3

Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    """One change: the file, Cosmic Ray's operator and the number of its occurrence in the file, and the line."""

    path: Path
    operator: str
    occurrence: int
    line: int

    @property
    def file(self) -> str:
        """The path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The package of sealock that the file belongs to."""
        return _room(self.path)

    @property
    def family(self) -> str:
        """The kind of change, without the pair of signs that it swaps."""
        return self.operator.partition("_")[0]

    @property
    def function(self) -> str:
        """The function or class that the line is in, as `Class.method`; "" for none."""
        return function_at(self.path.read_text(encoding="utf-8"), self.line)

    @property
    def at_import(self) -> bool:
        """Whether the line runs as the module is imported: in no function, or among the defaults of one."""
        bodies = (
            (node.body[0].lineno, node.end_lineno or 0)
            for node in ast.walk(ast.parse(self.path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        return not any(first <= self.line <= last for first, last in bodies)

    def code(self) -> str:
        """The text of the file after the change."""
        text = self.path.read_text(encoding="utf-8")
        return str(mutate_code(text, operators()[self.operator](), self.occurrence))

    def diff(self) -> str:
        """The lines that change, after their signs."""
        text = self.path.read_text(encoding="utf-8")
        lines = difflib.unified_diff(text.splitlines(), self.code().splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def function_at(text: str, line: int) -> str:
    """The innermost function or class of a module that has this line, with those around it; "" for none."""
    names = []
    nodes: list[ast.AST] = [ast.parse(text)]
    while nodes:
        node = nodes.pop()
        for inner in ast.iter_child_nodes(node):
            first = min(
                (each.lineno for each in getattr(inner, "decorator_list", ())), default=getattr(inner, "lineno", 0)
            )
            if first <= line <= (getattr(inner, "end_lineno", None) or 0):
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    names.append(inner.name)
                nodes.append(inner)
    return ".".join(names)


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def operators() -> dict[str, Any]:
    """The operators by name: Cosmic Ray's and our own."""
    provider = OperatorProvider()
    return {name: provider[name] for name in provider if name not in _NOT_DRAWN} | {kind.__name__: kind for kind in OWN}


def _span(node: Any) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _is_type(name: str) -> bool:
    """Whether a name in capitals and small letters, as `Result = int | None`, names a type."""
    letters = name.strip("_")
    return letters[:1].isupper() and not letters.isupper()


def quiet_spans(text: str) -> list[Span]:
    """The places whose change no test should notice: imports, types, how a class keeps its fields, and pure texts.

    So is `strict=True` of zip: it asserts what always holds.
    """
    spans: list[Span] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) if name in _TEXTS or "TypeAlias" in ast.dump(node.annotation):
                spans.append(_span(node))
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _TEXTS or _is_type(name):
                spans.append(_span(node))
            case ast.ClassDef(decorator_list=decorators, keywords=words):
                spans += [_span(word) for word in words if word.arg in _OF_CLASSES] + [
                    _span(node) for node in decorators
                ]
            case ast.Call(func=ast.Name(id="zip"), keywords=[ast.keyword(value=ast.Constant(value=True)) as strict]):
                spans.append(_span(strict))
            case ast.AnnAssign():
                spans.append(_span(node.annotation))
            case ast.arg(annotation=ast.expr() as annotation):
                spans.append(_span(annotation))
            case ast.FunctionDef(returns=ast.expr() as returns) | ast.AsyncFunctionDef(returns=ast.expr() as returns):
                spans.append(_span(returns))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
                spans.append(_span(node))
    return spans


def _may_change(node: Any) -> bool:
    return node.type in _CHANGED and getattr(node, "value", "") not in _SIGNS


def _unpacks(node: Any) -> bool:
    """Whether a star is one of `f(*a, **b)` or `{**a}`: Cosmic Ray takes it for a sign of arithmetic."""
    if node.type != "operator" or node.value not in {"*", "**"}:
        return False
    before = node.get_previous_leaf()
    return before is not None and before.type not in {"name", "number"} and before.value not in {")", "]"}


def every_mutant(rooms: frozenset[str]) -> Iterator[Mutant]:
    """All changes that could be drawn, of some rooms or of all."""
    for path in sorted(SOURCE.rglob("*.py")):
        if rooms and _room(path) not in rooms:
            continue
        text = path.read_text(encoding="utf-8")
        quiet = quiet_spans(text)
        nodes = [node for node in ast_nodes(get_ast(text)) if _may_change(node)]
        for name, kind in operators().items():
            operator = kind()
            positions = ((node, span) for node in nodes for span in operator.mutation_positions(node))
            for occurrence, (node, (start, end)) in enumerate(positions):
                if not _unpacks(node) and not any(first <= start and end <= last for first, last in quiet):
                    yield Mutant(path, name, occurrence, start[0])


def draw(count: int, seed: int, rooms: frozenset[str]) -> list[Mutant]:
    """Draw so many mutants: kinds of change evenly, rooms by their size, and no file more than three times."""
    chance = random.Random(seed)  # noqa: S311  a sample, no secret
    by_family: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in every_mutant(rooms):
        by_family[mutant.family].append(mutant)
    for mutants in by_family.values():
        chance.shuffle(mutants)
    drawn: list[Mutant] = []
    files: dict[Path, int] = defaultdict(int)
    families = sorted(by_family)
    while len(drawn) < count and families:
        for family in list(families):
            while by_family[family]:
                mutant = by_family[family].pop()
                if files[mutant.path] < _MOST_IN_A_FILE:
                    files[mutant.path] += 1
                    drawn.append(mutant)
                    break
            else:
                families.remove(family)
    return drawn[:count]


@cache
def _reasons() -> dict[tuple[str, str, str], str]:
    table = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return {(row["file"], row["function"], _change(row["change"])): row["reason"] for row in table["mutant"]}


def _change(diff: str) -> str:
    return "\n".join(line[:1] + line[1:].strip() for line in diff.strip().splitlines())


def reason_of_equivalence(mutant: Mutant) -> str:
    """Why a person found that this change makes no difference that a user could see; empty if nobody did."""
    return _reasons().get((mutant.file, mutant.function, _change(mutant.diff())), "")
