"""What is old, has expired, does not fit together, or is kept back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.signer import certify
from sealock.trust.refusal import MetadataRefusedError
from support.notaryattacks.tools import Attack, Row, serve
from support.notaryworld import World
from support.simulators.notary import NOW, Reply, signed

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


def with_releases(here: World) -> bytes:
    """A tag that `targets` signed once and `targets/releases` signs now, seen by the client; the release's file."""
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    raw = author.put_delegation("targets/releases", {"v1": here.digest()})
    author.publish()
    here.verify()
    return raw


def hidden_releases(here: World) -> None:
    with_releases(here)
    here.author.put_snapshot({"root": here.author.held("root"), "targets": here.author.held("targets")})


def spoilt_releases(here: World) -> None:
    raw = with_releases(here)
    held = {"root": here.author.held("root"), "targets": here.author.held("targets")}
    spoilt = signed(json.loads(raw)["signed"] | {"version": 2}, [generate()])
    here.author.shelf.put("targets/releases", spoilt)
    here.author.put_snapshot(held | {"targets/releases": spoilt})


def root_that_was_seen_and_is_taken_back(here: World) -> None:
    author = here.author
    old = {role: author.held(role) for role in ("root", "timestamp", "snapshot", "targets")}
    author.put_root()
    author.list_all()
    here.server.answers = lambda _gun, name: Reply(404, b"{}") if name.startswith("snapshot") else None
    with pytest.raises(MetadataRefusedError):
        here.verify()
    serve(here, **old)


def timestamp_that_was_seen_and_is_taken_back(here: World) -> None:
    old = here.author.held("timestamp")
    withheld_snapshot(here)
    with pytest.raises(MetadataRefusedError):
        here.verify()
    serve(here, timestamp=old)


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


def targets_rolled_back_behind_a_rotation_of_their_key(here: World) -> None:
    author = here.author
    author.publish()
    here.verify()
    author.targets_keys, author.versions["targets"] = [generate()], 0
    author.put_root()
    author.publish()


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


def expired_releases_over_an_older_tag_of_targets(here: World) -> None:
    """What targets/releases signs is newer, its owner does not renew it, and the older tag of targets comes back."""
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    author.publish()
    author.expires["targets/releases"] = NOW - timedelta(minutes=1)
    author.put_delegation("targets/releases", {"v1": here.digest()})
    author.list_all()


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


ROWS: list[Row] = [
    (
        old_timestamp,
        "rollback",
        "the timestamp metadata of {gun} was rolled back from version 2 to 1",
    ),
    (old_everything, "rollback", "rolled back from version 2 to 1"),
    (old_snapshot_under_a_new_timestamp, "rollback", "the snapshot metadata of {gun} was rolled back from version"),
    (old_targets_under_a_new_snapshot, "rollback", "the targets metadata of {gun} was rolled back from version"),
    (old_releases, "rollback", "the targets/releases metadata of {gun} was rolled back from version 2 to 1"),
    (hidden_releases, "rollback", "the snapshot of {gun} no longer lists targets/releases, which may still sign"),
    (spoilt_releases, "signature", "the targets/releases metadata of {gun} has no signature by a key that is trusted"),
    (root_that_was_seen_and_is_taken_back, "rollback", "the root metadata of {gun} was rolled back from version"),
    (
        timestamp_that_was_seen_and_is_taken_back,
        "rollback",
        "the timestamp metadata of {gun} was rolled back from version",
    ),
    (old_root, "rollback", "the root metadata of {gun} was rolled back from version 2 to 1"),
    (
        timestamp_rolled_back_behind_a_rotation_of_its_key,
        "rollback",
        "timestamp metadata of {gun} was rolled back from version",
    ),
    (
        targets_rolled_back_behind_a_rotation_of_their_key,
        "rollback",
        "the targets metadata of {gun} was rolled back from version",
    ),
    (expired("timestamp"), "expired", "the timestamp metadata of {gun} expired on 20"),
    (expired("snapshot"), "expired", "the snapshot metadata of {gun} expired on 20"),
    (expired("targets"), "expired", "the targets metadata of {gun} expired on 20"),
    (expired("root"), "expired", "the root metadata of {gun} expired on 20"),
    (
        expired_releases_over_an_older_tag_of_targets,
        "expired",
        "the targets/releases metadata of {gun} has expired, and signs another digest for v1 than targets does",
    ),
    (expired_certificate, "root", "the root metadata of {gun} has a certificate that expired on 20"),
    (new_targets_with_an_old_snapshot, "hash", "the targets metadata of {gun}"),
    (old_targets_with_a_new_snapshot, "hash", "the targets metadata of {gun}"),
    (old_snapshot_with_a_new_timestamp, "hash", "the snapshot metadata of {gun}"),
    (a_root_that_the_snapshot_does_not_name, "hash", "the root metadata of {gun}"),
    (same_length_other_content, "hash", "the targets metadata of {gun} is not the signed one"),
    (withheld, "withheld", "the server withholds the timestamp of {gun}; the cached one was signed about 0 days ago"),
    (withheld_snapshot, "withheld", "the server withholds the snapshot metadata of {gun} that it names"),
    (withheld_targets, "withheld", "the server withholds the targets metadata of {gun} that it names"),
    (revoked_tag, "unsigned", "{gun}:v1 is not signed by a key that you trust for tags; no tag of this repository is"),
]
