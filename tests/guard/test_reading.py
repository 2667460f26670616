"""What the guard reads is what the engine reads: a reader like Go's makes the same container of what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sealock.formats.inspect.created import read_created
from sealock.guard.decision.bodyfields import BODIES, ListOf, MapOf, Shape
from sealock.guard.decision.exchange import Allowed
from sealock.guard.decision.plainbodies import read_plainly
from sealock.guard.decision.requestbodies import BodyError, check_shape, parse_strictly
from sealock.guard.decision.routes import ROUTES
from sealock.guard.decision.targets import TargetError, read_target, write_target
from sealock.text import fold_key
from support.guardworld import GuardWorld, rules, sent

CREATE = "POST /v1.44/containers/create"
SHAPE = BODIES["POST /containers/create"]
LOOSE = """
[guard]
[[guard.caller]]
name = "all"
allow = ["containers"]
fail-on = "critical"
binds = ["/"]
devices = ["*"]
volume-drivers = ["*"]
accept = [
  "C001", "C002", "C003", "C007", "C008", "C009", "C010", "C011", "C012", "C014", "C015", "C016", "C018", "C019",
  "C020", "C021", "C022", "C023", "C024", "C025", "C026", "C034", "C042", "C045", "C047", "C050", "C056", "C057",
  "G012", "G013",
]
"""
"""A policy that denies nearly nothing but what cannot be read."""
WORLD = GuardWorld(LOOSE)
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


class Pairs(list[tuple[str, Any]]):
    """An object as its members in order, with those that stand twice."""


def as_go(value: Any, shape: Shape) -> Any:
    """Read a value as Go's reader does: keys by their folded spelling, objects that stand twice merged, others last."""
    if isinstance(value, Pairs):
        if isinstance(shape, MapOf):
            return {key: as_go(element, shape.shape) for key, element in value}
        if isinstance(shape, str):
            return dict(value)
        read: dict[str, Any] = {}
        for key, element in value:
            name = key if key in shape else next((known for known in shape if fold_key(known) == fold_key(key)), None)
            if name is None or element is None:
                continue
            new = as_go(element, shape[name])
            both = isinstance(read.get(name), dict) and isinstance(new, dict)
            read[name] = read[name] | new if both else new
        return read
    if isinstance(value, list):
        inner = shape.shape if isinstance(shape, ListOf) else "s"
        return [as_go(element, inner) for element in value]
    return [value] if shape == "words" and isinstance(value, str) else value


