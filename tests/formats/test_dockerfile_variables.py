"""Variables and quotes in a Dockerfile's words. The first table has the values that BuildKit returned."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.patterns import replace_pattern, trim_pattern
from sealock.formats.dockerfile.variables import VariableScope, expand, word_spans
from sealock.formats.dockerfile.words import split_flags
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.build import Build, Env
from sealock.model.location import Source

NAMES: dict[str, Maybe[str]] = {
    "A": "one",
    "B": "two",
    "E": "",
    "P": "/usr/share/a.tar.gz",
    "S": "mississippi",
    "U": UNKNOWN,
}
KNOWN = [
    ("$A", "one"),
    ("${A}", "one"),
    ("${A}x", "onex"),
    ("$A.x", "one.x"),
    ("x$A$B", "xonetwo"),
    ("${A:-y}", "one"),
    ("${N:-y}", "y"),
    ("${E:-y}", "y"),
    ("${E-y}", ""),
    ("${N-y}", "y"),
    ("${N:-$A}", "one"),
    ("${N:-${A}}", "one"),
    ("${N:-${M:-deep}}", "deep"),
    ("${A:+y}", "y"),
    ("${N:+y}", ""),
    ("${E:+y}", ""),
    ("${E+y}", "y"),
    ("${A+y}", "y"),
    ("${N+y}", ""),
    ("${A:?e}", "one"),
    ("${A?e}", "one"),
    ("${E?e}", ""),
    ("${P#*/}", "usr/share/a.tar.gz"),
    ("${P##*/}", "a.tar.gz"),
    ("${P%/*}", "/usr/share"),
    ("${P%%/*}", ""),
    ("${P#x}", "/usr/share/a.tar.gz"),
    ("${P%.gz}", "/usr/share/a.tar"),
    ("${P%%.*}", "/usr/share/a"),
    ("${P#?}", "usr/share/a.tar.gz"),
    ("${P%?}", "/usr/share/a.tar.g"),
    ("${P##*}", ""),
    ("${P/a/X}", "/usr/shXre/a.tar.gz"),
    ("${P//a/X}", "/usr/shXre/X.tXr.gz"),
    ("${P/r?/X}", "/usXshare/a.tar.gz"),
    ("${P//a*z/X}", "/usr/shX"),
    ("${P/\\//-}", "-usr/share/a.tar.gz"),
    ("${P//\\//-}", "-usr-share-a.tar.gz"),
    ("${P/none/X}", "/usr/share/a.tar.gz"),
    ("${P#\\*}", "/usr/share/a.tar.gz"),
    ("${N#a}", ""),
    ("${N/a/b}", ""),
    ("\\$A", "$A"),
    ("\\${A}", "${A}"),
    ("'$A'", "$A"),
    ('"$A"', "one"),
    ('"\\$A"', "$A"),
    ('"${A}\'q\'"', "one'q'"),
    ('\'a"b\'', 'a"b'),
    ('"a\\"b"', 'a"b'),
    ("a\\ b", "a b"),
    ('"a b"', "a b"),
    ("'a b'", "a b"),
    ("$", "$"),
    ("$$", ""),
    ("a$", "a$"),
    ("$1", ""),
    ("${A}$", "one$"),
    ("$é", ""),
    ('""', ""),
    ("''", ""),
    ("\\\\", "\\"),
    ("a\\b", "ab"),
    ('"a\\b"', "a\\b"),
    ('"a\\\\b"', "a\\b"),
    ('${A:-"q q"}', "one"),
    ('${N:-"q q"}', "q q"),
    ("${N:-'q'}", "q"),
    ("${N:-\\}}", "}"),
    ('"${N:-x y}"', "x y"),
    ("${P%%a*}", "/usr/sh"),
    ("${A}${E}${N}", "one"),
    ("${N:-}", ""),
    ("${A#${A}}", ""),
    ("$A_B", ""),
    ("${A}_B", "one_B"),
    ("${S%%s*}", "mi"),
    ("${S##*s}", "ippi"),
    ("${S/s/T}", "miTsissippi"),
    ("${S//s/T}", "miTTiTTippi"),
    ("${S//s/}", "miiippi"),
    ("${S#m*s}", "sissippi"),
    ("${S##m*s}", "ippi"),
    ("${S%s*i}", "missis"),
    ("${S%%s*i}", "mi"),
    ("${S//*/T}", "T"),
    ("${S//?/T}", "TTTTTTTTTTT"),
    ("${S/i*s/T}", "mTippi"),
    ("${S//i?s/T}", "mTTippi"),
    ('a"b"c\'d\'', "abcd"),
    ('"a"\'b\'', "ab"),
    ("${1}", ""),
    ("$*", ""),
    ("${A:-$}", "one"),
    ('"$"', "$"),
    ("'  '", "  "),
    ('"x  y"', "x  y"),
]  # fmt: skip
UNCERTAIN = [
    ("$U", UNKNOWN), ("a${U}b", UNKNOWN), ('"$U"', UNKNOWN), ("${U:-x}", "x"), ("${U-x}", "x"), ("${U:+x}", UNKNOWN),
    ("${U:?x}", UNKNOWN), ("${U#x}", UNKNOWN), ("${U/x/y}", UNKNOWN), ("${A#$U}", UNKNOWN), ("${A/$U/x}", UNKNOWN),
    ("${A:-$U}", "one"), ("${N:-$U}", UNKNOWN), ("'$U'", "$U"), ("\\$U", "$U"),
]  # fmt: skip
WRONG = ["${", "${A", "${A:", "${A:-", "${}", "${{}", "${:x}", "${A@Q}", "${A^}", "${A:=x}", "${A/x}", "${A/x/y", '"', "'", "a'", "${A#\\x}",
         "${N?}", "${N:?gone}", "${E:?gone}", "${A:-'}", "${a" * 100]  # fmt: skip


@pytest.mark.parametrize(("word", "value"), KNOWN)
def test_a_word_has_its_value(word: str, value: str) -> None:
    assert expand(word, VariableScope(NAMES, complete=True), "\\") == value


@pytest.mark.parametrize(("word", "value"), UNCERTAIN)
def test_a_value_that_depends_on_an_unknown_one_is_unknown_unless_it_has_a_default(
    word: str, value: Maybe[str]
) -> None:
    assert expand(word, VariableScope(NAMES, complete=True), "\\") == value


@pytest.mark.parametrize("word", WRONG)
def test_what_buildkit_rejects_is_an_error(word: str) -> None:
    with pytest.raises(DockerfileSyntaxError):
        expand(word, VariableScope(NAMES, complete=True), "\\")


def test_a_name_that_the_base_image_may_set_is_unknown() -> None:
    assert expand("$N", VariableScope(NAMES, complete=False), "\\") is UNKNOWN
    assert expand("$1", VariableScope(NAMES, complete=False), "\\") == ""
    assert expand("$N", VariableScope(NAMES, complete=True), "\\") == ""


def test_the_backquote_escapes_where_the_directive_says_so() -> None:
    assert expand('C:\\x`$A"`""', VariableScope(NAMES, complete=True), "`") == 'C:\\x$A"'


def test_a_value_that_grows_without_bound_is_unknown() -> None:
    text = "FROM scratch\nENV A=0123456789\n" + "ENV A=$A$A\n" * 40
    build = formats.read("dockerfile", Source("Dockerfile", text)).subjects[0].noun
    assert isinstance(build, Build)
    last = [env for _, _, env in build.each(Env)][-1]
    assert isinstance(last, Env)
    assert last.pairs[0].value is not None
    assert last.pairs[0].value.value is UNKNOWN


PATTERNS = [
    ("abcabc", "a*c", False, False, "abc"), ("abcabc", "a*c", False, True, ""), ("abcabc", "a*c", True, False, "abc"),
    ("abcabc", "a*c", True, True, ""), ("abc", "?", False, False, "bc"), ("abc", "?", True, False, "ab"), ("a*c", "a\\*", False, False, "c"),
    ("abc", "", False, False, "abc"), ("", "*", False, True, ""), ("abc", "b", False, False, "abc"), ("a.b", ".", False, False, "a.b"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "pattern", "at_end", "longest", "rest"), PATTERNS)
def test_a_pattern_removes_a_prefix_or_suffix(
    value: str, pattern: str, *, at_end: bool, longest: bool, rest: str
) -> None:
    assert trim_pattern(value, pattern, at_end=at_end, longest=longest) == rest


@pytest.mark.parametrize(
    ("value", "pattern", "every", "result"),
    [
        ("banana", "an", False, "bXana"), ("banana", "an", True, "bXXa"), ("banana", "a*n", True, "bXa"), ("banana", "?", True, "XXXXXX"),
        ("banana", "x", True, "banana"), ("banana", "*", True, "X"), ("", "*", True, "X"), ("a*b", "\\*", True, "aXb"), ("aab", "*b", True, "X"),
        ("bab*", "b?", True, "XX"),
    ],
)  # fmt: skip
def test_a_pattern_is_replaced(value: str, pattern: str, *, every: bool, result: str) -> None:
    assert replace_pattern(value, pattern, "X", every=every) == result


GLOBS = st.lists(st.sampled_from(["a", "b", "?", "*", "\\*", "\\?"]), max_size=5)
VALUES = st.text("ab*?", max_size=8)


def matches(glob: list[str], text: str) -> bool:
    signs = {"?": ".", "*": ".*", "\\*": "[*]", "\\?": "[?]"}
    return re.fullmatch("".join(signs.get(part, part) for part in glob), text) is not None


@given(VALUES, GLOBS, st.booleans(), st.booleans())
def test_the_shortest_or_longest_end_that_matches_is_removed(
    value: str,
    glob: list[str],
    at_end: bool,  # noqa: FBT001  drawn
    longest: bool,  # noqa: FBT001  drawn
) -> None:
    size = len(value)
    ends = [value[size - length :] if at_end else value[:length] for length in range(size + 1)]
    lengths = [len(end) for end in ends if matches(glob, end)] or [0]
    length = max(lengths) if longest else min(lengths)
    rest = value[: size - length] if at_end else value[length:]
    assert trim_pattern(value, "".join(glob), at_end=at_end, longest=longest) == rest


@given(VALUES, GLOBS, st.booleans())
def test_each_longest_match_is_replaced_and_no_empty_one_behind_another(
    value: str,
    glob: list[str],
    every: bool,  # noqa: FBT001  drawn
) -> None:
    result, at, last, done = "", 0, -1, False
    while at <= len(value):
        lengths = [end - at for end in range(at, len(value) + 1) if matches(glob, value[at:end])]
        if lengths and not done and not (at == last and max(lengths) == 0):
            result += "X"
            done = not every
            last = at + max(lengths)
            if max(lengths):
                at = last
                continue
        result += value[at : at + 1]
        at += 1
    assert replace_pattern(value, "".join(glob), "X", every=every) == result


@pytest.mark.parametrize(
    ("text", "expected", "rest"),
    [
        ("a b", [], "a b"),
        ("--x=1 --y a", [("x", "1"), ("y", None)], "a"),
        ('--x="1 2" a', [("x", "1 2")], "a"),
        ("--x=1\\ 2 a", [("x", "1 2")], "a"),
        ("-- --x a", [], "--x a"),
        ("  --x='a'b  c", [("x", "ab")], "c"),
        ('--x="1', [("x", "1")], ""),
        ("--x=\\", [("x", "")], ""),
        ("-x a", [], "-x a"),
    ],
)
def test_flags_precede_the_arguments(text: str, expected: list[tuple[str, str | None]], rest: str) -> None:
    flags, start = split_flags(text, 0, "\\")
    assert [(flag.name, flag.value) for flag in flags] == expected
    assert text[start:] == rest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' \"d e\" $f g\\ h", ["a", "'b c'", '"d e"', "$f", "g\\ h"]),
        ("  a\t b ", ["a", "b"]),
        ("a'b c'd ${E:-f g} h", ["a'b c'd", "${E:-f g}", "h"]),
        ("a 'b", []),
        ("", []),
    ],
)
def test_words_stand_between_blanks_that_are_not_quoted(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\uD83D\uDE00", "\U0001f600"),
        (r"\ud7ff\u0041", "\ud7ffA"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\ud83dA", "\ufffdA"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud83d", r"\ud83d"),
    ],
)
def test_half_of_a_surrogate_pair_in_an_exec_form_is_a_replacement_character(written: str, word: str) -> None:
    text = f'FROM a\nRUN ["a", "{written}", "b"]\n'
    noun = formats.read("dockerfile", Source("Dockerfile", text)).subjects[0].noun
    assert isinstance(noun, Build)
    ((_, _, _, command),) = noun.commands()
    assert [each.text for each in command.words] == ["a", word, "b"]
    assert text[command.words[2].place.start : command.words[2].place.end] == '"b"'
