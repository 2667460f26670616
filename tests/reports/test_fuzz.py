"""Whatever a location says and a text holds, every report is made, and nothing leaves its room."""

from __future__ import annotations

import json
import unicodedata
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.samples import finding
from sealock.model.finding import InputError, Skipped
from sealock.model.location import Location, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import ReportFormat, render
from sealock.text import fit, visible, width, wrap
from support.draws import draws

FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
TEXTS = st.text(st.characters(codec=None), max_size=60)
LINES = st.text(st.sampled_from("ab \t\n\r\x1b\u202e日\u0301🚀\ud800=:"), max_size=60)
SMALL = st.integers(0, 12)
LOCATIONS = st.builds(Location, st.sampled_from(["f", "g", ""]), SMALL, SMALL, SMALL, SMALL, TEXTS)


@pytest.mark.parametrize("form", FORMATS)
@given(text=LINES, words=TEXTS, location=LOCATIONS, conceal=st.booleans())
@draws(60)
def test_no_place_and_no_text_stops_a_report(
    form: ReportFormat,
    text: str,
    words: str,
    location: Location,
    conceal: bool,  # noqa: FBT001
) -> None:
    source = Source("f", text)
    found = finding(message=words, location=location, conceal=conceal)
    errors = (InputError(words, location),)
    target = TargetReport("f", "compose", (found,), (Skipped("C1", words, words),), errors, {"f": source})
    rendered = render(form, Report("1", (target,)))
    assert {unicodedata.category(one) for one in rendered} & {"Cc", "Cf", "Cs", "Zl", "Zp"} <= {"Cc"}
    if form == "sarif":
        region = json.loads(rendered)["runs"][0]["results"][0]["locations"][0]["physicalLocation"].get("region", {})
        assert all(number >= 1 for number in region.values())
        assert region.get("endLine", 99) >= region.get("startLine", 1)


@given(TEXTS)
@draws(150)
def test_what_is_visible_can_be_printed_and_ascii_stays(text: str) -> None:
    shown = visible(text)
    assert all(one.isprintable() or unicodedata.category(one) == "Zs" for one in shown)
    if text.isprintable():
        assert shown == text


@given(TEXTS.map(visible), st.integers(8, 40))
@draws(150)
def test_wrapping_keeps_every_character_and_the_room(text: str, room: int) -> None:
    lines = wrap(text, room)
    assert all(width(line) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(TEXTS.map(visible), st.integers(3, 40))
@example("⺀00", 3)
@draws(150)
def test_fitting_keeps_the_room_and_both_ends(text: str, room: int) -> None:
    fitted = fit(text, room)
    assert width(fitted) <= room
    assert fitted == text or "…" in fitted
