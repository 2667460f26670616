"""Rules are found by their ids here and elsewhere, by old ids, and by words of the field."""

from __future__ import annotations

import pytest

from sealock.rules.lookup import FOREIGN, by_id, canonical, search, suggestion
from sealock.rules.retired import RETIRED
from sealock.scan.manual import pages

PAGES = tuple(pages())


@pytest.mark.parametrize("word", ["C001", "c001", " c001 "])
def test_an_id_is_found_in_any_case(word: str) -> None:
    assert [page.id for page in by_id(PAGES, word)] == ["C001"]


@pytest.mark.parametrize(("old", "current"), RETIRED.items())
def test_a_retired_id_leads_to_the_rule_that_replaces_it(old: str, current: str) -> None:
    assert [page.id for page in by_id(PAGES, old)] == [current]
    assert old not in {page.id for page in PAGES}


@pytest.mark.parametrize("word", ["DS-0026", "ds-0026", "DS026", "AVD-DS-0026"])
def test_every_spelling_of_a_trivy_id_is_the_same(word: str) -> None:
    assert canonical(word) == "DS-0026"


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("DL3057", ["B130"]),
        ("AVD-DS-0026", ["B130"]),
        ("ksv017", ["C001"]),
        ("ckv_docker_2", ["B130"]),
        ("StageNameCasing", ["B147"]),
        ("CIS-4.6", ["B130"]),
        ("DL3003", ["B141", "B142"]),
    ],
)
def test_a_foreign_id_is_found_at_each_rule_that_it_means(word: str, ids: list[str]) -> None:
    assert [page.id for page in by_id(PAGES, word)] == ids


@pytest.mark.parametrize(
    ("words", "id_"), [("healthcheck", "B130"), ("docker.sock", "C011"), ("PID namespace", "C018"), ("sysctl", "C050")]
)
def test_words_of_the_field_find_their_rule(words: str, id_: str) -> None:
    assert id_ in {page.id for page in search(PAGES, words)}


def test_an_alias_is_no_id_of_our_own() -> None:
    ours = {page.id for page in PAGES} | set(RETIRED)
    assert not ours & {alias for page in PAGES for alias in page.aliases}


def test_an_alias_is_an_id_of_a_tool_that_we_know() -> None:
    for page in PAGES:
        assert len(set(page.aliases)) == len(page.aliases), page.id
        for alias in page.aliases:
            assert FOREIGN.fullmatch(alias), (page.id, alias)
        for aliases, _ in page.differs:
            assert set(aliases.split()) <= set(page.aliases), page.id


def test_words_are_looked_for_in_titles_first_and_then_in_pages() -> None:
    assert {"C001", "P005"} >= {page.id for page in search(PAGES, "privileged mode")}
    assert search(PAGES, "seccomp")
    assert not search(PAGES, "xyzzy")


def test_a_word_that_is_close_to_an_id_gets_a_suggestion() -> None:
    assert "C001" in suggestion(PAGES, "C0001")
    assert not suggestion(PAGES, "?????")
