"""The changes that `./dev mutants` makes."""

from __future__ import annotations

from typing import Any

import pytest
from cosmic_ray.mutating import mutate_code
from mutantdraws import draw, quiet_spans
from mutationoperators import OWN

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
    lines = text.splitlines()
    quiet = [lines[start[0] - 1][start[1] : end[1]] for start, end in quiet_spans(text)]
    assert sorted(quiet) == ["Kind = A | B", 'bad = ("x",)', "int", "int", "int"]
