"""The changes that `./dev mutants` makes."""

from __future__ import annotations

import gc
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cosmic_ray.mutating import mutate_code
from mutantdraws import EQUIVALENT, ROOT, Mutant, draw, function_at, quiet_spans, reason_of_equivalence
from mutanttests import changed_function, sealock_functions, with_inner
from mutationoperators import OWN

from sealock.text import visible

EXAMPLES = [(kind, example) for kind in OWN for example in kind.examples()]
ROOM = frozenset({"text"})


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind.__name__ for kind, _ in EXAMPLES])
def test_an_operator_makes_the_change_of_its_example(kind: type[Any], example: Any) -> None:
    code = mutate_code(example.pre_mutation_code, kind(), example.occurrence)
    assert code == example.post_mutation_code


def test_a_seed_draws_the_same_mutants_again_and_each_changes_its_file() -> None:
    drawn = draw(3, 7, ROOM)
    assert drawn == draw(3, 7, ROOM)
    assert {mutant.room for mutant in drawn} == ROOM
    assert all(mutant.code() != mutant.path.read_text(encoding="utf-8") for mutant in drawn)


def test_annotations_and_the_texts_of_the_manual_are_not_changed() -> None:
    text = 'Kind = A | B\nclass A:\n    bad = ("x",)\n    size: int = 1\n    least = 3\n\n    def f(self, a: int = 2) -> int:\n        return 1\n'
    text += "zip(a, strict=True)\nzip(a, strict=False)\nrun(check=True)\n"
    lines = text.splitlines()
    quiet = [lines[start[0] - 1][start[1] : end[1]] for start, end in quiet_spans(text)]
    assert sorted(quiet) == ["Kind = A | B", 'bad = ("x",)', "int", "int", "int", "strict=True"]


@pytest.mark.parametrize(
    ("line", "at_import"),
    [(1, True), (5, True), (7, True), (8, False)],
    ids=["a table", "an attribute of a class", "a default", "in a method"],
)
def test_what_runs_at_import_is_known(line: int, tmp_path: Path, *, at_import: bool) -> None:
    (tmp_path / "x.py").write_text(BEFORE)
    assert Mutant(tmp_path / "x.py", "NumberReplacer", 0, line).at_import == at_import


BEFORE = "A = {1, 2}\n\n\nclass B:\n    c = 1\n\n    def d(self, e=3):\n        return [f for f in self if f > e]\n"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("f > e", "f >= e", "B.d"),
        ("return [", "return None and [", "B.d"),
        ("{1, 2}", "{1}", None),
        ("c = 1", "c = 2", None),
        ("e=3", "e=4", None),
    ],
    ids=["in a comprehension", "in a method", "a table", "an attribute of a class", "a default"],
)
def test_only_the_code_of_a_function_is_exchanged_in_memory(old: str, new: str, name: str | None) -> None:
    changed = changed_function(compile(BEFORE, "x", "exec"), compile(BEFORE.replace(old, new), "x", "exec"))
    assert (changed and changed[0].co_qualname) == name


def test_a_function_that_differs_comes_with_those_in_it_that_do() -> None:
    before = "def a():\n    def b():\n        return 1\n    def c():\n        return 2\n    return b, c\n"
    changed = changed_function(compile(before, "x", "exec"), compile(before.replace("2", "3"), "x", "exec"))
    assert changed is not None
    assert [old.co_qualname for old, _ in with_inner(*changed)] == ["a", "a.<locals>.c"]


def test_functions_are_found_that_the_collector_of_garbage_does_not_look_at() -> None:
    gc.freeze()
    try:
        assert visible in sealock_functions()["sealock.text"]
    finally:
        gc.freeze()


@pytest.mark.parametrize(
    ("line", "function"),
    [(1, ""), (4, "B"), (7, "B.d"), (8, "B.d")],
    ids=["a table", "an attribute of a class", "a default", "in a method"],
)
def test_the_function_of_a_line_is_named(line: int, function: str) -> None:
    assert function_at(BEFORE, line) == function


EQUIVALENT_ROWS: list[dict[str, str]] = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("row", EQUIVALENT_ROWS, ids=[f"{row['file']} {row['function']}" for row in EQUIVALENT_ROWS])
def test_an_equivalent_mutant_has_its_reason_and_changes_lines_of_its_function(row: dict[str, str]) -> None:
    text = (ROOT / row["file"]).read_text(encoding="utf-8")
    gone = [line[1:].strip() for line in row["change"].strip().splitlines() if line.startswith("-")]
    places = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == gone[0]]
    assert row["function"] in {function_at(text, number) for number in places}
    assert row["reason"].strip()


def test_a_like_line_of_another_function_is_not_equivalent() -> None:
    path = ROOT / "src/sealock/formats/dockerfile/patterns.py"
    breaks = [
        number
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip() == "break"
    ]
    mutants = [Mutant(path, "ReplaceBreakWithContinue", occurrence, line) for occurrence, line in enumerate(breaks)]
    assert {mutant.function for mutant in mutants if reason_of_equivalence(mutant)} == {"_match"}
    assert len(mutants) > 1
