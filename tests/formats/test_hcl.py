"""Expressions and functions of HCL, as Buildx evaluates them: what a text decides has its value, the rest none."""

from __future__ import annotations

from typing import Any

import pytest

from sealock import formats
from sealock.formats.hcl.functions import call, made
from sealock.model.location import Place, Source
from sealock.model.project import Project

LONG = "a" * 65_536


def value(name: str, *arguments: Any) -> Any:
    values = [made(argument, Place()) for argument in arguments]
    result = call(name, [each for each in values if each is not None])
    return None if result is None else result.plain


CALLS = [
    ("upper", ["aB"], "AB"), ("lower", ["aB"], "ab"), ("title", ["ab cd"], "Ab Cd"),
    ("trimspace", [" a b\n"], "a b"), ("trimprefix", ["aab", "a"], "ab"), ("trimsuffix", ["baa", "a"], "ba"),
    ("trim", ["?!a?!b!?", "!?"], "a?!b"), ("chomp", ["a b \r\n\n"], "a b "),
    ("replace", ["a.b.c", ".", "-"], "a-b-c"), ("replace", ["abc", "", "-"], "-a-b-c-"),
    ("join", [",", ["a", 1], ["b"]], "a,1,b"), ("join", [",", []], ""), ("split", [",", "a,b,,c"], ["a", "b", "", "c"]),
    ("split", ["", "ab"], ["a", "b"]), ("concat", [["a"], ["b", "a"], []], ["a", "b", "a"]),
    ("length", [["a", "b"]], 2), ("length", [{"a": 1}], 1), ("strlen", ["añ"], 2),
    ("format", ["%s-%d-%v", "a", 1, "b"], "a-1-b"), ("format", ["a"], "a"), ("format", ["%05d", 1], None),
    ("format", ["%s", ["a"]], None), ("format", ["%s"], None), ("format", ["100%%"], None),
    ("equal", ["a", "a"], True), ("equal", ["a", "b"], False), ("notequal", ["a", "b"], True), ("notequal", [1, 1], False),
    ("and", [True, False], False), ("and", [True, True], True), ("or", [False, True], True), ("or", [False, False], False),
    ("not", [True], False), ("not", [False], True),
    ("add", [2, 3], 5), ("subtract", [2, 3], -1), ("multiply", [2, 3], 6), ("add", ["a", "b"], None),
    ("multiply", ["a", 3], None), ("multiply", [3, ["a"]], None), ("subtract", [True, 1], None), ("add", [1, False], None),
    ("coalesce", [None, "a", "b"], "a"), ("coalesce", [None], None), ("coalesce", [], None),
    ("contains", [["a", "b"], "b"], True), ("contains", [["a"], "b"], False), ("contains", [1, 1], None),
    ("compact", [["a", "", "b", ""]], ["a", "b"]), ("distinct", [["b", "a", "b", "a"]], ["b", "a"]),
    ("distinct", [[["a"]]], None), ("reverselist", [["a", "b", "c"]], ["c", "b", "a"]), ("reverselist", [1], None),
    ("lookup", [{"a": "x", "b": "y"}, "b", "z"], "y"), ("lookup", [{"a": "x"}, "b", "z"], "z"),
    ("lookup", [{"a": "x"}, "b"], None), ("keys", [{"b": 1, "a": 2}], ["a", "b"]), ("keys", [1], None),
    ("element", [["a", "b", "c"], 1], "b"), ("element", [["a", "b", "c"], 4], "b"), ("element", [[], 0], None),
    ("tostring", [1], "1"), ("chomp", [1], None), ("upper", [1], None), ("upper", [], None),
    ("index", [["a", "b"], 1], "b"), ("index", [["a"], 1], None), ("index", [["a"], -1], None), ("index", [{"a": 1}, "a"], None),
    ("formatlist", ["%s-%s", ["a", "b"], "c"], ["a-c", "b-c"]), ("formatlist", ["%s%s", ["a", "b"], ["c", "d"]], ["ac", "bd"]),
    ("formatlist", ["%s%s", ["a"], ["b", "c"]], None), ("formatlist", ["%s", "a"], None),
    ("flatten", [["a", ["b", ["c", []]], "d"]], ["a", "b", "c", "d"]), ("flatten", ["a"], None),
    ("merge", [{"a": 1, "b": 2}, {"b": 3}], {"a": 1, "b": 3}), ("merge", [1], None), ("values", [{"b": 1, "a": 2}], [2, 1]),
    ("sort", [["b", "a", "C"]], ["C", "a", "b"]), ("sort", [["10", "9"]], ["10", "9"]), ("sort", [1], None),
    ("slice", [["a", "b", "c"], 1, 3], ["b", "c"]), ("slice", [["a"], 0, 2], None), ("slice", [["a"], -1, 1], None),
    ("slice", [["a", "b"], 2, 1], None), ("slice", ["ab", 0, 1], None),
    ("max", [1, 5, 2], 5), ("max", ["a"], None), ("min", [4, 3], 3), ("min", [True, 2], None),
    ("regexall", ["[a-z]+", "ab1cd"], ["ab", "cd"]), ("regexall", ["(a)(b)?", "aab"], [["a", ""], ["a", "b"]]),
    ("regexall", ["(?P<x>a)", "aa"], [{"x": "a"}, {"x": "a"}]), ("regexall", ["[0-9]+~(beta|rc).*", "19~beta3"], [["beta"]]),
    ("regexall", ["(", "a"], None), ("regexall", ["(a)+", "a"], None), ("regexall", ["(a)\\1", "aa"], None),
    ("regexall", ["a*b*c*", "abc"], ["abc", ""]), ("regexall", ["[a-z]*[a-z]*[a-z]*x", "a" * 12], None),
    ("regexall", ["^([0-9]+)[.]([0-9]+)[.]([0-9]+)-", "1.27.3-alpine3.20"], [["1", "27", "3"]]),
    ("regexall", ["(a|a)(a|a)b", "aaa"], None), ("regexall", ["\\d", "\u0661"], []),
    ("regexall", ["a", "a" * 20_000], ["a"] * 20_000), ("regexall", ["a", "a" * 20_001], None),
    ("regexall", ["b" * 200, "a"], []), ("regexall", ["b" * 201, "a"], None),
    ("timestamp", [], None), ("randomhex", [4], None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "result"), CALLS)
