"""What a bake file says of its builds: secrets, entitlements, networks and images, each with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.bake import comments, read
from sealock.formats.bake.targets import BakeFile
from sealock.formats.hcl.grammar import HclText
from sealock.model.change import Set
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.model.project import Project, ServiceBuild
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.bakefiles import bake_files
from support.draws import draws


def bake(text: str, name: str = "docker-bake.hcl") -> Document:
    return read(Source(name, text))


def builds(text: str, name: str = "docker-bake.hcl") -> dict[str, ServiceBuild]:
    document = bake(text, name)
    assert not document.errors, document.errors
    project = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
    return {service.name: service.build for service in project.services if service.build is not None}


FUNCTIONS = """
function "join_all" {
  params = [
    first, # of them
    second
  ]
  variadic_params = rest
  result = "${first}${second}${rest[0]}"
}
"""
FIELDS = [
    ("context and dockerfile", 'context = "./c"\n  dockerfile = "D"', {"context": "./c", "dockerfile": "D"}),
    ("a stage", 'target = "s"', {"target": "s"}),
    ("arguments", 'args = { A = "x", N = 1 }', {"args": (("A", "x"), ("N", "1"))}),
    ("an argument of a variable", 'args = { A = "${V}-y" }', {"args": (("A", "w-y"),)}),
    ("an argument of a function", 'args = { A = join_all("x", "y", "z") }', {"args": (("A", "xyz"),)}),
    ("an argument that is not decided", "args = { A = timestamp() }", {"args": (("A", None),)}),
    ("secrets", 'secret = ["id=a,src=/etc/passwd"]', {"secrets": ("id=a,src=/etc/passwd",)}),
    ("SSH", 'ssh = ["default"]', {"ssh": ("default",)}),
    ("the host's network", 'network = "host"', {"network": "host"}),
    ("entitlements", 'entitlements = ["security.insecure", "network.host"]', {"entitlements": ("security.insecure", "network.host")}),
    ("contexts", 'contexts = { a = "docker-image://b:1" }', {"additional_contexts": (("a", "docker-image://b:1"),)}),
    ("a Dockerfile within", 'dockerfile-inline = "FROM scratch"', {"inline": "FROM scratch"}),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "values"), [pytest.param(*row, id=sentence) for sentence, *row in FIELDS])
def test_a_target_says(lines: str, values: dict[str, object]) -> None:
    build = builds(f'{FUNCTIONS}variable "V" {{\n  default = "w"\n}}\ntarget "a" {{\n  {lines}\n}}\n')["a"]
    assert {name: getattr(build, name) for name in values} == values


def test_json_says_the_same() -> None:
    data = {
        "variable": {"V": {"default": "w"}},
        "target": {"a": {"args": {"A": "${V}-y"}, "entitlements": ["security.insecure"]}},
    }
    text = json.dumps(data, indent=2)
    build = builds(text, "docker-bake.json")["a"]
    assert (build.args, build.entitlements) == ((("A", "w-y"),), ("security.insecure",))
    document = bake(text, "docker-bake.json")
    where = document.subjects[0].where
    assert document.source.excerpt(where["services", "a", "build", "args", 0]) == '"${V}-y"'
    assert document.source.excerpt(where["services", "a", "build", "entitlements", 0]) == '"security.insecure"'


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        pytest.param("é", "é", id="a letter"),
        pytest.param("a 😀 b😀😀c", "a 😀 b😀😀c", id="several among others"),
        pytest.param("\\\\ud83d\\ude00", "\\\\ud83d\\ude00", id="a backslash before what would be one"),
        pytest.param("😀", "😀", id="a character of two surrogates"),
        pytest.param('a"b\\c\n\t', 'a"b\\c\n\t', id="what HCL escapes"),
        pytest.param('é${upper("v")}"😀', 'éV"😀', id="around an expression"),
        pytest.param("$${V} %%{if}", "${V} %{if}", id="what only looks like an expression"),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as they are"])
def test_a_text_of_json_has_the_characters_that_it_had(value: str, read_as: str, *, ascii_only: bool) -> None:
    text = json.dumps({"target": {"a": {"args": {"A": value}}}}, ensure_ascii=ascii_only)
    assert builds(text, "docker-bake.json")["a"].args == (("A", read_as),)


def test_what_is_inherited_is_reported_where_it_is_set() -> None:
    text = 'target "a" {\n  args = { TOKEN = "x" }\n  network = "host"\n}\ntarget "b" {\n  inherits = ["a"]\n}\n'
    found = builds(text)
    assert found["a"].args == (("TOKEN", "x"),)
    assert (found["b"].args, found["b"].network) == ((), None)


def test_a_matrix_makes_several_targets() -> None:
    text = 'target "a" {\n  name = "a-${x}"\n  matrix = { x = ["1", "2"] }\n  args = { X = x }\n}\n'
    assert {name: build.args for name, build in builds(text).items()} == {"a-1": (("X", "1"),), "a-2": (("X", "2"),)}


def test_an_image_that_is_a_context_is_a_container() -> None:
    document = bake('target "a" {\n  contexts = { b = "docker-image://quay.io/b:1" }\n}\n')
    (subject,) = [subject for subject in document.subjects if isinstance(subject.noun, Container)]
    assert isinstance(subject.noun, Container)
    assert subject.noun.image == "quay.io/b:1"
    assert document.source.excerpt(subject.where["image",]) == '"docker-image://quay.io/b:1"'


def test_places_count_characters() -> None:
    document = bake('# é\ntarget "a" {\n  network = "host" # ü\n}\n')
    place = document.subjects[0].where["services", "a", "build", "network"]
    assert document.source.excerpt(place) == '"host"'
    assert [document.source.excerpt(comment) for comment in comments(document.source)] == ["# é", "# ü"]


def test_what_the_text_does_not_decide_is_named() -> None:
    (project, *_) = bake('target "a" {\n  args = { A = timestamp() }\n}\n').subjects
    assert project.unresolved == {"services": "timestamp()"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('target "a" {\n  inherits = ["a"]\n  network = "host"\n}\n', {"a": "host"}, id="itself"),
        pytest.param(
            'target "a" {\n  inherits = ["b"]\n  network = "host"\n}\ntarget "b" {\n  inherits = ["a"]\n}\n',
            {"a": "host", "b": "host"},
            id="each other",
        ),
        pytest.param(
            'target "a" {\n  inherits = ["c"]\n}\ntarget "b" {\n  inherits = ["a"]\n}\n'
            'target "c" {\n  inherits = ["b"]\n  network = "host"\n}\n',
            {"a": "host", "b": "host", "c": "host"},
            id="three",
        ),
    ],
)
def test_targets_inherit_in_circles_as_buildx_lets_them(text: str, expected: dict[str, str]) -> None:
    document = bake(text)
    assert not document.errors
    assert {
        name: target.attributes["network"].text for name, target in BakeFile(HclText(text)).targets.items()
    } == expected


def test_circles_are_followed_only_so_often() -> None:
    names = [f"t{number}" for number in range(12)]
    parents = ", ".join(f'"{name}"' for name in names)
    (error,) = bake("".join(f'target "{name}" {{\n  inherits = [{parents}]\n}}\n' for name in names)).errors
    assert error.message == "its targets inherit in more than 5000 ways"


FAULTS = [
    ("no HCL", 'target "a" {\n', 2, "this is not valid HCL"),
    ("a variable that is not there", 'target "a" {\n  args = { A = NOPE }\n}\n', 2, 'there is no variable "NOPE"'),
    ("a parent that is not there", 'target "a" {\n  inherits = ["b"]\n}\n', 1, "a inherits b, which there is not"),
    ("a matrix that is not decided", 'target "a" {\n  name = "x"\n  matrix = { x = split(",", timestamp()) }\n}\n', 3, "the matrix of a is not decided by this file"),
    ("a matrix without bounds", 'target "a" {\n  name = "a${x}${y}${z}"\n  matrix = { x = split("", "' + "a" * 20 + '"), y = split("", "' + "a" * 20 + '"), z = split("", "' + "a" * 20 + '") }\n}\n', 1, "makes more than 2000 targets"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), [pytest.param(*row, id=sentence) for sentence, *row in FAULTS])
def test_a_fault_is_an_error_with_its_place(text: str, line: int, message: str) -> None:
    error = bake(text).errors[0]
    assert message in error.message
    assert error.location.line == line


MANY = 'target "{0}" {{\n  name = "{0}${{x}}${{y}}"\n  matrix = {{ x = split("", "{1}"), y = split("", "{1}") }}\n}}\n'
DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"  # 41, so that one matrix makes 1681 targets


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("".join(MANY.format(name, DIGITS) for name in "tuv"), ["more than 2000 targets"] * 2),
        (MANY.format("t", DIGITS) + MANY.format("u", DIGITS[:17]), []),
        (MANY.format("t", DIGITS + "PQRS"), ["the matrix of t makes more than 2000 targets"]),
    ],
    ids=["too many by several matrices", "as many by several", "too many by one"],
)
def test_a_file_with_too_many_targets_has_one_error_for_each_block(text: str, messages: list[str]) -> None:
    assert [error.message.rpartition(": ")[2] for error in bake(text).errors] == messages


def test_rules_of_builds_apply(tmp_path: Path) -> None:
    text = 'target "a" {\n  args = { DB_PASSWORD = "kV9-tqz2LmWx" }\n  network = "host"\n  entitlements = ["security.insecure"]\n}\n'
    path = tmp_path / "docker-bake.hcl"
    path.write_text(text)
    findings = check(str(path), settings=Settings(vulnerabilities=False, environment={})).targets[0].findings
    assert {(finding.rule, finding.location.line) for finding in findings} == {("P004", 2), ("P006", 3), ("P006", 4)}


def test_a_bake_file_is_recognised_by_its_name_and_text() -> None:
    assert formats.recognize("r/docker-bake.hcl", 'target "a" {\n}\n').kind == "bake"
    assert formats.recognize("r/docker-bake.override.json", '{"target": {}}').kind == "bake"
    assert formats.recognize("r/main.hcl", "x = 1\n").kind is None


def test_a_change_of_a_container_is_refused() -> None:
    document = bake('target "a" {\n  contexts = { b = "docker-image://b" }\n}\n')
    with pytest.raises(FormatError, match="nothing of how they run"):
        formats.edits(document, document.subjects[1], Set("user", "1"))


@pytest.mark.untraced
@draws(80)
@given(bake_files())
def test_every_value_of_a_sound_file_is_decided(text: str) -> None:
    document = bake(text)
    assert not document.errors
    assert not document.subjects[0].unresolved


PIECES = ['target "a" {', "}", "{", "[", "]", "(", ")", "args", " = ", '"x"', '"${', "x", "inherits", "matrix", "name", "for", " in ", ":", "?", ",", "\n", "<<EOT\n", "EOT\n", "<<-", "#", "//", "/*", "é", "1", "-", "*", "a.b", "[0]", "f(", "...", 'variable "x" {', "default", 'function "f" {', "params", "result", "null", "true", "\\", "%{if x}", "${x}"]  # fmt: skip


@draws(250)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60), st.sampled_from(["a.hcl", "a.json"]))  # fmt: skip
def test_no_text_makes_the_reader_raise(text: str, name: str) -> None:
    document = bake(text, name)
    for error in document.errors:
        assert error.location.line >= 1
    for subject in document.subjects:
        for place in subject.where.values():
            assert 0 <= place.start <= place.end <= len(text)


@pytest.mark.parametrize("opening", ["[", "{ a = ", '"${', "<<A\n${", "f("])
def test_a_text_with_thousands_of_open_brackets_is_refused(opening: str) -> None:
    source = Source("docker-bake.hcl", 'target "a" {}\nx = ' + opening * 60_000)
    document = read(source)
    assert [error.message for error in document.errors] == ["more than 2000 open brackets, the limit for a bake file"]
    assert not document.subjects
    assert not comments(source)


CHAINS = [
    ("variables", lambda n: 'variable "V0" {\n  default = "b"\n}\n' + "".join(f'variable "V{i}" {{\n  default = "${{V{i - 1}}}"\n}}\n' for i in range(1, n)) + f'target "a" {{\n  tags = [V{n - 1}]\n}}\n'),
    ("variables from their end", lambda n: f'target "a" {{\n  tags = [V{n - 1}]\n}}\n' + "".join(f'variable "V{i}" {{\n  default = upper("${{V{i - 1}}}")\n}}\n' for i in range(n - 1, 0, -1)) + 'variable "V0" {\n  default = "b"\n}\n'),
    ("functions", lambda n: 'function "f0" {\n  params = [x]\n  result = x\n}\n' + "".join(f'function "f{i}" {{\n  params = [x]\n  result = f{i - 1}(x)\n}}\n' for i in range(1, n)) + f'target "a" {{\n  tags = [f{n - 1}("b")]\n}}\n'),
    ("targets from their end", lambda n: "".join(f'target "a{i}" {{\n  inherits = ["a{i + 1}"]\n}}\n' for i in range(n)) + f'target "a{n}" {{\n  tags = ["b"]\n}}\n'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), CHAINS, ids=[name for name, _ in CHAINS])
def test_a_chain_of_any_length_is_read_or_left_unresolved(name: str, make: Callable[[int], str]) -> None:
    for length in (5, 60, 1500):
        document = formats.read("bake", Source("docker-bake.hcl", make(length)))
        project = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
        assert project.services
        assert length == 1500 or name == "functions" or not document.errors
