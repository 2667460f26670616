"""YAML as nodes: places, values, and bounds on hostile text."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats import yamltree
from sealock.formats.yamltree import Alias, Mapping, Scalar, Sequence, YamlNode, parse, resolve
from support.draws import draws
from support.linecount import counted


def plain(node: YamlNode | None) -> Any:
    match node:
        case None:
            return None
        case Alias():
            return plain(node.target)
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {plain(key): plain(value) for key, value in node.entries}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None),
        ("true", True), ("False", False), ("yes", "yes"), ("on", "on"), ("NO", "NO"), ("y", "y"),
        ("1", 1), ("+5", 5), ("-7", -7), ("1_000", 1000), ("0", 0),
        ("0o17", 15), ("017", 15), ("0x1F", 31), ("0b11", 3), ("-0x10", -16), ("0440", 288),
        ("08", 8.0), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), (".inf", float("inf")), ("-.INF", float("-inf")),
        ("22:22", "22:22"), ("1:30:00", "1:30:00"), ("1.2.3", "1.2.3"), ("0o9", "0o9"), ("--1", "--1"), ("1e", "1e"), (".", "."),
        ("inf", "inf"), ("2024-01-01", "2024-01-01"), ("0x", "0x"), ("１２", "１２"), ("1２", "1２"), ("nan", "nan"), ("-inf", "-inf"), ("+nan", "+nan"), ("-Infinity", "-Infinity"), ("1e400x", "1e400x"), ("0XF", 15), ("0x1G", "0x1G"), ("0b2", "0b2"), ("+017", 15), ("-08", -8.0), ("018", 18.0),
        ("00", 0), ("+-1", "+-1"), ("-+1", "-+1"), ("1 2", "1 2"), ("- 1", "- 1"), ("-", "-"), ("+", "+"), ("-0", 0), ("1e+3", 1000.0), ("-1.5", -1.5),
        ("1e3x", "1e3x"), ("1-2", "1-2"), ("e1", "e1"), ("..", ".."), ("-.", "-."), ("10", 10), ("1__0", 10), ("_1", "_1"),
    ],
)  # fmt: skip
def test_plain_scalar_resolves_as_in_compose(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (resolved, type(resolved)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ('!!int "1"', 1), ('!!int "0x1 "', "0x1 "), ('!!int "7 "', "7 "), ("!own 1", 1), ("|\n 1\n", "1\n"), (">-\n a\n b\n", "a b"),
        ("'it''s'", "it's"), ('"a\\nb"', "a\nb"), ('"é"', "é"),
    ],
)  # fmt: skip
def test_quotes_and_tags_decide_the_type(text: str, value: object) -> None:
    assert plain(parse(f"a: {text}").documents[0]) == {"a": value}


@pytest.mark.parametrize(
    ("text", "excerpts"),
    [
        ("a: b\nc: 'd e'\n", ["a", "b", "c", "'d e'"]),
        ("é: ü # x\nz: [1, 'ö']\n", ["é", "ü", "z", "[1, 'ö']", "1", "'ö'"]),
        ("a:\n- b\n- c: d\n", ["a", "- b\n- c: d", "b", "c: d", "c", "d"]),
        ("a: |\n  one\n  two\n\n# after\nb: c\n", ["a", "|\n  one\n  two", "b", "c"]),
        ("\ufeffa: b", ["a", "b"]),
        ("a: &x [1]\nb: *x\n", ["a", "&x [1]", "1", "b", "*x"]),
        ("a:   # nothing\nb: !reset x", ["a", "", "b", "!reset x"]),
        ("a: {b: c,\n  d: e}\n", ["a", "{b: c,\n  d: e}", "b", "c", "d", "e"]),
    ],
)
def test_node_has_its_place(text: str, excerpts: list[str]) -> None:
    texts: list[str] = []

    def walk(node: YamlNode) -> None:
        if not texts or node.start >= 0:
            texts.append(text[node.start : node.end])
        if isinstance(node, Sequence):
            for item in node.items:
                walk(item)
        if isinstance(node, Mapping):
            for key, value in node.entries:
                walk(key)
                walk(value)

    root = parse(text).documents[0]
    assert root is not None
    walk(root)
    assert texts[1:] == excerpts


def test_several_documents_are_several_trees() -> None:
    assert [plain(document) for document in parse("a: 1\n---\n- b\n---\n").documents] == [{"a": 1}, ["b"], None]


def test_anchors_end_with_their_document() -> None:
    assert [flaw.message for flaw in parse("a: &x 1\n---\nb: *x\n").flaws] == ["the alias *x has no anchor"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(12)
)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: &x [*x]", "is inside of its own anchor", 1),
        ("a: &x {b: {c: *x}}", "is inside of its own anchor", 1),
        ("a: 1\nb: 2\na: 3", 'duplicate key "a"', 3),
        ("a: *nope", "has no anchor", 1),
        (BOMB, "more than 100000 nodes", 6),
        ("- a\n" * 100_001, "more than 100000 nodes", 100_000),
        ("a:\n  " + "[" * 300, "nested more than 100 levels", 2),
        ("".join(f"{' ' * at}a:\n" for at in range(250)), "nested more than 100 levels", 101),
        ("- &a1 [x]\n" + "".join(f"- &a{at + 1} [*a{at}]\n" for at in range(1, 250)), "aliases counted", 100),
        ("a: b\nc: \0d", "U+0000", 2),
        ("a: b\nc: \x1b[0m", "U+001B", 2),
        ("a: b\n\tc: d", "not valid YAML", 2),
        ("a: [1, 2", "not valid YAML", 1),
        ("a: 'b", "not valid YAML", 1),
        ("a: b: c", "not valid YAML", 1),
        ("a: \ud800", "not valid YAML", 1),
        ("a: " + "x" * 50_000_000, "longer than 16 million", 1),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_flaw_has_its_line(text: str, words: str, line: int) -> None:
    flaws, ran = counted(lambda: parse(text).flaws)
    assert ran < 5_000_000
    assert words in flaws[0].message
    assert text.count("\n", 0, flaws[0].start) + 1 == line


def test_text_before_a_flaw_is_read() -> None:
    assert plain(parse("a: 1\nb: [2, {c: 3}\nd").documents[0]) == {"a": 1, "b": [2, {"c": 3}]}


def test_without_libyaml_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x [1, 'two', \"three\"]\nb: *x\nc: |\n  four\n\nd: {e: f}\n"
    fast = parse(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert parse(text) == fast


PIECES = st.sampled_from(
    [
        "a",
        "b",
        ":",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "'",
        '"',
        "|\n",
        ">",
        "#",
        "!reset ",
        "<<",
        "\t",
        "---\n",
        "é",
        "?",
        "%",
    ]
)


@draws(200)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    tree = parse(text)
    for flaw in tree.flaws:
        assert 0 <= flaw.start <= len(text)
    for document in tree.documents:
        plain_or_nothing(document)


def plain_or_nothing(node: YamlNode | None) -> None:
    if node is not None:
        assert 0 <= node.start <= node.end
        assert yamltree.target(node) is not None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    # What looks like a number is one to more readers than to PyYAML, which then writes it without quotes: 0E0.
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
        lambda text: not re.fullmatch(r"[-+.0-9][-+.0-9a-zA-Z_]*", text)
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@draws(100)
@given(VALUES, st.booleans())
def test_dumped_value_reads_back(value: object, flow: bool) -> None:  # noqa: FBT001  hypothesis gives it
    text = yaml.safe_dump({"v": value}, default_flow_style=flow, allow_unicode=True)
    tree = parse(text)
    assert not tree.flaws
    assert plain(tree.documents[0]) == {"v": value}