def test_a_function_is_what_buildx_makes_of_it_or_undecided(name: str, arguments: list[Any], result: object) -> None:
    assert value(name, *arguments) == result


@pytest.mark.parametrize(
    ("name", "arguments", "length"),
    [
        ("replace", [LONG[1:], "a", "bb"], None),
        ("replace", [LONG[1:], "c", "bb"], 65_535),
        ("replace", [LONG, "a", "b"], 65_536),
        ("replace", ["aa", "a", LONG[:32_768]], 65_536),
        ("replace", ["aaa", "a", LONG[:32_768]], None),
        ("join", ["a", [LONG]], None),
        ("join", ["", [LONG[1:], "b"]], 65_536),
        ("join", ["", [LONG, "b"]], None),
        ("join", [LONG, ["a", "b"]], None),
        ("format", ["%s%s", LONG, "b"], None),
        ("format", ["%s%s", LONG[1:], "b"], 65_536),
        ("format", ["b%s", LONG], None),
        ("concat", [["a"] * 40_000, ["b"] * 40_000], None),
        ("concat", [["a"] * 40_000, ["b"] * 25_536], 65_536),
    ],
)
def test_no_function_makes_more_than_a_text_may_hold(name: str, arguments: list[Any], length: int | None) -> None:
    result = value(name, *arguments)
    assert (None if result is None else len(result)) == length


def build_arguments(lines: str, expression: str) -> dict[str, str | None]:
    text = f'{lines}\ntarget "a" {{\n  args = {{ A = {expression} }}\n}}\n'
    document = formats.read("bake", Source("docker-bake.hcl", text))
    project = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
    (service,) = project.services
    assert service.build is not None
    assert isinstance(service.build.args, tuple)
    return dict(service.build.args)


VARIABLES = 'variable "N" { default = 7 }\nvariable "S" { default = "w" }\nvariable "L" { default = ["x", "y", "z"] }\n'
EXPRESSIONS = [
    ("N + 1", "8"), ("N - 1", "6"), ("N * 2", "14"), ("N / 2", "3.5"), ("N % 4", "3"), ("N / 0", None), ("N % 0", None),
    ("N + S", None), ("-N", "-7"), ("-S", None), ("!S", None),
    ("N > 7", "false"), ("N >= 7", "true"), ("N < 7", "false"), ("N <= 7", "true"), ("N == 7", "true"), ("N != 7", "false"),
    ("!(N == 7)", "false"), ('N == 7 && S == "v"', "false"), ('N == 7 || S == "v"', "true"), ("N && S", None),
    ('N == 7 ? "a" : "b"', "a"), ('N == 8 ? "a" : "b"', "b"), ('"true" ? "a" : "b"', "a"), ('"false" ? "a" : "b"', "b"),
    ('S ? "a" : "b"', None), ('"x${S}y"', "xwy"), ('"$${S}"', "${S}"), ("L[0]", "x"), ("L[2]", "z"), ("L[3]", None), ("L[-1]", None),
    ("(N + 1) * 2", "16"), ("[for x in L : upper(x)][1]", "Y"), ("[for i, x in L : i][2]", "2"),
    ('[for x in L : x if x != "x"][0]', "y"), ("[for x in L : x if S][0]", None), ('{a = "b"}.a', "b"), ('{a = "b"}["a"]', "b"),
    ('{a = "b"}.c', None), ("try(timestamp(), S)", "w"), ("can(S)", None), ("1.5", "1.5"), ("coalesce(null, S)", "w"),
    ("9" * 39, "9" * 39), ("9" * 40, None), ('join("", L...)', None), ("unknown(S)", None), ("# a comment\n S", "w"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "argument"), EXPRESSIONS)
def test_an_expression_has_its_value_or_is_undecided(expression: str, argument: str | None) -> None:
    assert build_arguments(VARIABLES, expression) == {"A": argument}


@pytest.mark.parametrize("sign", ["V{0} * V{0}", "multiply(V{0}, V{0})"])
def test_numbers_end_at_512_bits(sign: str) -> None:
    lines = 'variable "V0" { default = 4294967296 }\n' + "".join(
        f'variable "V{index + 1}" {{ default = {sign.format(index)} }}\n' for index in range(30)
    )
    assert build_arguments(lines, "V3") == {"A": str(2**256)}
    assert build_arguments(lines, "V4") == {"A": None}
    assert build_arguments(lines, "V30") == {"A": None}


@pytest.mark.parametrize("template", ['"{}"', "<<E\n{}\nE\n"])
def test_a_template_ends_at_what_a_text_may_hold(template: str) -> None:
    lines = f'variable "V" {{ default = "{LONG[:60_000]}" }}\n'
    assert build_arguments(lines, template.format("${V}${V}" * 2_000)) == {"A": None}
