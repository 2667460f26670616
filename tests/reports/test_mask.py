"""Secrets stay out of reports: where a finding is about one, its text is masked wherever it would be shown."""

from __future__ import annotations

from typing import get_args

import pytest

from reports.samples import finding
from sealock.model.finding import Suppression
from sealock.model.location import Place, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import ReportFormat, render
from sealock.reports.mask import masked

FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)


def target(text: str, *stretches: str, suppressed: Suppression | None = None) -> TargetReport:
    source = Source("f", text)
    places = [Place(text.index(stretch), text.index(stretch) + len(stretch)) for stretch in stretches]
    findings = tuple(
        finding(location=source.location(place), conceal=True, suppressed=suppressed, evidence="known")
        for place in places
    )
    return TargetReport("f", "compose", findings, sources={"f": source})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("DB_PASSWORD=hunter2xyz", "DB_PASSWORD=**********", id="an assignment"),
        pytest.param("DB_PASSWORD: hunter2xyz", "DB_PASSWORD: **********", id="a YAML pair"),
        pytest.param('"DB_PASSWORD": "hunter2"', '"DB_PASSWORD": "*******"', id="a JSON pair"),
        pytest.param("-e TOKEN=hunter2xyz", "-e TOKEN=**********", id="an option"),
        pytest.param("--env=TOKEN=hunter2xyz", "--env=TOKEN=**********", id="a joined option"),
        pytest.param("-p hunter2xyz", "-p **********", id="an option that is no assignment"),
        pytest.param("DB_PASSWORD hunter2xyz", "DB_PASSWORD **********", id="the old form of ENV"),
        pytest.param("hunter2xyz", "hu********", id="a bare word"),
        pytest.param("c2VjcmV0cw==", "c2V*********", id="a bare word that ends in equals signs"),
        pytest.param("abc", "***", id="a short word"),
        pytest.param("https://u:pw@host/x", "https:" + "*" * 13, id="an address"),
        pytest.param("correct horse battery", "corr*** ***** *******", id="several words"),
        pytest.param("KEY=-----BEGIN\nabc\n--END", "KEY=**********\n***\n*****", id="several lines"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_value_is_masked_and_its_name_stays(text: str, shown: str) -> None:
    around = f"before\n{text} # after\n"
    assert masked(target(around, text)).sources["f"].text == f"before\n{shown} # after\n"


def test_every_character_keeps_its_place() -> None:
    text = "a: 1\nTOKEN=hunter2\tx\nb: 2\n"
    assert len(masked(target(text, "TOKEN=hunter2\tx")).sources["f"].text) == len(text)


def test_stretches_that_overlap_are_masked_once() -> None:
    text = "A=hunter2 B=hunter3"
    assert masked(target(text, text, "B=hunter3", "A=hunter2")).sources["f"].text == "A=******* B********"
    text = "A=hunter2 B=hunter3 C=hunter4"
    within = masked(target(text, "A=hunter2 B=hunter3", "hunter2", "C=hunter4")).sources["f"].text
    assert within == "A=******* ********* C=*******"


def test_without_secrets_the_texts_are_the_same() -> None:
    plain = TargetReport("f", "x", (finding(),), sources={"f": Source("f", "privileged: true")})
    assert masked(plain) is plain


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("suppressed", [None, Suppression("f:1", "a test's", "")], ids=["counted", "set aside"])
def test_no_format_shows_it_not_even_beside_another_fault(form: ReportFormat, suppressed: Suppression | None) -> None:
    secret = target("x: 1\nTOKEN: hunter2xyz\ny: 2\n", "TOKEN: hunter2xyz", suppressed=suppressed)
    beside = finding("C002", location=secret.sources["f"].location(Place(0, 4)))
    report = Report("1", (TargetReport("f", "compose", (*secret.findings, beside), sources=secret.sources),))
    assert "hunter2" not in render(form, report, show_suppressed=True, verbose=True)
