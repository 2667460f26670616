"""Scripts in YAML are what PyYAML makes of their values, in each style that people write; each character has its place."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.scripts import ci
from sealock.model.location import Source

SIGNS = ["docker", "run", "x:1", "-v", "/a:/b", "&&", "it's", 'a"b', "#x", "[y]", "-"]
PLAIN = st.builds(
    lambda first, rest: [first, *rest], st.sampled_from(SIGNS[:2]), st.lists(st.sampled_from(SIGNS), max_size=3)
)
WORDS = PLAIN.map(" ".join)


def quoted(text: str, quote: str) -> str:
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


@st.composite
def values(draw: st.DrawFn, indent: int) -> str:
    """A value in one of the styles, as it stands behind `- ` or `key: `, with what follows it in its lines."""
    style = draw(st.sampled_from(["plain", "'", '"', "|", ">", "|-", "continued"]))
    pad = " " * (indent + 2)
    if style in {"'", '"'}:
        return quoted(draw(WORDS), style) + "\n"
    if style == "plain":
        return draw(WORDS) + draw(st.sampled_from(["", " # a comment"])) + "\n"
    if style == "continued":
        return f"{draw(WORDS).partition(' #')[0]}\n{pad}{draw(WORDS)}\n"
    lines = draw(st.lists(st.one_of(WORDS, WORDS.map("  {}".format), st.just("")), min_size=1, max_size=4))
    lines[0] = draw(WORDS)
    mark = draw(st.sampled_from(["", " # a comment"]))
    return f"{style}{mark}\n" + "".join(f"{pad}{line}".rstrip() + "\n" for line in lines)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A job with one script: a value, a list of them, or a list in brackets; other keys stand around it."""
    key = draw(st.sampled_from(["script", '"run"', "'command'"]))
    before, after = draw(st.sampled_from(["", "  image: x\n"])), draw(st.sampled_from(["", "  image: y\n"]))
    match draw(st.sampled_from(["value", "list", "flat list", "flow"])):
        case "value":
            body = f" {draw(values(2))}"
        case "flow":
            items = draw(st.lists(st.tuples(PLAIN, st.sampled_from("\"' ")), min_size=1, max_size=3))
            texts = [quoted(" ".join(words), quote) if quote != " " else words[0] for words, quote in items]
            body = f" [{', '.join(texts)}{draw(st.sampled_from(['', ' ', ',']))}]\n"
        case form:
            indent = 2 if form == "flat list" else 4
            items = draw(st.lists(values(indent), min_size=1, max_size=4))
            between = draw(st.sampled_from(["", "\n", f"{' ' * indent}# a comment\n"]))
            body = "\n" + between.join(f"{' ' * indent}- {item}" for item in items)
    return f"job:\n{before}  {key}:{body}{after}"


def scripts(text: str) -> list[Any]:
    job = yaml.safe_load(text)["job"]
    return [value for key, value in job.items() if key != "image"]


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@given(documents())
def test_a_script_is_what_yaml_makes_of_its_value(text: str) -> None:
    (value,) = scripts(text)
    (fragment,) = ci.fragments(Source("ci.yml", text))
    expected = "\n".join(value) if isinstance(value, list) else value
    assert lines_of(fragment.text) == lines_of(expected)
    assert isinstance(fragment.offsets, list)
    for character, offset in zip(fragment.text, fragment.offsets, strict=True):
        assert not character.isalnum() or text[offset] == character
