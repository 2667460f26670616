"""What recognition looks for first, since it is quick: no path or text that a pattern fits lacks it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sealock.formats.detection import _JSON_START, _NAMED, _NAMELESS
from sealock.formats.pipelines.described import CiSystem
from sealock.formats.pipelines.systems import SYSTEMS, system_of
from sealock.formats.recognition import _PIPELINE
from sealock.formats.unevaluatedforms import FORMS
from sealock.targets.walk import _START, _starts
from support.draws import draws

few = draws(25)
STARTS = list(dict.fromkeys((*_NAMED, *_NAMELESS)))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.path)
@few
@given(data=st.data())
def test_a_path_and_a_text_that_fit_a_form_have_its_endings_and_words(form: Any, data: st.DataObject) -> None:
    if form.endings:
        path = data.draw(st.from_regex(re.compile(form.path, re.IGNORECASE | re.ASCII), fullmatch=True))
        assert path.lower().endswith(form.endings)
    if form.words:
        text = data.draw(st.from_regex(re.compile(form.text, re.MULTILINE)))
        assert any(word in text for word in form.words)


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start[1][:40])
@few
@given(data=st.data())
def test_a_text_with_a_known_start_has_one_of_its_words(start: Any, data: st.DataObject) -> None:
    words, pattern, _ = start
    # What lies between is of no interest here, and long. Of a look-ahead, the text is another part of the pattern.
    short = re.sub(r"\{0,\d+\}", "{0,3}", pattern)
    text = "".join(
        data.draw(st.from_regex(re.compile(part, re.MULTILINE)))
        for part in re.findall(r"\(\?=(.*?:)\)", short) or [short]
    )
    assert any(word in text for word in words)


@pytest.mark.parametrize("start", _NAMED, ids=lambda start: start[1][:40])
@few
@given(blanks=st.text(" \t\r\n"), rest=st.text(max_size=20))
def test_only_json_has_a_known_start_in_a_file_of_any_name(start: Any, blanks: str, rest: str) -> None:
    text = f"{blanks}{rest}"
    assume(_JSON_START.match(text) is None)
    assert re.match(start[1], text, re.MULTILINE) is None
    assert start[1].startswith(r"\s*\{")


@few
@given(text=st.from_regex(re.compile(_START.pattern, re.MULTILINE)))
def test_a_text_that_starts_as_a_known_one_is_not_passed_by(text: bytes) -> None:
    assert _starts(text)


@pytest.mark.parametrize(
    "text",
    [b"# a\n\t FROM alpine", b"services:", b" 'services' :", b'x\n"services":'],
)
def test_a_start(text: bytes) -> None:
    assert _starts(text)


@pytest.mark.parametrize("text", [b"", b"from alpine", b"a FROM alpine", b"my services:", b"FROM", b"services"])
def test_no_start(text: bytes) -> None:
    assert not _starts(text)


@few
@given(path=st.from_regex(re.compile(_PIPELINE.pattern, re.ASCII), fullmatch=True))
@example(path=".github/workflows/\\.yml")
@example(path=".github\\workflows/.gitlab-ci.yml")
def test_a_pipeline_that_is_recognised_is_one_that_a_system_reads(path: str) -> None:
    assert system_of(path) is not None


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
@few
@given(data=st.data())
def test_a_path_that_a_system_reads_is_recognised(system: CiSystem, data: st.DataObject) -> None:
    path = data.draw(st.from_regex(re.compile(system.path.pattern, re.ASCII), fullmatch=True))
    assert _PIPELINE.fullmatch(path)
