"""Metadata is read strictly, and whatever it holds instead is refused with its place."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.trust.notary.canonical import decode, encode, moment_of, spelled
from sealock.trust.notary.metadata import (
    FileMeta,
    NotaryKey,
    key_id,
    key_json,
    known_hashes,
    read_key,
    read_listing,
    read_root,
    read_targets,
)
from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.roles import is_delegation
from sealock.trust.notary.signer import certify, listing_json, new_root, root_json, targets_json
from sealock.trust.notary.trusted import TrustedMetadata
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from support.draws import draws
from support.simulators.notary import NOW, signed

GUN = "example.com/app"
ROOT_KEY, TARGETS_KEY, OTHER_KEY = generate(), generate(), generate()
CERTIFICATE = certify(ROOT_KEY, GUN, NOW - timedelta(hours=1))


BEGIN, END = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("9000-01-01")


def root_table() -> dict[str, Any]:
    keys = {
        "root": [CERTIFICATE],
        "targets": [TARGETS_KEY.public],
        "snapshot": [OTHER_KEY.public],
        "timestamp": [OTHER_KEY.public],
    }
    table = root_json(new_root(keys, NOW))
    assert isinstance(table, dict)
    return table


def root_file(table: Any) -> bytes:
    return signed(table, [(key_id(CERTIFICATE), ROOT_KEY)])


def targets_table(**more: Any) -> dict[str, Any]:
    return {
        "_type": "Targets", "version": 3, "expires": "2036-01-02T03:04:05.6Z", "targets": {},
        "delegations": {"keys": {}, "roles": []}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({'"': "\\"}, '{"\\"":"\\\\"}'),
        ({"line": "a\nb\x01"}, '{"line":"a\nb\x01"}'),
        ({"ü": "日本", "z": "\U0001f512"}, '{"z":"\U0001f512","ü":"日本"}'),
        ({"<": "&"}, '{"<":"&"}'),
        ([], "[]"),
        (-5, "-5"),
    ],
)
def test_canonical_json_escapes_quotes_and_backslashes_alone(value: Any, text: str) -> None:
    assert encode(value) == text.encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


@draws(150)
@given(value=VALUES)
def test_what_is_written_in_any_order_reads_and_signs_alike(value: Any) -> None:
    assert decode(json.dumps(value, indent=1).encode(), "it") == value
    assert encode(decode(json.dumps(value, ensure_ascii=False).encode(), "it")) == encode(value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 0}, "Expected `int` >= 1 - at `$.version`"),
        ({"version": 1 << 31}, "Expected `int` <= 2147483647 - at `$.version`"),
        ({"version": "3"}, "Expected `int`, got `str` - at `$.version`"),
        ({"version": True}, "Expected `int`, got `bool` - at `$.version`"),
        ({"expires": "tomorrow"}, "expires at 'tomorrow', which is not a time"),
        ({"expires": "2036-13-02T03:04:05Z"}, "which is not a time"),
        ({"expires": None}, "Expected `str`, got `null` - at `$.expires`"),
        ({"targets": []}, "Expected `object`, got `array` - at `$.targets`"),
        ({"targets": {"v1": {"length": -1, "hashes": {"sha256": "A" * 43 + "="}}}}, "Expected `int` >= 0 - at `$.length`"),
        ({"targets": {"v1": {"length": 1, "hashes": {"sha256": "AAAA"}}}}, "has a sha256 of 3 bytes"),
        ({"targets": {"v1": {"length": 1, "hashes": {"sha256": "!"}}}}, "in 'v1', is malformed: Invalid base64 encoded string - at `$.hashes[...]`"),
        ({"targets": {"v1": {"length": 1, "hashes": {}}}}, "has no hash of a known algorithm"),
        ({"targets": {"v1": {"length": 1, "hashes": {}, "Hashes": {}}}}, "other verifiers read the key 'Hashes' as 'hashes' - at `$`"),
        ({"Targets": {}}, "other verifiers read the key 'Targets' as 'targets' - at `$`"),
        ({"expire\u017f": "2040-01-01T00:00:00Z"}, "as 'expires' - at `$`"),
        ({"targets": {"v1": 5}}, "in 'v1', is malformed: Expected `object`, got `int`"),
        ({"delegations": {"keys": {}, "roles": [{"name": "alice", "keyids": [], "threshold": 1}]}}, "which is not a name below"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/a/b", "keyids": [], "threshold": 1}]}}, "which is not a name below"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/../x", "keyids": [], "threshold": 1}]}}, "which is not a name below"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/a", "keyids": [], "threshold": 0}]}}, "Expected `int` >= 1 - at `$.delegations.roles[0].threshold`"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/a", "keyids": ["x"], "threshold": 1}]}}, "names the key x, which is"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/a", "keyids": [5], "threshold": 1}]}}, "Expected `str`, got `int` - at `$.delegations.roles[0].keyids[0]`"),
        ({"delegations": {"keys": {}, "roles": [{"name": "targets/a", "keyids": [], "threshold": 1}] * 2}}, "delegates to targets/a twice"),
        ({"delegations": {"keys": {"x": {"keytype": "ecdsa", "keyval": {"public": ""}}}}}, "with the wrong id x"),
        ({"delegations": {"keys": {f"k{number}": {"keytype": "ecdsa", "keyval": {"public": ""}} for number in range(1025)}}}, "has more than 1024 keys"),
        ({"delegations": {"keys": {}, "roles": [{}] * 2000}}, "length <= 1024 - at `$.delegations.roles`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_targets_with_a_fault_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MetadataRefusedError) as error:
        read_targets(signed(targets_table(**changes), [TARGETS_KEY]), "the targets metadata")
    assert words in str(error.value)
    assert error.value.check == "malformed"


def test_a_root_must_name_keys_for_each_role() -> None:
    table = root_table()
    del table["roles"]["snapshot"]
    with pytest.raises(MetadataRefusedError, match="names no keys for the role snapshot"):
        read_root(root_file(table), "the root")


def test_too_many_signatures_are_not_looked_at() -> None:
    with pytest.raises(MetadataRefusedError, match=r"length <= 64 - at `\$.signatures`"):
        read_targets(signed(targets_table(), [TARGETS_KEY] * 65), "the targets metadata")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2036-01-02T03:04:05Z", datetime(2036, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2036-01-02T03:04:05.041757188Z", datetime(2036, 1, 2, 3, 4, 5, 41757, tzinfo=UTC)),
        ("2036-01-02T03:04:05.5Z", datetime(2036, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)),
        ("2036-01-02T03:04:05+02:00", datetime(2036, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2036-01-02T03:04:05-00:30", datetime(2036, 1, 2, 3, 34, 5, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_go_writes_them(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment


@given(moment=st.datetimes(BEGIN, END, timezones=st.just(UTC)))
@draws(100)
def test_times_are_written_as_they_are_read(moment: datetime) -> None:
    assert moment_of(spelled(moment)) == moment


def test_what_is_made_is_read_again() -> None:
    table = targets_table(targets={"v1": {"length": 7, "hashes": {"sha256": "A" * 43 + "="}, "custom": {"x": [1]}}})
    body = read_targets(signed(table, [TARGETS_KEY]), "it").body
    assert targets_json(body) == table
    listing = {
        "_type": "Snapshot",
        "version": 1,
        "expires": "2036-01-02T03:04:05Z",
        "meta": {"root": table["targets"]["v1"], "targets": table["targets"]["v1"]},
    }
    assert listing_json(read_listing(signed(listing, [OTHER_KEY]), "it", "snapshot").body, "snapshot") == listing
    assert root_json(read_root(root_file(root_table()), "it").body) == root_table()


WHOLE = root_file(root_table())


@draws(200)
@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_a_root_with_one_byte_changed_is_refused_and_nothing_else_happens(at: int, byte: int) -> None:
    raw = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    trusted = TrustedMetadata(GUN, Pin(), NOW)
    try:
        trusted.load_first_root(raw)
        trusted.finish_root()
    except MetadataRefusedError:
        return
    # Only what means the same may pass: the very byte, or another spelling of JSON.
    assert decode(raw, "it")["signed"] == root_table()  # type: ignore[call-overload,index]  # it is a table


@draws(200)
@given(raw=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_too(raw: bytes) -> None:
    for read in (read_root, read_targets, read_key, lambda raw, what: read_listing(raw, what, "timestamp")):
        with pytest.raises(MetadataRefusedError):
            read(raw, "it")


@draws(100)
@given(
    noise=st.binary(min_size=1, max_size=300),
    kind=st.sampled_from(["ecdsa", "rsa", "ed25519", "ecdsa-x509", "rsa-x509", "dsa", ""]),
)
def test_keys_that_are_none_count_for_nothing(noise: bytes, kind: str) -> None:
    key = NotaryKey(kind, noise)
    table = root_table()
    table["keys"][key_id(key)] = key_json(key)
    table["roles"]["root"] = {"keyids": [key_id(key)], "threshold": 1}
    raw = signed(table, [(key_id(key), ROOT_KEY)])
    with pytest.raises(MetadataRefusedError):
        TrustedMetadata(GUN, Pin(), NOW).load_first_root(raw)


@draws(150)
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_damaged_certificate_is_refused(at: int, byte: int) -> None:
    lines = CERTIFICATE.public.splitlines()
    content = bytearray(b64decode(b"".join(lines[1:-1])))
    content[at % len(content)] = byte
    damaged = NotaryKey("ecdsa-x509", b"\n".join([lines[0], b64encode(bytes(content)), lines[-1]]))
    table = root_table()
    table["keys"][key_id(damaged)] = key_json(damaged)
    table["roles"]["root"] = {"keyids": [key_id(damaged)], "threshold": 1}
    raw = signed(table, [(key_id(damaged), ROOT_KEY)])
    try:
        TrustedMetadata(GUN, Pin(), NOW).load_first_root(raw)
    except MetadataRefusedError:
        return
    # What the key, the name and the days do not depend on may differ: a serial number, the signature by itself.


def test_hashes_of_algorithms_that_nobody_knows_are_left_out() -> None:
    assert known_hashes(FileMeta(1, {"md5": b"1", "sha256": b"2", "sha512": b"3"})) == {"sha256": b"2", "sha512": b"3"}


@pytest.mark.parametrize(
    ("name", "valid"),
    [("targets/a", True), ("targets/" + "a" * 247, True), ("targets/" + "a" * 248, False), ("targets/A", False)],
    ids=["short", "as long as can be", "too long", "capitals"],
)
def test_a_name_of_a_delegation_is_short_and_plain(name: str, *, valid: bool) -> None:
    assert is_delegation(name) is valid
