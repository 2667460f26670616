"""Reading any compose file ends soon and raises nothing, and changing it raises only FormatError."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import FormatError
from sealock.formats.compose import read
from sealock.formats.compose.dotenv import parse
from sealock.formats.compose.editor import edits
from sealock.formats.compose.interpolation import fill
from sealock.formats.textedits import apply_edits
from sealock.model.change import Add, Remove, Set
from sealock.model.container import Container, Mount, Network
from sealock.model.document import Document
from sealock.model.location import Source
from support.draws import draws
from support.filetable import Table
from support.linecount import grows
from support.oddvalues import ODD, places, replaced

VECTORS = Path(__file__).parents[1] / "vectors" / "compose"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(VECTORS.rglob("*.*ml"))]
FILES = Table(
    {
        ".env": "A=1\n",
        "base.yaml": "services: {base: {image: a, extends: {file: compose.yaml, service: web}}}",
        "web.env": "A=$A\nB='",
    }
)
PIECES = [
    "services:", "include:", "extends:", "web", "  ", "\n", ": ", "- ", "{", "}", "[", "]", ",", "<<: *x", "&x ", "*x", "!reset ", "!override ",
    "${", "}", "$", ":-", "image", "ports", "volumes", "null", "true", "1", "'", '"', "|", "base.yaml", "web.env", "deploy:", "build:", "env_file: web.env",
    "security_opt", "environment", "networks", "8080:80", "é", "\t", "#", "x-", "compose.yaml", "---",
]  # fmt: skip


def look_at(document: Document) -> None:
    """Every place leads into a source that is there, and every problem has its line."""
    for error in document.errors:
        assert error.location.line >= 1
    for subject in document.subjects:
        for place in subject.where.values():
            assert place.start <= len(document.sources[place.file].text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


@draws(200)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=80) | mutated())
def test_no_text_makes_the_reader_raise(text: str) -> None:
    look_at(read(Source("compose.yaml", text), FILES))


@draws(100)
@given(mutated(), st.sampled_from([Set("privileged", False), Set("cap_drop", ("ALL",)), Add("mounts", Mount("tmpfs", None, "/t")), Add("networks", Network("n")), Set("ports", ()), Remove("cap_add", "NET_ADMIN"), Set("no_new_privileges", True), Set("memory", 1024), Set("environment", ())]))  # fmt: skip
def test_any_change_is_made_or_refused(text: str, requested: Set | Add | Remove) -> None:
    document = read(Source("x.yaml", text), FILES)
    for subject in document.subjects:
        if isinstance(subject.noun, Container):
            try:
                planned = edits(document, subject, requested)
            except FormatError:
                continue
            look_at(read(Source("x.yaml", apply_edits(text, planned)), FILES))


@draws(200)
@given(
    st.lists(st.sampled_from(["$", "{", "}", ":-", "?", "+", "A", "1", "\n", " ", "$$", "é"]), max_size=40).map("".join)
)
def test_substituting_variables_never_raises(text: str) -> None:
    filled = fill(text, {"A": "x"})
    assert filled.wrong or isinstance(filled.value, str)


@draws(200)
@given(
    st.lists(
        st.sampled_from(["A", "=", "\n", "'", '"', "\\", "#", " ", "export ", "$A", "${B:-c}", ":", "é", "\r"]),
        max_size=40,
    ).map("".join)
)
def test_reading_variables_never_raises(text: str) -> None:
    lines, _ = parse(text, {})
    assert all(0 <= start <= len(text) for _, _, start in lines)


def web(rest: str) -> str:
    return "services: {web: {image: a, " + rest + "}}"


def chain(key: str, count: int) -> str:
    """Services of which each names the next."""
    links = (f"s{at}: {{image: a, {key.replace('*', f's{at + 1}')}}}" for at in range(count))
    return "services: {" + ", ".join(links) + f", s{count}: {{image: a}}}}"


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (lambda n: "services: {web: {image: '" + "${A:-" * n + "'}}", 5000),
        (lambda n: "services: {web: {image: '" + "${A:-" * n + "}" * n + "'}}", 5000),
        (lambda n: "services: {web: {image: '" + "$A" * n + "'}}", 50_000),
        (lambda n: web("ports: ['" + ":" * n + "']"), 100_000),
        (lambda n: web("volumes: ['" + "a:" * n + "']"), 100_000),
        (lambda n: web("command: '" + '\\" ' * n + "'"), 100_000),
        (lambda n: web("command: '" + "\\a" * n + "'"), 1_000_000),
        (lambda n: web("mem_limit: '" + "9" * n + "'"), 100_000),
        (lambda n: web("healthcheck: {interval: '" + "1h" * n + "x'}"), 50_000),
        (lambda n: chain("extends: *", n), 1500),
        (lambda n: chain("depends_on: [*]", n), 5000),
        (lambda n: web("environment: [" + ", ".join(f"A{at}=1" for at in range(n)) + "]"), 20_000),
        (lambda n: web("ports: [" + "1x, " * n + "]"), 20_000),
        (lambda n: "services: {web: {image: " + "9" * n + "}}", 5000),
        (lambda n: "x-a: &a {b: c}\nservices: {web: {image: a, <<: [" + "*a, " * n + "]}}", 5000),
    ],
    ids=range(15),
)
@pytest.mark.untraced
def test_long_texts_take_work_in_proportion(text: Callable[[int], str], most: int) -> None:
    """The longest is read to its end; of two shorter ones, the work is counted."""
    look_at(read(Source("x", text(most))))
    few, more = (Source("x", text(size)) for size in (most // 20, most // 10))
    assert grows(lambda: look_at(read(few)), lambda: look_at(read(more))) < 3


def documents() -> list[dict[str, Any]]:
    """The vectors that plain YAML reads."""
    loaded: list[Any] = []
    for text in TEXTS:
        with suppress(yaml.YAMLError):
            loaded.append(yaml.safe_load(text))
    return [document for document in loaded if isinstance(document, dict)]


@pytest.mark.repeats
def test_a_value_of_another_type_anywhere_is_read_or_an_error() -> None:
    odds = itertools.cycle((*ODD, None))
    for document in documents():
        for path in places(document):
            for odd in itertools.islice(odds, 4):
                look_at(read(Source("compose.yaml", json.dumps(replaced(document, path, odd))), FILES))
