"""What is Notary's own, and must be taken: odd versions, roots signed again, delegations that do not hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.signer import certify
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import World, world
from support.simulators.notary import NOW, signed


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def test_a_root_signed_anew_at_the_same_version_is_taken_if_it_follows(here: World) -> None:
    author = here.author
    digest, _ = here.publish()
    here.verify()
    author.expires["root"] = NOW + timedelta(days=999)
    raw = signed(author.root_content(1), author.root_signers())
    author.shelf.put("root", raw)
    author.list_all()
    assert here.verify().digest == digest
    assert here.held()["root"] == raw


def test_gaps_in_versions_are_taken(here: World) -> None:
    author = here.author
    here.publish()
    here.verify()
    author.versions["targets"] = 40
    author.put_targets()
    author.put_snapshot({"root": author.held("root"), "targets": author.held("targets")}, version=90)
    assert [role.version for role in here.verify().roles] == [1, 2, 90, 41]


def test_two_root_keys_of_which_two_must_sign(here: World) -> None:
    author = here.author
    author.root_keys.append(generate())
    author.certificates.append(certify(author.root_keys[1], here.gun, NOW))
    author.thresholds["root"] = 2
    here.publish()
    assert len(here.verify().roles[0].keys) == 2
    author.put_root()
    author.list_all()
    here.verify()
    both = author.root_signers()
    author.shelf.put("root", signed(author.root_content(3), both[:1]))
    author.list_all()
    with pytest.raises(MetadataRefusedError, match="needs signatures by 2 different keys, and has valid ones by 1"):
        here.verify()


def test_a_root_keys_certificate_is_for_code_and_for_nothing_else() -> None:
    made = x509.load_pem_x509_certificate(certify(generate(), "registry.example/web", NOW).public)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage)
    names = ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    assert usage.critical
    assert (usage.value.digital_signature, usage.value.key_encipherment) == (True, True)
    assert not any(getattr(usage.value, name) for name in names)


def test_a_certificate_for_all_repositories_below_a_prefix_is_taken(here: World) -> None:
    author = here.author
    author.certificates = [certify(author.root_keys[0], f"{here.gun.rpartition('/')[0]}/*", NOW - timedelta(hours=1))]
    here.publish()
    here.verify()


def test_an_old_root_whose_certificate_has_expired_still_leads_to_the_next(here: World) -> None:
    author = here.author
    author.certificates = [certify(author.root_keys[0], here.gun, NOW - timedelta(days=3649))]
    here.publish()
    here.verify()
    old = author.root_signers()
    author.root_keys = [generate()]
    author.certificates = [certify(author.root_keys[0], here.gun, NOW)]
    author.put_root(*old)
    author.list_all()
    here.server.clock = later = NOW + timedelta(days=5)
    author.list_all()
    assert here.verify(now=later).roles[0].version == 2


@pytest.mark.parametrize("fault", ["expired", "foreign key"])
def test_releases_that_do_not_hold_are_passed_over_and_that_is_told(here: World, fault: str) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    digest, _ = here.publish()
    if fault == "expired":
        author.expires["targets/releases"] = NOW - timedelta(days=1)
    tags = {"v2": here.digest()} if fault == "expired" else {"v1": here.digest()}
    author.put_delegation("targets/releases", tags, [generate()] if fault == "foreign key" else [])
    author.list_all()
    verified = here.verify()
    assert (verified.digest, verified.tag.role) == (digest, "targets")
    (note,) = verified.notes
    assert note.startswith(f"the targets/releases metadata of {here.gun} ")
    assert note.endswith("; it was skipped")


@pytest.mark.parametrize(
    ("release", "paths", "trusted"),
    [
        pytest.param("another", [""], False, id="another digest for the tag"),
        pytest.param("same", [""], True, id="the same digest for the tag"),
        pytest.param("none", [""], True, id="nothing for the tag"),
        pytest.param("another", ["2."], True, id="another digest, for a tag that is not theirs to sign"),
    ],
)
def test_releases_that_have_expired_bring_no_older_tag_back(
    here: World, release: str, paths: list[str], *, trusted: bool
) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], paths)
    signed_tag = here.publish()
    author.expires["targets/releases"] = NOW - timedelta(days=1)
    tags = {"another": {"v1": here.digest()}, "same": {"v1": signed_tag}, "none": {}}[release]
    author.put_delegation("targets/releases", tags)
    author.list_all()
    repository = here.repository()
    assert [tag.tag for tag in repository.signed().tags] == (["v1"] if trusted else [])
    if trusted:
        assert here.verify().digest == signed_tag[0]
    else:
        with pytest.raises(MetadataRefusedError, match="has expired, and signs another digest for v1"):
            here.verify()


def test_releases_count_only_for_tags_below_their_paths(here: World) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], ["2."])
    digest, _ = here.publish("1.0")
    other, newer = here.digest(), here.digest()
    author.put_delegation("targets/releases", {"1.0": other, "2.0": newer, "3.0": other})
    author.list_all()
    assert here.verify("1.0").digest == digest
    assert here.verify("2.0").digest == newer[0]
    with pytest.raises(
        MetadataRefusedError, match=r"not signed by a key that you trust for tags; signed are: 2\.0, 1\.0 "
    ):
        here.verify("3.0")
    assert {signed_tag.tag for signed_tag in here.repository().signed().tags} == {"1.0", "2.0"}


def test_a_first_use_with_releases_takes_five_requests_and_no_use_more(here: World) -> None:
    author = here.author
    author.delegated["targets/releases"] = ([generate()], [""])
    author.put_delegation("targets/releases", {"v1": here.digest()})
    here.publish("v2")
    assert here.verify("v1").requests == 5
    author.put_delegation("targets/releases", {"v1": here.digest()})
    author.publish()
    assert here.verify("v1").requests == 4
