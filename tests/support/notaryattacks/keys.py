"""Keys that must not count, or not twice."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.trust.notary.keys import base64
from sealock.trust.notary.metadata import NotaryKey, key_id, key_json
from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.signer import certify
from support.notaryattacks.tools import Attack, Row, edited
from support.notaryworld import World
from support.simulators.notary import NOW, listing, signed

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
    other = NotaryKey("ecdsa", bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point)
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


ROWS: list[Row] = [
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
    (foreign_key_under_a_trusted_id, "signature", "it was changed after signing, or never signed"),
    (changed_after_signing, "signature", "it was changed after signing, or never signed"),
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
    (key_under_an_id_that_is_not_its_own, "malformed", "has a key with the wrong id"),
    (
        revoked_key_signs_on,
        "signature",
        "the targets metadata of {gun} has no signature by a key that is trusted for it",
    ),
]