def of_shape(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of a shape, mostly small."""
    if isinstance(shape, ListOf):
        return st.lists(of_shape(shape.shape), max_size=2)
    if isinstance(shape, MapOf):
        return st.dictionaries(WORDS, of_shape(shape.shape), max_size=2)
    if isinstance(shape, dict):
        return st.fixed_dictionaries({}, optional={key: of_shape(inner) for key, inner in shape.items()})
    return LEAVES[shape]


WORDS = st.sampled_from(
    ["", "a", "host", "/", "/srv", "container:x", "unconfined", "no-new-privileges", "ALL", "x=y", "0"]
)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "s": WORDS, "i": st.integers(-2, 1 << 40), "b": st.booleans(), "n": st.floats(0, 1), "s*": st.lists(WORDS, max_size=2),
    "s**": st.lists(st.lists(WORDS, max_size=2), max_size=2), "s%": st.dictionaries(WORDS, WORDS, max_size=2),
    "i*": st.lists(st.integers(0, 9), max_size=2), "words": st.one_of(WORDS, st.lists(WORDS, max_size=2)),
}  # fmt: skip
HOST = SHAPE["HostConfig"]
BODY = st.fixed_dictionaries(
    {"Image": st.just("nginx:1.27")},
    optional={
        "HostConfig": st.lists(st.sampled_from(sorted(HOST)), max_size=6).flatmap(
            lambda keys: st.fixed_dictionaries({key: of_shape(HOST[key]) for key in keys})
        ),
        "User": WORDS,
        "Env": st.lists(WORDS, max_size=2),
        "Cmd": LEAVES["words"],
        "Volumes": st.dictionaries(st.sampled_from(["/a", "/b"]), st.just({}), max_size=2),
    },
)
SPOILED = st.sampled_from([
    ('"HostConfig"', '"hostconfig"'), ('"HostConfig"', '"Ho\u017ftConfig"'), ('"Privileged"', '"privileged"'),
    ('"Image"', '"Image": "a:1", "Image"'), ('"HostConfig"', '"HostConfig": {"Privileged": true}, "HostConfig"'),
    ("{", '{"Privileged": true, '), ("true", "1"), ("}", "}}"), ('"NetworkMode"', '"Networ\u212aMode"'), (": ", ":\t"),
])  # fmt: skip


@SLOW
@given(BODY, st.lists(SPOILED, max_size=2))
@example({"Image": "a:1", "HostConfig": {"Privileged": True}}, [("Privileged", "Privileged")])
def test_what_passes_is_read_by_a_lenient_reader_as_the_same_container(
    body: dict[str, Any], spoiled: list[tuple[str, str]]
) -> None:
    text = json.dumps(body, ensure_ascii=False)
    for old, new in spoiled:
        text = text.replace(old, new, 1)
    decision = WORLD.decide(CREATE, text.encode())
    assume(isinstance(decision, Allowed))
    lenient = as_go(json.loads(text, object_pairs_hook=Pairs), SHAPE)
    forwarded = sent(decision)
    assert read_created(forwarded).container == read_created(lenient).container
    assert as_go(json.loads(json.dumps(forwarded), object_pairs_hook=Pairs), SHAPE) == forwarded


@SLOW
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_stop_the_decision(body: bytes) -> None:
    for line in (CREATE, "POST /v1.44/volumes/create", "POST /v1.44/services/create", "POST /v1.44/plugins/pull"):
        WORLD.decide(line, body)


@SLOW
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SHAPE, "x"]), inner, max_size=3),
    )
)
def test_no_value_stops_the_reading_of_a_body(value: Any) -> None:
    for shape in BODIES.values():
        try:
            checked = check_shape(value, shape, "")
        except BodyError:
            continue
        assert check_shape(checked, shape, "") == checked


@SLOW
@given(
    st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"]),
    st.lists(st.sampled_from(["v1.44", "containers", "create", "json", "images", "a", "..", ".", "", "%2e", "%2f", "%63reate", "x:1", "x@y", "exec", "?size=1", "é", "\\", "v1.44.0", "networks", "volumes"]), max_size=6),
)  # fmt: skip
def test_a_path_that_is_read_is_written_as_what_the_router_sees(method: str, parts: list[str]) -> None:
    target = "/" + "/".join(parts).replace("/?", "?")
    try:
        read = read_target(method, target)
    except TargetError:
        return
    written = write_target(read)
    assert read_target(method, written) == read_target(method, written)
    assert "%" not in written.partition("?")[0]
    assert not {"", ".", ".."} & set(written.partition("?")[0].split("/")[1:])
    assert written.partition("?")[0] == target.partition("?")[0] or not read.canonical


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_is_found_by_its_own_path(route: Any) -> None:
    path = route.template.replace("{id}", "x1").replace("{name}", "team/app:1")
    read = read_target(route.method, f"/v1.24{path}")
    assert read.route == route
    assert write_target(read) == f"/v1.24{path}"
    assert (route.name in BODIES) == (route.body in {"json", "optional"})


def strictly(text: bytes, shape: Shape) -> Any:
    """What the strict reading makes of a body; None where it refuses it."""
    try:
        return check_shape(parse_strictly(text), shape, "")
    except BodyError:
        return None


@SLOW
@given(BODY, st.lists(SPOILED, max_size=2), st.sampled_from([(", ", ": "), (",", ":"), (" ,\n", "\t:\r")]))
def test_a_plain_body_is_read_as_strictly_as_any(
    body: dict[str, Any], spoiled: list[tuple[str, str]], separators: tuple[str, str]
) -> None:
    text = json.dumps(body, ensure_ascii=False, separators=separators)
    for old, new in spoiled:
        text = text.replace(old, new, 1)
    plain = read_plainly("POST /containers/create", text.encode())
    assert plain is None or plain == strictly(text.encode(), SHAPE)


@SLOW
@given(st.data(), st.sampled_from(sorted(BODIES)))
def test_a_value_of_each_shape_is_read_plainly_or_not_at_all(data: st.DataObject, route: str) -> None:
    text = json.dumps(data.draw(of_shape(BODIES[route]))).encode()
    assert read_plainly(route, text) in (None, strictly(text, BODIES[route]))


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"Image": "a", "Cmd": null, "HostConfig": {"Init": null}}', {"Image": "a", "HostConfig": {}}),
        (b' {"Volumes":{"/a":null, "/b":{}},"Env":[ ]}\n', {"Volumes": {"/a": None, "/b": {}}, "Env": []}),
        (b'{"HostConfig": {"Mounts": [{"Type": null}]}}', {"HostConfig": {"Mounts": [{}]}}),
        (b'{"StopTimeout": -9223372036854775808}', {"StopTimeout": -(1 << 63)}),
        ('{"Image": "é"}'.encode(), {"Image": "é"}),
        (b'{"HostConfig": {"Umask": 18}}', {"HostConfig": {"Umask": 18}}),
        (b'{"HostConfig": {"Umask": "022"}}', None),
        (b'{"Image": "a", "Image": "b"}', None),
        (b'{"Volumes": {"/a": {}, "/a": {}}}', None),
        (b'{"image": "a"}', None),
        (b'{"Volumes": {"/a": {"x": 1}}}', None),
        (b'{"Cmd": "a"}', None),
        (b'{"StopTimeout": 1.0}', None),
        (b'{"StopTimeout": 9223372036854775808}', None),
        (b'{"StopTimeout": -0}', None),
        (b'{"Tty": 1}', None),
        (b'{"Image": "\\u0061"}', None),
        (b'{"Image": "a\\u0000"}', None),
        (b'{"Image": "\\ud800"}', None),
        (b'{"Image": "\xed\xa0\x80"}', None),
        (b'{"Image": "\xff"}', None),
        (b"\xef\xbb\xbf{}", None),
        (b'{"Image": "a"}{}', None),
        (b'{"Image": "a"} // b', None),
        (b"null", None),
        (b"", None),
        (b'{"HostConfig": ' * 5000, None),
        (b'{"Image": "%b"}' % (b"a" * (16 << 10)), None),
    ],
)  # fmt: skip
def test_only_what_is_written_plainly_is_read_at_once(body: bytes, read: object) -> None:
    assert read_plainly("POST /containers/create", body) == read


def test_numbers_and_texts_that_readers_disagree_on_are_refused() -> None:
    for text in (b"1e999", b"-1e999", b"Infinity", b'{"a": NaN}', b"[" * 5000 + b"]" * 5000, b"\xff", b"", b"1" * 5000):
        with pytest.raises(BodyError):
            parse_strictly(text)


def test_a_body_that_one_route_takes_is_read_again_for_another() -> None:
    """What was read is known again by its bytes, and by the route whose fields it has."""
    for body, volume in (({"Name": "x", "Internal": True}, {"G004"}), ({"Name": "x"}, set())):
        for _ in range(2):
            assert rules(GuardWorld().decide("POST /networks/create", body)) == set()
            assert rules(GuardWorld().decide("POST /volumes/create", body)) == volume


def test_what_was_read_of_a_body_is_not_what_a_decision_made_of_it() -> None:
    body = {"Image": "debian:12", "Labels": {"sealock.guard.owner": "web"}, "Cmd": ["x"]}
    first, second = (sent(GuardWorld().decide("POST /containers/create", body)) for _ in range(2))
    assert first == second
    assert first["Labels"] == {}


@pytest.mark.parametrize(
    "path", ["a b", "é", "a\x07b", "a" * (64 << 10)], ids=["a blank", "a letter beyond ASCII", "a sign", "many"]
)
def test_what_no_path_has_is_refused(path: str) -> None:
    for target in (f"/v1.44/containers/{path}/json", f"/v1.44/containers/json?filters={path}"):
        with pytest.raises(TargetError, match="characters that no path has, or too many"):
            read_target("GET", target)
