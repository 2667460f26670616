"""A chart's scale has four steps or fewer, each 1, 2 or 5 with zeros, and its words say what it shows."""

from __future__ import annotations

import re

import pytest

from sealock.service.web.charts import Series, draw_lines


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, "0 1"),
        (1, "0 1"),
        (4, "0 1 2 3 4"),
        (5, "0 2 4 6"),
        (8, "0 2 4 6 8"),
        (9, "0 5 10"),
        (20, "0 5 10 15 20"),
        (21, "0 10 20 30"),
        (40, "0 10 20 30 40"),
        (41, "0 20 40 60"),
        (81, "0 50 100"),
        (201, "0 100 200 300"),
        (401, "0 200 400 600"),
        (2001, "0 1,000 2,000 3,000"),
        (4_001, "0 2,000 4,000 6,000"),
        (1_000_000, "0 500,000 1,000,000"),
    ],
)
def test_a_scale_ends_above_the_highest_value(highest: int, marks: str) -> None:
    drawn = draw_lines(["a", "b"], [Series("open", "red", (0, highest)), Series("none", "blue", ())], "Findings")
    assert " ".join(re.findall(r'text-anchor="end">([0-9,]+)<', drawn)) == marks
    assert f'aria-label="Findings: open from 0 to {highest}"' in drawn
    assert drawn.count("<circle") == 1


@pytest.mark.parametrize(
    ("labels", "shown"),
    [([], []), (["a"], [("start", "a")]), (["a", "b"], [("start", "a"), ("end", "b")]), (["a", "b", "c"], [("start", "a"), ("end", "c")])],
)  # fmt: skip
def test_the_first_and_the_last_label_are_shown(labels: list[str], shown: list[tuple[str, str]]) -> None:
    drawn = draw_lines(labels, [], "Nothing")
    assert re.findall(r'text-anchor="(\w+)">([a-z])<', drawn) == shown
    assert 'aria-label="Nothing"' in drawn


@pytest.mark.parametrize(
    ("labels", "values", "points"),
    [
        pytest.param("ab", (0, 4), "44.0,164.0 408.0,10.0", id="from nothing at the left to the top at the right"),
        pytest.param("abc", (4, 2, 0), "44.0,10.0 226.0,87.0 408.0,164.0", id="the middle stands in the middle"),
        pytest.param("abc", (4, 4), "44.0,10.0 226.0,10.0", id="a line that is shorter than the labels"),
        pytest.param("a", (4,), "44.0,10.0", id="one value stands at the left"),
        pytest.param("ab", (0, 0), "44.0,164.0 408.0,164.0", id="nothing is at the bottom"),
    ],
)
def test_a_line_goes_through_its_values(labels: str, values: tuple[int, ...], points: str) -> None:
    drawn = draw_lines(list(labels), [Series("open", "red", values)], "Findings")
    assert re.findall(r'points="([^"]*)"', drawn) == [points]
    end = points.rpartition(" ")[2].split(",")
    assert re.findall(r'cx="([^"]*)" cy="([^"]*)"', drawn) == [tuple(end)]
    assert re.findall(r'y1="([^"]*)"', drawn)[0] == "164.0"
