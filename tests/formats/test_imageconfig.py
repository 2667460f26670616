"""Image configurations are read with places, whatever else is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats import imageconfig
from sealock.formats.jsontree import parse
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Set
from sealock.model.container import Container, Health, Label, Mount, Variable
from sealock.model.document import Document
from sealock.model.location import At, Source
from support.draws import draws

FULL = """{
  "architecture": "arm64", "os": "linux", "variant": "v8",
  "config": {
    "User": "1000:1000",
    "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
    "Env": ["PATH=/usr/bin", "TOKEN=abc=d"],
    "Entrypoint": ["/bin/app", "--serve"],
    "Cmd": ["now"],
    "Volumes": {"/data": {}},
    "WorkingDir": "/srv",
    "Labels": {"org.opencontainers.image.title": "app"},
    "StopSignal": "SIGINT",
    "Healthcheck": {"Test": ["CMD-SHELL", "curl -f localhost"], "Interval": 30000000000, "Retries": 3}
  },
  "rootfs": {"type": "layers", "diff_ids": []},
  "history": [{"created_by": "ADD rootfs"}, {"created_by": "ENV TOKEN=abc=d", "empty_layer": true}, {}]
}"""


def read(text: str) -> Document:
    return imageconfig.read(Source("config.json", text))


def noun(text: str) -> Container:
    (subject,) = read(text).subjects
    assert isinstance(subject.noun, Container)
    return subject.noun


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("platform", "linux/arm64/v8"),
        ("user", "1000:1000"),
        ("expose", ("8080/tcp", "53/udp")),
        ("environment", (Variable("PATH", "/usr/bin"), Variable("TOKEN", "abc=d"))),
        ("entrypoint", ("/bin/app", "--serve")),
        ("command", ("now",)),
        ("mounts", (Mount("volume", None, "/data"),)),
        ("working_dir", "/srv"),
        ("labels", (Label("org.opencontainers.image.title", "app"),)),
        ("stop_signal", "SIGINT"),
        ("health", Health(test=("CMD-SHELL", "curl -f localhost"), interval=30.0, retries=3)),
        ("history", ("ADD rootfs", "ENV TOKEN=abc=d", "")),
    ],
)
def test_each_field_is_read(field: str, value: Any) -> None:
    assert getattr(noun(FULL), field) == value


def test_full_configuration_has_no_errors() -> None:
    assert read(FULL).errors == ()


@pytest.mark.parametrize("field", imageconfig.SAYS)
def test_missing_member_is_unset(field: str) -> None:
    assert getattr(noun('{"rootfs": {}, "config": {}}'), field) is UNSET


@pytest.mark.parametrize("field", ["privileged", "cap_add", "ports", "network_mode", "image", "memory"])
def test_run_time_field_is_unknown(field: str) -> None:
    assert getattr(noun(FULL), field) is UNKNOWN


@pytest.mark.parametrize(
    ("at", "excerpt", "pointer"),
    [
        (("user",), '"1000:1000"', "/config/User"),
        (("environment", 1), '"TOKEN=abc=d"', "/config/Env/1"),
        (("expose", 1), "{}", "/config/ExposedPorts/53~1udp"),
        (("labels", 0), '"app"', "/config/Labels/org.opencontainers.image.title"),
        (("history", 1), '"ENV TOKEN=abc=d"', "/history/1/created_by"),
        (("history", 2), "{}", "/history/2"),
        (("command", 0), '"now"', "/config/Cmd/0"),
        (("mounts", 0), "{}", "/config/Volumes/~1data"),
        (("health", "test"), '["CMD-SHELL", "curl -f localhost"]', "/config/Healthcheck/Test"),
    ],
)
def test_each_field_has_its_place(at: At, excerpt: str, pointer: str) -> None:
    document = read(FULL)
    place = document.subjects[0].place(at)
    assert document.source.excerpt(place) == excerpt
    assert place.pointer == pointer


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        pytest.param('{"config": {"user": "root"}}', "user", "root", id="letter case does not count"),
        pytest.param('{"config": {"User": "1", "U\u017fer": "0"}}', "user", "0", id="a long s is an s, as Go reads it"),
        pytest.param('{"config": {"User": "a", "user": "b"}}', "user", "b", id="the last spelling counts"),
        pytest.param('{"config": {"User": ""}}', "user", UNSET, id="an empty user is none"),
        pytest.param('{"config": {"Env": null}}', "environment", UNSET, id="null says nothing"),
        pytest.param('{"container_config": {"User": "x"}, "config": null}', "user", "x", id="the old place of it"),
        pytest.param('{"config": {"Entrypoint": "/run"}}', "entrypoint", ("/run",), id="a command as one text"),
        pytest.param('{"config": {"Healthcheck": {"Test": ["NONE"]}}}', "health", Health(disabled=True), id="no check"),
        pytest.param('{"config": {"Env": ["A"]}}', "environment", (Variable("A", None),), id="a name alone"),
        pytest.param('{"config": {"ExposedPorts": {"80": {}}}}', "expose", ("80/tcp",), id="a port without protocol"),
        pytest.param('{"os": "linux"}', "platform", UNSET, id="half a platform is none"),
        pytest.param('\ufeff{"config": {"User": "x"}}', "user", "x", id="a byte order mark"),
        pytest.param('{"config": {"User": "\\ud800"}}', "user", "\ufffd", id="half a surrogate pair"),
    ],
)
def test_other_spellings(text: str, field: str, value: Any) -> None:
    document = read(text)
    assert document.errors == ()
    assert getattr(document.subjects[0].noun, field) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"config": {"User": "a", "User": "b"}}', "duplicate name"),
        ('{"config": {"User": 5}}', "/config/User should be a string"),
        ('{"config": {"Env": {"A": "b"}}}', "/config/Env should be a list of strings"),
        ('{"config": {"Env": [1, "A=b"]}}', "/config/Env/0 should be a string"),
        ('{"config": []}', "/config should be an object"),
        ('{"config": {"Volumes": ["/x"]}}', "/config/Volumes should be an object"),
        ('{"config": {"Labels": {"a": 1}}}', "/config/Labels/a should be a string"),
        ('{"config": {"Healthcheck": {"Interval": "30s"}}}', "/config/Healthcheck/Interval should be a number"),
        ('{"config": {"Healthcheck": {"Retries": 1e400}}}', "/config/Healthcheck/Retries should be a number"),
        ('{"config": {"Healthcheck": {"Retries": true}}}', "/config/Healthcheck/Retries should be a number"),
        ('{"history": {}}', "/history should be a list"),
        ('{"history": ["x"]}', "/history/0 should be an object"),
        ('{"size": NaN}', "NaN is not JSON"),
        ('{"size": -Infinity}', "-Infinity is not JSON"),
        ('{"config": {"User": "x"', "expected a comma"),
        ('{"config": {"User": "x', "unterminated string"),
        ('{"config": {"User": "x"}} x', "more text after the end"),
        ('{"config" {}}', "a colon"),
        ("{config: {}}", "double quotes"),
        ("[" * 100_000, "nested deeper"),
        ('{"a":' * 100_000, "nested deeper"),
        ("[" + "1," * 400_000, "more than 300000 values"),
        ("[]", "is a JSON object"),
        ("", "a value is missing"),
        ('{"n": 0x10}', "expected a comma"),
        ('{"n": +1}', "invalid value"),
        (f'{{"n": {"1" * 101}}}', "invalid value"),
        ('{"schemaVersion": 2, "config": {"digest": "sha256:0"}}', "manifest, not its configuration"),
    ],
)
def test_fault_is_an_error(text: str, expected: str) -> None:
    errors = read(text).errors
    assert expected in " ".join(error.message for error in errors)
    assert all(error.location.line > 0 for error in errors)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param('{"n": x}', 7, 8, id="a character that begins no value"),
        pytest.param('{"n": +12}', 7, 10, id="a number with a plus"),
        pytest.param('{"n": 1.2.3, "m": 1}', 7, 12, id="a number with two points"),
        pytest.param('{"n": NaN}', 7, 10, id="a word that is none of JSON's"),
        pytest.param('{"n": }', 7, 8, id="nothing before the end of an object"),
    ],
)
def test_the_fault_of_a_value_is_where_the_value_is(text: str, first: int, last: int) -> None:
    (error,) = read(text).errors
    assert (error.location.column, error.location.end_column) == (first, last)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"config": {"User": 5}}', "user"),
        ('{"config": {"Env": {}}}', "environment"),
        ('{"config": {"Env": [5]}}', "environment"),
        ('{"config": {"Labels": []}}', "labels"),
        ('{"config": {"Volumes": []}}', "mounts"),
        ('{"config": {"Healthcheck": []}}', "health"),
        ('{"config": []}', "user"),
        ('{"config": 5}', "entrypoint"),
        ('{"history": 5}', "history"),
        ('{"os": 5, "architecture": "amd64"}', "platform"),
    ],
)
def test_wrong_type_is_unknown(text: str, field: str) -> None:
    assert getattr(noun(text), field) is UNKNOWN


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"config": {"Env": ["A=1", 5]}}', "environment"),
        ('{"config": {"Labels": {"a": "b", "c": 5}}}', "labels"),
        ('{"history": [{"created_by": "x"}, 5]}', "history"),
        ('{"config": {"Healthcheck": {"Test": ["CMD", "x"], "Retries": "y"}}}', "health"),
    ],
)
def test_wrong_part_leaves_the_field_unresolved(text: str, field: str) -> None:
    (subject,) = read(text).subjects
    assert getattr(subject.noun, field)
    assert field in subject.unresolved


def test_broken_text_yields_what_could_be_read() -> None:
    assert noun('{"config": {"User": "root", "Env": ["A=b", nope').user == "root"
    assert noun('{"config": {"User": "root", "Env": ["A=b", nope').environment == (Variable("A", "b"),)


def test_a_text_that_is_too_long_is_not_read() -> None:
    document = read('{"config": {}}' + " " * (9 << 20))
    assert document.subjects == ()
    assert "longer than 8 MiB" in document.errors[0].message


def test_configuration_is_not_fixed() -> None:
    document = formats.read("image-config", Source("config.json", FULL))
    with pytest.raises(FormatError, match="change the Dockerfile"):
        formats.edits(document, document.subjects[0], Set("user", "1000"))


def test_kind_is_recognised() -> None:
    assert formats.sniff("", FULL) == "image-config"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["config", "User", "Env", "Labels", "Healthcheck", "Test", "history", "created_by", "Volumes", "os"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@draws(150)
@given(JSON)
def test_any_json_is_read_as_json_reads_it(value: Any) -> None:
    text = json.dumps(value)
    root, faults = parse(text)
    assert root is not None
    if "NaN" not in text and "Infinity" not in text and "\\ud" not in text:
        assert not faults
        assert root.plain() == value
    read(text)


@draws(150)
@given(st.text(alphabet='{}[]",:0123.eE-+truefalsn \\u\n', max_size=60), st.integers(0, len(FULL)))
def test_no_text_makes_it_raise(noise: str, cut: int) -> None:
    read(noise)
    read(FULL[:cut] + noise + FULL[cut:])
