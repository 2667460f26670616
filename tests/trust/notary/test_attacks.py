"""Whatever a hostile notary server, or a thief of some of the keys, does: it is refused, and the error says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notaryworld import World, world
from sealock.errors import TransportError
from sealock.trust.notary.keys import base64
from sealock.trust.notary.metadata import Key, key_id, key_json
from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.refusal import RefusedError
from sealock.trust.notary.signing import certify, meta_of
from simulators.notary import NOW, Author, Reply, listing, said, signed

Attack = Callable[[World], None]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def serve(here: World, **files: bytes) -> None:
    """Give these bodies, whatever name they are asked by."""

    def answer(_gun: str, name: str) -> Reply | None:
        parts = name.removesuffix(".json").split(".")
        role = parts[1] if parts[0].isdecimal() else parts[0]
        return Reply(body=files[role]) if role in files else None

    here.server.answers = answer


def edited(raw: bytes, **changes: object) -> bytes:
    """The file with fields of its signed part changed, the signatures left as they were."""
    table = json.loads(raw)
    table["signed"] |= changes
    return json.dumps(table).encode()


# Rollback.


def old_timestamp(here: World) -> None:
    old = here.author.held("timestamp")
    here.publish()
    here.verify()
    serve(here, timestamp=old)


def old_everything(here: World) -> None:
    old = {role: here.author.held(role) for role in ("root", "timestamp", "snapshot", "targets")}
    here.publish()
    here.verify()
    serve(here, **old)


def old_snapshot_under_a_new_timestamp(here: World) -> None:
    old = here.author.held("snapshot")
    here.publish()
    here.verify()
    here.author.put_timestamp(old)


def old_targets_under_a_new_snapshot(here: World) -> None:
    old = here.author.held("targets")
    here.publish()
    here.verify()
    here.author.put_snapshot({"root": here.author.held("root"), "targets": old})


def old_releases(here: World) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    old = author.put_delegation("targets/releases", {"v1": here.digest()})
    author.publish()
    author.put_delegation("targets/releases", {"v1": here.digest()})
    author.list_all()
    here.verify()
    held = {"root": author.held("root"), "targets": author.held("targets"), "targets/releases": old}
    author.put_snapshot(held)


def old_root(here: World) -> None:
    author = here.author
    old = author.held("root")
    author.put_root()
    author.list_all()
    here.verify()
    author.shelf.put("root", old)
    author.put_snapshot({"root": old, "targets": author.held("targets")})


def timestamp_rolled_back_behind_a_rotation_of_its_key(here: World) -> None:
    for _ in range(3):
        here.publish()
    here.verify()
    # A thief of the new key begins to count anew; what the old key signed is known to the client.
    author = here.author
    author.shelf.key("timestamp", new=True)
    author.put_root()
    author.put_snapshot({"root": author.held("root"), "targets": author.held("targets")})
    author.put_timestamp(author.held("snapshot"), version=1)


# Expiry.


def expired(role: str) -> Attack:
    def attack(here: World) -> None:
        author, long_ago = here.author, NOW - timedelta(minutes=1)
        author.expires[role] = long_ago
        match role:
            case "root":
                author.put_root()
                author.list_all()
            case "targets":
                author.publish()
            case "snapshot":
                held = {"root": author.held("root"), "targets": author.held("targets")}
                author.put_snapshot(held, expires=long_ago)
            case _:
                author.put_timestamp(author.held("snapshot"), expires=long_ago)

    return attack


def expired_certificate(here: World) -> None:
    author = here.author
    author.certificates.append(certify(author.root_keys[0], here.gun, NOW - timedelta(days=3651)))
    author.root_keys.append(author.root_keys[0])
    author.put_root()
    # The next root knows the expired certificate alone.
    first = author.root_signers()[0]
    author.certificates, author.root_keys = author.certificates[1:], author.root_keys[1:]
    author.put_root(first)
    author.list_all()


# Mix and match.


def new_targets_with_an_old_snapshot(here: World) -> None:
    here.publish()
    old_snapshot, old_timestamp = here.author.held("snapshot"), here.author.held("timestamp")
    here.publish()
    serve(here, timestamp=old_timestamp, snapshot=old_snapshot, targets=here.author.held("targets"))


def old_targets_with_a_new_snapshot(here: World) -> None:
    old = here.author.held("targets")
    here.publish()
    serve(here, targets=old)


def old_snapshot_with_a_new_timestamp(here: World) -> None:
    old = here.author.held("snapshot")
    here.publish()
    serve(here, snapshot=old)


def a_root_that_the_snapshot_does_not_name(here: World) -> None:
    author = here.author
    author.put_snapshot({"root": author.held("targets"), "targets": author.held("targets")})


def same_length_other_content(here: World) -> None:
    here.publish()
    raw = here.author.held("targets")
    serve(here, targets=raw[:-3] + b'A"}'[: len(raw[-3:])])


# Keys.


def foreign_key(role: str) -> Attack:
    def attack(here: World) -> None:
        author, thief = here.author, generate()
        match role:
            case "targets":
                author.tags["v1"] = here.digest()
                author.targets_keys = [thief]
                author.publish()
            case "snapshot":
                raw = signed(
                    listing("snapshot", {"root": author.held("root"), "targets": author.held("targets")}, 9), [thief]
                )
                author.shelf.put("snapshot", raw)
                author.put_timestamp(raw)
            case _:
                raw = signed(listing("timestamp", {"snapshot": author.held("snapshot")}, 9), [thief])
                author.shelf.put("timestamp", raw)

    return attack


def foreign_key_under_a_trusted_id(here: World) -> None:
    author, thief = here.author, generate()
    author.tags["v1"] = here.digest()
    content = author.targets_content(9)
    author.shelf.put("targets", signed(content, [(author.targets_keys[0].id, thief)]))
    author.list_all()


def changed_after_signing(here: World) -> None:
    author = here.author
    table = json.loads(here.author.held("targets"))["signed"]["targets"]
    table["v1"]["length"] += 1
    author.shelf.put("targets", edited(author.held("targets"), targets=table, version=9))
    author.list_all()


def no_signature(here: World) -> None:
    here.author.shelf.put("timestamp", signed(listing("timestamp", {"snapshot": here.author.held("snapshot")}, 9), []))


def signature_of_another_role(here: World) -> None:
    author = here.author
    content = listing("timestamp", {"snapshot": author.held("snapshot")}, 9)
    author.shelf.put("timestamp", signed(content, [author.shelf.key("snapshot")]))


def one_key_signs_twice_where_two_must(here: World) -> None:
    author = here.author
    author.targets_keys.append(generate())
    author.thresholds["targets"] = 2
    author.put_root()
    author.versions["targets"] += 1
    content = author.targets_content(author.versions["targets"])
    author.shelf.put("targets", signed(content, [author.targets_keys[0], author.targets_keys[0]]))
    author.list_all()


def one_root_key_in_two_certificates_where_two_must(here: World) -> None:
    author = here.author
    author.thresholds["root"] = 2
    author.certificates.append(certify(author.root_keys[0], here.gun, NOW))
    author.root_keys.append(author.root_keys[0])
    author.put_root()
    author.list_all()


def one_key_bare_and_in_a_certificate_where_two_must(here: World) -> None:
    author = here.author
    author.thresholds["targets"] = 2
    key = author.targets_keys[0]
    content = author.root_content(2)
    certificate = certify(key, here.gun, NOW)
    content["keys"][key_id(certificate)] = {
        "keytype": certificate.kind,
        "keyval": {"private": None, "public": base64(certificate.public)},
    }
    content["roles"]["targets"]["keyids"].append(key_id(certificate))
    author.shelf.put("root", signed(content, author.root_signers()))
    author.versions["targets"] += 1
    targets = author.targets_content(author.versions["targets"])
    author.shelf.put("targets", signed(targets, [key, (key_id(certificate), key)]))
    author.list_all()


def one_key_with_its_point_compressed_and_not_where_two_must(here: World) -> None:
    author = here.author
    author.thresholds["targets"] = 2
    key = author.targets_keys[0]
    # SubjectPublicKeyInfo for P-256, the point in its compressed form.
    point = key.secret.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    other = Key("ecdsa", bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point)
    content = author.root_content(2)
    content["keys"][key_id(other)] = key_json(other)
    content["roles"]["targets"]["keyids"].append(key_id(other))
    author.shelf.put("root", signed(content, author.root_signers()))
    author.versions["targets"] += 1
    targets = author.targets_content(author.versions["targets"])
    author.shelf.put("targets", signed(targets, [key, (key_id(other), key)]))
    author.list_all()


def key_under_an_id_that_is_not_its_own(here: World) -> None:
    author, thief = here.author, generate()
    content = author.root_content(2)
    keys = content["keys"]
    assert isinstance(keys, dict)
    keys[author.targets_keys[0].id] = {
        "keytype": "ecdsa",
        "keyval": {"private": None, "public": base64(thief.public.public)},
    }
    author.shelf.put("root", signed(content, author.root_signers()))
    author.list_all()


def revoked_key_signs_on(here: World) -> None:
    author = here.author
    old = author.targets_keys
    author.targets_keys = [generate()]
    author.put_root()
    author.put_targets()
    author.list_all()
    here.verify()
    author.tags["v1"] = here.digest()
    author.versions["targets"] += 1
    author.shelf.put("targets", signed(author.targets_content(author.versions["targets"]), old))
    author.list_all()


# The root.


def foreign_rotation(here: World) -> None:
    stranger = Author(here.server, here.gun)
    stranger.versions["root"] = 1
    stranger.put_root()
    stranger.list_all()


def foreign_root_of_the_same_version(here: World) -> None:
    stranger = Author(here.server, here.gun)
    stranger.put_root()
    stranger.list_all()


def root_that_its_own_keys_do_not_sign(here: World) -> None:
    author = here.author
    old = author.root_signers()
    author.root_keys, author.certificates = [generate()], []
    author.certificates = [certify(author.root_keys[0], here.gun, NOW)]
    author.shelf.put("root", signed(author.root_content(2), old))
    author.list_all()


def root_that_skips_a_version(here: World) -> None:
    author = here.author
    author.versions["root"] = 2
    author.put_root()
    author.list_all()


def root_far_ahead(here: World) -> None:
    author = here.author
    author.versions["root"] = 100_000
    author.put_root()
    author.list_all()


def another_root_in_the_place_of_the_one_between(here: World) -> None:
    author = here.author
    author.put_root()
    third = author.put_root()
    author.list_all()
    here.server.answers = lambda _gun, name: Reply(body=third) if name == "2.root.json" else None


def another_repository(here: World) -> None:
    other = Author(here.server, f"{here.gun}-other")
    other.tags["v1"] = here.digest()
    other.publish()
    serve(here, **{role: other.held(role) for role in ("root", "timestamp", "snapshot", "targets")})


def certificate_of_another_repository(here: World) -> None:
    author = here.author
    signers = author.root_signers()
    author.certificates = [certify(author.root_keys[0], f"{here.gun}-other", NOW)]
    author.put_root(*signers)
    author.list_all()


# Form.


def wrong_type(role: str, claims: str) -> Attack:
    def attack(here: World) -> None:
        author = here.author
        content = listing(role, {"snapshot": author.held("snapshot")}, 9)
        content["_type"] = claims
        author.shelf.put("timestamp", signed(content, [author.shelf.key("timestamp")]))

    return attack


def targets_that_claim_to_be_a_root(here: World) -> None:
    author = here.author
    content = author.targets_content(9) | {"_type": "Root"}
    author.shelf.put("targets", signed(content, author.targets_keys))
    author.list_all()


def body_of(raw: bytes) -> Attack:
    def attack(here: World) -> None:
        serve(here, timestamp=raw)

    return attack


def twice(old: bytes, new: bytes) -> Attack:
    """The timestamp with a key that comes twice."""

    def attack(here: World) -> None:
        raw = here.author.held("timestamp")
        assert old in raw
        serve(here, timestamp=raw.replace(old, new, 1))

    return attack


def declared_too_large(role: str) -> Attack:
    def attack(here: World) -> None:
        here.publish()
        huge = Reply(body=b"{}", headers={"content-length": str(1 << 40)})
        here.server.answers = lambda _gun, name: huge if name.startswith(f"{role}.") else None

    return attack


def endless(role: str) -> Attack:
    def attack(here: World) -> None:
        here.publish()
        reply = Reply(body=b" " * 4096, endless=True)
        here.server.answers = lambda _gun, name: reply if name.startswith(f"{role}.") else None

    return attack


def named_too_large(role: str) -> Attack:
    def attack(here: World) -> None:
        author = here.author
        if role == "snapshot":
            held = said(author.held("snapshot"))
            assert isinstance(held, dict)
            content = listing("timestamp", {}, 9) | {
                "meta": {"snapshot": held | {"length": 1 << 40, "hashes": said(b"x")["hashes"]}}
            }
            author.shelf.put("timestamp", signed(content, [author.shelf.key("timestamp")]))
            return
        held = {"root": said(author.held("root")), "targets": {**said(b"x"), "length": 1 << 40}}
        raw = signed(listing("snapshot", {}, 9) | {"meta": held}, [author.shelf.key("snapshot")])
        author.shelf.put("snapshot", raw)
        author.put_timestamp(raw)

    return attack


# What is kept back.


def withheld(here: World) -> None:
    here.publish()
    here.server.answers = lambda _gun, name: Reply(404, b"{}") if name == "timestamp.json" else None


def withheld_snapshot(here: World) -> None:
    here.publish()
    here.server.answers = lambda _gun, name: Reply(404, b"{}") if name.startswith("snapshot") else None


def withheld_targets(here: World) -> None:
    here.publish()
    here.server.answers = lambda _gun, name: Reply(404, b"{}") if name.startswith("targets") else None


def revoked_tag(here: World) -> None:
    del here.author.tags["v1"]
    here.author.publish()


ATTACKS: list[tuple[Attack, str, str]] = [
    (
        old_timestamp,
        "rollback",
        "the timestamp metadata of {gun} was rolled back: version 1 came, and 2 was seen before",
    ),
    (old_everything, "rollback", "rolled back: version 1 came, and 2 was seen before"),
    (old_snapshot_under_a_new_timestamp, "rollback", "the snapshot metadata of {gun} was rolled back: version 1 came"),
    (old_targets_under_a_new_snapshot, "rollback", "the targets metadata of {gun} was rolled back: version 1 came"),
    (old_releases, "rollback", "the targets/releases metadata of {gun} was rolled back: version 1 came, and 2 was"),
    (old_root, "rollback", "the root metadata of {gun} was rolled back: version 1 came, and 2 is known"),
    (
        timestamp_rolled_back_behind_a_rotation_of_its_key,
        "rollback",
        "timestamp metadata of {gun} was rolled back: version 1",
    ),
    (expired("timestamp"), "expired", "the timestamp metadata of {gun} expired on 20"),
    (expired("snapshot"), "expired", "the snapshot metadata of {gun} expired on 20"),
    (expired("targets"), "expired", "the targets metadata of {gun} expired on 20"),
    (expired("root"), "expired", "the root metadata of {gun} expired on 20"),
    (expired_certificate, "root", "the root metadata of {gun} has a certificate that expired on 20"),
    (new_targets_with_an_old_snapshot, "hash", "the targets metadata of {gun}"),
    (old_targets_with_a_new_snapshot, "hash", "the targets metadata of {gun}"),
    (old_snapshot_with_a_new_timestamp, "hash", "the snapshot metadata of {gun}"),
    (a_root_that_the_snapshot_does_not_name, "hash", "the root metadata of {gun}"),
    (same_length_other_content, "hash", "the targets metadata of {gun} is not the one that was signed for"),
    (
        foreign_key("timestamp"),
        "signature",
        "the timestamp metadata of {gun} has no signature by a key that is trusted for it",
    ),
    (
        foreign_key("snapshot"),
        "signature",
        "the snapshot metadata of {gun} has no signature by a key that is trusted for it",
    ),
    (
        foreign_key("targets"),
        "signature",
        "the targets metadata of {gun} has no signature by a key that is trusted for it",
    ),
    (foreign_key_under_a_trusted_id, "signature", "that is not valid: it was changed after signing, or never signed"),
    (changed_after_signing, "signature", "that is not valid: it was changed after signing, or never signed"),
    (no_signature, "signature", "the timestamp metadata of {gun} is not signed"),
    (signature_of_another_role, "signature", "no signature by a key that is trusted for it"),
    (
        one_key_signs_twice_where_two_must,
        "signature",
        "needs signatures by 2 different keys, and has valid ones by 1; one key",
    ),
    (
        one_root_key_in_two_certificates_where_two_must,
        "signature",
        "needs signatures by 2 different keys, and has valid ones by 1",
    ),
    (
        one_key_bare_and_in_a_certificate_where_two_must,
        "signature",
        "needs signatures by 2 different keys, and has valid ones by 1",
    ),
    (
        one_key_with_its_point_compressed_and_not_where_two_must,
        "signature",
        "needs signatures by 2 different keys, and has valid ones by 1; one key signing more than once counts once",
    ),
    (key_under_an_id_that_is_not_its_own, "malformed", "holds a key under the id"),
    (
        revoked_key_signs_on,
        "signature",
        "the targets metadata of {gun} has no signature by a key that is trusted for it",
    ),
    (foreign_rotation, "root", "it does not follow from root version 1, which is trusted"),
    (foreign_root_of_the_same_version, "root", "it does not follow from root version 1, which is trusted"),
    (
        root_that_its_own_keys_do_not_sign,
        "signature",
        "the root metadata of {gun} has no signature by a key that is trusted",
    ),
    (root_that_skips_a_version, "root", "root version 2 of {gun} is missing, so version 3 cannot be followed up"),
    (root_far_ahead, "root", "the root of {gun} is 100000 versions ahead; 256 are followed at the most"),
    (another_root_in_the_place_of_the_one_between, "root", "the root metadata of {gun} skips from version 1 to 3"),
    (another_repository, "root", "it does not follow from root version 1, which is trusted"),
    (certificate_of_another_repository, "root", "has a certificate that is for '{gun}-other', not for {gun}"),
    (
        wrong_type("timestamp", "Snapshot"),
        "malformed",
        "says that it is of type 'Snapshot', where 'Timestamp' is needed",
    ),
    (
        wrong_type("timestamp", "timestamp"),
        "malformed",
        "says that it is of type 'timestamp', where 'Timestamp' is needed",
    ),
    (targets_that_claim_to_be_a_root, "malformed", "says that it is of type 'Root', where 'Targets' is needed"),
    (body_of(b""), "malformed", "is not JSON"),
    (body_of(b"[]"), "malformed", "is not an object"),
    (body_of(b"[" * 8000), "malformed", "is nested too deeply"),
    (body_of(b'{"signed":{"_type":"Timestamp","version":1.5}}'), "malformed", "has a number that is no integer"),
    (body_of(b'{"signed":{"_type":"Timestamp","version":NaN}}'), "malformed", "has NaN for a number"),
    (body_of(b'{"signed":{"version":' + b"9" * 5000 + b"}}"), "malformed", "has a number out of range"),
    (body_of(b'{"signed":"\\ud800"}'), "malformed", "has text that is not Unicode"),
    (body_of(b'{"signed":"\xff"}'), "malformed", "is not UTF-8"),
    (body_of(b'{"signed":{"_type":"Timestamp"}}'), "malformed", "has no 'signatures'"),
    (twice(b'"version":1', b'"version":1,"version":9'), "malformed", "has the key 'version' twice"),
    (twice(b'{"signed":', b'{"signed":{},"signed":'), "malformed", "has the key 'signed' twice"),
    (twice(b'"length":', b'"length":1,"length":'), "malformed", "has the key 'length' twice"),
    (declared_too_large("timestamp"), "size", "the timestamp metadata of {gun} is said to have 109951162777"),
    (declared_too_large("snapshot"), "size", "the snapshot metadata of {gun} is said to have 109951162777"),
    (declared_too_large("targets"), "size", "the targets metadata of {gun} is said to have 109951162777"),
    (endless("timestamp"), "size", "the timestamp metadata of {gun} does not end; 16384 are taken at the most"),
    (endless("snapshot"), "size", "the snapshot metadata of {gun} does not end"),
    (endless("targets"), "size", "the targets metadata of {gun} does not end"),
    (named_too_large("snapshot"), "size", "the snapshot metadata of {gun} is said to have 1099511627776 bytes"),
    (named_too_large("targets"), "size", "the targets metadata of {gun} is said to have 1099511627776 bytes"),
    (withheld, "withheld", "the server withholds the timestamp of {gun}; what is cached was signed about 0 days ago"),
    (withheld_snapshot, "withheld", "the server does not give the snapshot metadata of {gun} that it names itself"),
    (withheld_targets, "withheld", "the server does not give the targets metadata of {gun} that it names itself"),
    (revoked_tag, "unsigned", "{gun}:v1 is not signed by a key that you trust for tags; no tag of this repository is"),
]


def _name(value: object) -> str:
    return getattr(value, "__qualname__", str(value)[:40]).partition(".<")[0]


@pytest.mark.parametrize(
    ("attack", "check", "words"), ATTACKS, ids=[f"{index}-{_name(one[0])}" for index, one in enumerate(ATTACKS)]
)
def test_who_has_verified_before_is_not_deceived(here: World, attack: Attack, check: str, words: str) -> None:
    here.publish()
    here.verify()
    attack(here)
    before = here.held()
    with pytest.raises(RefusedError) as refused:
        here.verify()
    assert words.format(gun=here.gun) in str(refused.value)
    assert refused.value.check == check
    if check == "unsigned":
        return
    # Refused again, and what was known before is not lost.
    with pytest.raises(RefusedError):
        here.verify()
    assert here.held().keys() >= before.keys()


FIRST = [one for one in ATTACKS if one[1] not in {"rollback", "withheld"} and one[0] not in {
    foreign_rotation, foreign_root_of_the_same_version, root_that_skips_a_version, root_far_ahead, another_repository,
    another_root_in_the_place_of_the_one_between, revoked_key_signs_on,
}]  # fmt: skip


@pytest.mark.parametrize(
    ("attack", "check"), [one[:2] for one in FIRST], ids=[f"{index}-{_name(one[0])}" for index, one in enumerate(FIRST)]
)
def test_nor_is_who_comes_for_the_first_time_and_keeps_nothing_of_it(here: World, attack: Attack, check: str) -> None:
    here.publish()
    attack(here)
    with pytest.raises(RefusedError) as refused:
        here.verify()
    assert refused.value.check in {check, "root", "signature"}
    assert check == "unsigned" or not here.held()


def test_another_repositorys_metadata_is_refused_at_first_use_too(here: World) -> None:
    another_repository(here)
    with pytest.raises(RefusedError, match=r"has a certificate that is for '.*-other', not for "):
        here.verify()


def test_a_server_that_cannot_answer_is_no_verdict_and_the_age_of_what_is_cached_is_told(here: World) -> None:
    here.publish()
    here.verify()
    here.server.answers = lambda _gun, _name: Reply(503, b"busy")
    with pytest.raises(TransportError, match=r"status 503.*cached was signed about 3 days ago, and expires on 20"):
        here.verify(now=NOW + timedelta(days=3))


def test_a_web_page_in_the_place_of_metadata_is_no_verdict(here: World) -> None:
    here.publish()
    body_of(b" <!DOCTYPE html><title>Sign in</title>")(here)
    with pytest.raises(
        TransportError, match="answers with a web page where trust data should be: is the address right"
    ):
        here.verify()


def test_what_was_seen_in_a_refused_run_is_not_forgotten(here: World) -> None:
    here.publish()
    here.verify()
    here.publish()
    withheld_targets(here)
    with pytest.raises(RefusedError):
        here.verify()
    # The timestamp of that run counts: an older one is a rollback now.
    here.server.answers = lambda _gun, _name: None
    here.author.shelf.put("timestamp", here.author.shelf.files["timestamp"][0])
    with pytest.raises(RefusedError, match="was rolled back: version 1 came, and"):
        here.verify()


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_a_damaged_cache_never_makes_anything_trusted(here: World, role: str) -> None:
    wanted = here.publish()
    here.verify()
    here.folder.write(here.gun, {role: b'{"signed":{},"signatures":[]}'})
    if role == "root":
        with pytest.raises(RefusedError, match="the cached root metadata of"):
            here.verify()
    else:
        assert here.verify().digest == wanted[0]


def test_a_foreign_root_in_the_cache_is_what_counts_until_it_is_forgotten(here: World) -> None:
    here.publish()
    stranger = Author(here.server, here.gun)
    stranger.certificates, stranger.root_keys = [certify(stranger.root_keys[0], here.gun, NOW)], stranger.root_keys
    here.folder.write(here.gun, {"root": signed(stranger.root_content(1), stranger.root_signers())})
    with pytest.raises(RefusedError):
        here.verify()
    here.folder.forget(here.gun)
    here.verify()


def test_what_ends_soon_is_told_before_it_does(here: World) -> None:
    here.author.expires["targets"] = NOW + timedelta(days=20)
    here.publish()
    (note,) = here.verify().notes
    assert note.startswith("the targets metadata expires on ")


@pytest.mark.parametrize("role", ["targets", "root"])
def test_its_owner_can_renew_what_has_expired(here: World, role: str) -> None:
    owner = here.repository()
    keyring = here.keyring()
    owner.initialise(keyring, keyring.make("root"))
    digest, size = here.digest()
    owner.sign(keyring, "v1", digest, size)
    much_later = NOW + timedelta(days=1200 if role == "targets" else 3640)
    # As the server does, which renews what is its own.
    here.server.clock = much_later
    shelf = here.server.shelf(here.gun)
    here.server.snapshot(shelf)
    here.server.timestamp(shelf)
    with pytest.raises(RefusedError, match=r"the targets metadata of .* expired on"):
        here.verify(now=much_later)
    here.repository(now=much_later).renew(here.keyring(), root=role == "root")
    assert here.verify(now=much_later).digest == digest


def test_a_file_of_unknown_hashes_alone_is_refused(here: World) -> None:
    here.publish()
    author = here.author
    meta = {"snapshot": {"hashes": {"md5": "AAAA"}, "length": meta_of(author.held("snapshot")).length}}
    raw = signed(listing("timestamp", {}, 9) | {"meta": meta}, [author.shelf.key("timestamp")])
    author.shelf.put("timestamp", raw)
    with pytest.raises(RefusedError, match="has no hash of a known algorithm"):
        here.verify()
