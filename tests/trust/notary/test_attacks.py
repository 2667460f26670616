"""Whatever a hostile notary server, or a thief of some of the keys, does: it is refused, and the error says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sealock.errors import TargetError, TransportError
from sealock.trust.notary.signer import certify, meta_of
from sealock.trust.refusal import MetadataRefusedError
from support.notaryattacks import age, forms, keys, roots
from support.notaryattacks.tools import Attack
from support.notaryworld import World, world
from support.simulators.notary import NOW, Author, Reply, listing, signed

ATTACKS = [*age.ROWS, *keys.ROWS, *roots.ROWS, *forms.ROWS]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


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
    with pytest.raises(MetadataRefusedError) as refused:
        here.verify()
    assert words.format(gun=here.gun) in str(refused.value)
    assert refused.value.check == check
    if check == "unsigned":
        return
    # Refused again, and what was known before is not lost.
    with pytest.raises(MetadataRefusedError):
        here.verify()
    assert here.held().keys() >= before.keys()


FIRST = [attack for attack in ATTACKS if attack[1] not in {"rollback", "withheld"} and attack[0] not in {
    roots.foreign_rotation, roots.foreign_root_of_the_same_version, roots.root_that_skips_a_version, roots.root_far_ahead, roots.another_repository,
    roots.another_root_in_the_place_of_the_one_between, keys.revoked_key_signs_on, age.spoilt_releases, age.expired_releases_over_an_older_tag_of_targets,
}]  # fmt: skip


@pytest.mark.parametrize(
    ("attack", "check"), [one[:2] for one in FIRST], ids=[f"{index}-{_name(one[0])}" for index, one in enumerate(FIRST)]
)
def test_nor_is_who_comes_for_the_first_time_and_keeps_nothing_of_it(here: World, attack: Attack, check: str) -> None:
    here.publish()
    attack(here)
    with pytest.raises(MetadataRefusedError) as refused:
        here.verify()
    assert refused.value.check in {check, "root", "signature"}
    assert check == "unsigned" or not here.held()


def test_another_repositorys_metadata_is_refused_at_first_use_too(here: World) -> None:
    roots.another_repository(here)
    with pytest.raises(MetadataRefusedError, match=r"has a certificate that is for '.*-other', not for "):
        here.verify()


def test_a_server_that_cannot_answer_is_no_verdict_and_the_age_of_what_is_cached_is_told(here: World) -> None:
    here.publish()
    here.verify()
    here.server.answers = lambda _gun, _name: Reply(503, b"busy")
    with pytest.raises(TransportError, match=r"status 503.*cached one was signed about 3 days ago, and expires on 20"):
        here.verify(now=NOW + timedelta(days=3))


def test_a_web_page_in_the_place_of_metadata_is_no_verdict(here: World) -> None:
    here.publish()
    forms.body_of(b" <!DOCTYPE html><title>Sign in</title>")(here)
    with pytest.raises(TransportError, match="answers with a web page instead of trust data: is the address right"):
        here.verify()


def test_what_was_seen_in_a_refused_run_is_not_forgotten(here: World) -> None:
    here.publish()
    here.verify()
    here.publish()
    age.withheld_targets(here)
    with pytest.raises(MetadataRefusedError):
        here.verify()
    # The timestamp of that run counts: an older one is a rollback now.
    here.server.answers = lambda _gun, _name: None
    here.author.shelf.put("timestamp", here.author.shelf.files["timestamp"][0])
    with pytest.raises(MetadataRefusedError, match="was rolled back from version"):
        here.verify()


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_a_damaged_cache_never_makes_anything_trusted(here: World, role: str) -> None:
    here.publish()
    here.verify()
    here.folder.write(here.gun, {role: b'{"signed":{},"signatures":[]}'})
    with pytest.raises(TargetError, match=f"the cached {role} metadata of .* `sealock trust forget "):
        here.verify()


def test_a_foreign_root_in_the_cache_is_what_counts_until_it_is_forgotten(here: World) -> None:
    here.publish()
    stranger = Author(here.server, here.gun)
    stranger.certificates, stranger.root_keys = [certify(stranger.root_keys[0], here.gun, NOW)], stranger.root_keys
    here.folder.write(here.gun, {"root": signed(stranger.root_content(1), stranger.root_signers())})
    with pytest.raises(MetadataRefusedError):
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
    with pytest.raises(MetadataRefusedError, match=r"the targets metadata of .* expired on"):
        here.verify(now=much_later)
    here.repository(now=much_later).renew(here.keyring(), root=role == "root")
    assert here.verify(now=much_later).digest == digest


def test_a_file_of_unknown_hashes_alone_is_refused(here: World) -> None:
    here.publish()
    author = here.author
    meta = {"snapshot": {"hashes": {"md5": "AAAA"}, "length": meta_of(author.held("snapshot")).length}}
    raw = signed(listing("timestamp", {}, 9) | {"meta": meta}, [author.shelf.key("timestamp")])
    author.shelf.put("timestamp", raw)
    with pytest.raises(MetadataRefusedError, match="has no hash of a known algorithm"):
        here.verify()


def test_who_signed_instead_is_told_and_about_when(here: World) -> None:
    here.publish()
    keys.foreign_key("targets")(here)
    stranger = here.author.targets_keys[0].id[:12]
    with pytest.raises(MetadataRefusedError, match=rf"; signed by {stranger}, about {NOW:%Y-%m-%d}$"):
        here.verify()
