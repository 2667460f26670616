"""The Dockerfiles that the benchmark makes: always the same, all readable, and with the faults that they are said to have."""

from __future__ import annotations

from pathlib import Path

import corpus
import kinds
import pytest

from sealock import formats
from sealock.model.location import Source
from sealock.rules.catalog import every_rule, rules
from sealock.rules.evaluation import evaluate

PLANTED = {
    "root": {"C046"},
    "secret": {"B013", "B014", "C048"},
    "add": {"B008"},
    "sudo": {"B040"},
    "ssh port": {"C066"},
    "port range": {"B132"},
    "pipe": {"B139", "B020"},
    "relative workdir": {"B134"},
    "two commands": {"B137"},
    "maintainer": {"B140"},
    "cd": {"B142"},
    "copy target": {"B154"},
    "update alone": {"B101"},
    "recommends": {"B109"},
    "lists kept": {"B110"},
    "no answer": {"B115"},
    "apt": {"B117"},
    "dist-upgrade": {"B103"},
    "unsigned": {"B030"},
    "cache kept": {"B110"},
    "pip cache": {"B110"},
    "wget and curl": {"B118"},
    "tls off": {"B024", "C069"},
    "self reference": {"B153"},
    "shell command": {"B136", "B164"},
    "legacy env": {"B150"},
    "world-writable": {"B042"},
    "tag": {"C080"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[corpus.Planted]:
    return corpus.generate(tmp_path_factory.mktemp("corpus"))


def test_there_are_as_many_as_the_figure_asks_for(made: list[corpus.Planted]) -> None:
    assert len({one.path.read_text() for one in made}) >= 200


def test_they_are_the_same_each_time(made: list[corpus.Planted], tmp_path: Path) -> None:
    again = corpus.generate(tmp_path)
    assert [one.path.read_text() for one in again] == [one.path.read_text() for one in made]


def test_every_fault_is_planted_somewhere_and_known_here(made: list[corpus.Planted]) -> None:
    assert (
        {kind for one in made for kind in one.kinds} == {fault[0] for fault in corpus.FAULTS} | {"tag"} == set(PLANTED)
    )


def test_what_was_planted_is_found(made: list[corpus.Planted]) -> None:
    book = {"build": rules("build"), "container": rules("container")}
    missed = []
    for one in made:
        document = formats.read("dockerfile", Source("Dockerfile", one.path.read_text()))
        assert not document.errors, (one.path, document.errors)
        found = {finding.rule for finding in evaluate("Dockerfile", document, book).findings}
        missed += [(one.path.parent.name, kind) for kind in one.kinds if not PLANTED[kind] & found]
    assert not missed


def test_the_table_of_kinds_names_rules_that_there_are() -> None:
    known = {rule.id for rule in every_rule()}
    assert not {rule for kind in kinds.KINDS for rule in kind.ours} - known
