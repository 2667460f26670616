"""What honest people do with content trust: each row is played to the simulated server and to the real one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import SigningError
from sealock.model.trust import VerifiedTag
from sealock.net.transport import Transport
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.keyring import Keyring
from sealock.trust.notary.privatekeys import NotaryPrivateKey
from sealock.trust.notary.repository import Repository
from sealock.trust.notary.server import Server
from sealock.trust.notary.signer import certify
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import Told


class Party:
    """Somebody with a folder of their own, who deals with one repository."""

    def __init__(self, transport: Transport, address: str, folder: Path, gun: str) -> None:
        self._transport, self._address, self.gun = transport, address, gun
        self.folder = TrustDirectory(folder)
        self.pin = Pin()
        self.certificate = ""

    @property
    def repository(self) -> Repository:
        """Opened anew, as every command does."""
        return Repository(Server(self._transport, self._address, self.gun), self.folder, self.pin, datetime.now(UTC))

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.folder, Told())

    def start(self, **how: Any) -> None:
        keyring = self.keyring
        self.certificate = self.repository.initialise(keyring, keyring.make("root"), **how)

    def sign(self, tag: str, *roles: str) -> str:
        digest = f"sha256:{secrets.token_hex(32)}"
        self.repository.sign(self.keyring, tag, digest, 1234, roles)
        return digest

    def verify(self, tag: str) -> VerifiedTag:
        return self.repository.verify(tag)

    def refused(self, tag: str) -> str:
        with pytest.raises(MetadataRefusedError) as error:
            self.verify(tag)
        return str(error.value)

    def rotate(self, role: str, *, by_server: bool = False) -> str:
        return self.repository.rotate(self.keyring, role, by_server=by_server)

    def delegate(self, name: str, *keys: NotaryPrivateKey, paths: tuple[str, ...] = ("",), threshold: int = 1) -> None:
        self.repository.delegate(self.keyring, [name], [key.public for key in keys], paths, threshold)


Make = Callable[[str], Party]
"""Gives the party of that name."""


def what_one_signs_another_verifies_in_four_requests_and_then_in_one(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    digest = owner.sign("v1")
    verified = other.verify("v1")
    assert (verified.digest, verified.tag.length, verified.tag.role) == (digest, 1234, "targets")
    assert (verified.rests_on, verified.requests) == ("first use", 4)
    again = other.verify("v1")
    assert (again.digest, again.rests_on, again.requests) == (digest, "earlier use", 1)


def who_signs_needs_no_trust_at_first_use(make: Make) -> None:
    owner = make("owner")
    owner.start()
    owner.sign("v1")
    assert owner.verify("v1").rests_on == "earlier use"


def a_new_digest_for_a_tag_is_told_within_four_requests(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    owner.sign("v1")
    other.verify("v1")
    digest = owner.sign("v1")
    verified = other.verify("v1")
    assert (verified.digest, verified.requests) == (digest, 3)


def tags_are_told_together_and_a_digest_is_found_by_itself(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    digests = {tag: owner.sign(tag) for tag in ("v1", "v2")}
    assert {signed_tag.tag: signed_tag.digest for signed_tag in other.repository.signed().tags} == digests
    assert other.repository.verify_digest(digests["v2"]).tag.tag == "v2"
    with pytest.raises(MetadataRefusedError, match=r"no tag of .* is signed for sha256:"):
        other.repository.verify_digest(f"sha256:{secrets.token_hex(32)}")


def a_tag_that_was_revoked_is_trusted_no_longer(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    owner.sign("v1")
    owner.sign("v2")
    other.verify("v1")
    assert owner.repository.revoke(owner.keyring, "v1") == ("targets",)
    assert "signed are: v2" in other.refused("v1")
    with pytest.raises(SigningError, match="v1 is not signed in targets"):
        owner.repository.revoke(owner.keyring, "v1")


def every_key_may_be_rotated_and_who_looked_before_follows(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    digest = owner.sign("v1")
    for role, by_server in (
        ("targets", False), ("timestamp", True), ("snapshot", True), ("snapshot", False), ("targets", False),
        ("root", False), ("snapshot", True), ("root", False),
    ):  # fmt: skip
        new = owner.rotate(role, by_server=by_server)
        verified = other.verify("v1")
        assert verified.digest == digest
        assert next(one for one in verified.roles if one.role == role).keys == (new,)
    assert owner.sign("v1") == other.verify("v1").digest


def who_was_away_follows_every_root_in_between(make: Make) -> None:
    owner, other, late = make("owner"), make("other"), make("late")
    owner.start()
    owner.sign("v1")
    other.verify("v1")
    for role in ("root", "timestamp", "root", "targets", "root"):
        owner.rotate(role, by_server=role == "timestamp")
    digest = owner.sign("v1")
    verified = other.verify("v1")
    assert (verified.digest, verified.roles[0].version, verified.rests_on) == (digest, 6, "earlier use")
    assert late.verify("v1").roles[0].version == 6


def the_snapshot_key_may_stay_at_home(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start(local_snapshot=True)
    assert {one.role for one in owner.keyring.list()} == {"root", "targets", "snapshot"}
    assert owner.sign("v1") == other.verify("v1").digest
    owner.rotate("targets")
    assert owner.sign("v1") == other.verify("v1").digest


def a_pinned_certificate_is_what_a_first_use_must_show(make: Make) -> None:
    owner, other, third = make("owner"), make("other"), make("third")
    owner.start()
    digest = owner.sign("v1")
    other.pin = Pin(ids=frozenset({owner.certificate}), source="a test")
    verified = other.verify("v1")
    assert (verified.digest, verified.rests_on) == (digest, "certificate")
    third.pin = Pin(ids=frozenset({"0" * 64}), source="a test")
    assert "does not match the pin: its certificate is" in third.refused("v1")
    assert third.folder.read(third.gun, "root") is None
    third.pin = Pin(first_use=False)
    assert "nothing is pinned" in third.refused("v1")


def a_signer_signs_without_the_owners_keys(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    old = owner.sign("v1")
    key = alice.keyring.make("alice")
    for name in ("targets/alice", "targets/releases"):
        owner.delegate(name, key)
    assert other.verify("v1").digest == old
    digest = f"sha256:{secrets.token_hex(32)}"
    assert set(alice.repository.sign(alice.keyring, "v1", digest, 9)) == {"targets/alice", "targets/releases"}
    verified = other.verify("v1")
    assert (verified.digest, verified.tag.role, verified.signed_by.keys) == (digest, "targets/releases", (key.id,))
    assert verified.requests == 3
    with pytest.raises(SigningError, match="needs its root key, whose private half is not here"):
        alice.rotate("targets")
    with pytest.raises(SigningError, match="targets needs signatures by 1 of its keys"):
        alice.sign("v2", "targets")


def who_delegates_but_holds_none_of_the_keys_is_told_so(make: Make) -> None:
    owner, alice = make("owner"), make("alice")
    owner.start()
    owner.delegate("targets/releases", alice.keyring.make("alice"))
    with pytest.raises(SigningError, match=r"delegates its signing \(targets/releases\), and none of these"):
        owner.sign("v1")


def a_tag_that_only_another_delegation_signs_does_not_count(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    owner.delegate("targets/alice", alice.keyring.make("alice"))
    alice.sign("v1")
    assert "it is signed by targets/alice, and only targets/releases and targets count" in other.refused("v1")
    owner.sign("v2", "targets")
    other.verify("v2")


def a_signer_who_was_withdrawn_signs_no_longer_and_what_is_left_is_passed_over(make: Make) -> None:
    owner, alice, bob, other = make("owner"), make("alice"), make("bob"), make("other")
    owner.start()
    digest = owner.sign("v1")
    keys = alice.keyring.make("alice"), bob.keyring.make("bob")
    owner.delegate("targets/releases", *keys)
    alice.sign("v1")
    other.verify("v1")
    owner.repository.withdraw(owner.keyring, "targets/releases", [keys[0].id])
    verified = other.verify("v1")
    assert (verified.digest, verified.tag.role) == (digest, "targets")
    assert "no signature by a key that is trusted for it" in verified.notes[0]
    assert "it was skipped" in verified.notes[0]
    with pytest.raises(SigningError):
        alice.sign("v1")
    owner.repository.withdraw(owner.keyring, "targets/releases")
    assert not other.verify("v1").notes


def a_delegation_signs_only_below_its_paths(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    owner.delegate("targets/releases", alice.keyring.make("alice"), paths=("1.",))
    assert alice.sign("1.2") == other.verify("1.2").digest
    with pytest.raises(SigningError, match=r"may not sign 2\.0: its paths are 1\."):
        alice.sign("2.0", "targets/releases")


def where_two_must_sign_one_does_not_suffice(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    first, second = alice.keyring.make("alice"), owner.keyring.make("owner")
    for keys, threshold in (((first,), 2), ((first, first), 2), ((first,), 0), ((first,), -1), ((), 1)):
        with pytest.raises(
            SigningError, match=f"would need signatures by {threshold} of its keys, and has {len({*keys})}"
        ):
            owner.delegate("targets/releases", *keys, threshold=threshold)
    owner.delegate("targets/releases", first, second, threshold=2)
    with pytest.raises(SigningError, match="targets/releases needs signatures by 2 of its keys"):
        alice.sign("v1")
    alice.folder.add_key(second.id, owner.folder.key(second.id) or b"")
    digest = alice.sign("v1")
    verified = other.verify("v1")
    assert (verified.digest, set(verified.signed_by.keys)) == (digest, {first.id, second.id})


def a_certificate_may_stand_for_a_signer(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    key = alice.keyring.make("alice")
    certificate = certify(key, "alice", datetime.now(UTC))
    owner.repository.delegate(owner.keyring, ["targets/releases"], [certificate], [""])
    assert alice.sign("v1") == other.verify("v1").digest


def what_is_renewed_stays_as_it_was(make: Make) -> None:
    owner, alice, other = make("owner"), make("alice"), make("other")
    owner.start()
    owner.delegate("targets/releases", alice.keyring.make("alice"))
    digest = alice.sign("v1")
    before = {role.role: role.version for role in other.verify("v1").roles}
    assert set(owner.repository.renew(owner.keyring, root=True)) == {"root", "targets"}
    verified = other.verify("v1")
    assert (verified.digest, verified.roles[0].version) == (digest, before["root"] + 1)
    with pytest.raises(SigningError, match="targets needs signatures by 1 of its keys"):
        alice.repository.renew(alice.keyring, root=False)


def a_repository_is_begun_once(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    with pytest.raises(SigningError, match="is signed already"):
        other.start()


def where_nothing_is_signed_nothing_is_trusted(make: Make) -> None:
    owner, other = make("owner"), make("other")
    assert "is not signed: the server has no trust data for it" in other.refused("v1")
    owner.start()
    assert "no tag of this repository is" in other.refused("v1")


def trust_data_that_was_there_and_is_gone_is_not_trusted_until_it_is_forgotten(make: Make) -> None:
    owner, other = make("owner"), make("other")
    owner.start()
    owner.sign("v1")
    other.verify("v1")
    owner.repository.delete()
    assert "withholds the timestamp" in other.refused("v1")
    again = make("again")
    again.start()
    digest = again.sign("v1")
    assert "it does not follow from root version 1" in other.refused("v1")
    other.folder.forget(other.gun)
    assert other.verify("v1").digest == digest


ROWS: tuple[Callable[[Make], None], ...] = (
    what_one_signs_another_verifies_in_four_requests_and_then_in_one,
    who_signs_needs_no_trust_at_first_use,
    a_new_digest_for_a_tag_is_told_within_four_requests,
    tags_are_told_together_and_a_digest_is_found_by_itself,
    a_tag_that_was_revoked_is_trusted_no_longer,
    every_key_may_be_rotated_and_who_looked_before_follows,
    who_was_away_follows_every_root_in_between,
    the_snapshot_key_may_stay_at_home,
    a_pinned_certificate_is_what_a_first_use_must_show,
    a_signer_signs_without_the_owners_keys,
    who_delegates_but_holds_none_of_the_keys_is_told_so,
    a_tag_that_only_another_delegation_signs_does_not_count,
    a_signer_who_was_withdrawn_signs_no_longer_and_what_is_left_is_passed_over,
    a_delegation_signs_only_below_its_paths,
    where_two_must_sign_one_does_not_suffice,
    a_certificate_may_stand_for_a_signer,
    what_is_renewed_stays_as_it_was,
    a_repository_is_begun_once,
    where_nothing_is_signed_nothing_is_trusted,
    trust_data_that_was_there_and_is_gone_is_not_trusted_until_it_is_forgotten,
)


def parties(transport: Transport, address: str, folder: Path) -> Make:
    """Parties at one server, who deal with one new repository."""
    gun = f"127.0.0.1:5000/{secrets.token_hex(6)}/app"
    made: dict[str, Party] = {}

    def make(name: str) -> Party:
        with suppress(KeyError):
            return made[name]
        made[name] = Party(transport, address, folder / name, gun)
        return made[name]

    return make
