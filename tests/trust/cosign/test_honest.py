"""What is signed verifies, what others attached stays, and what is wanted besides is held to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sealock.errors import TransportError, UsageError
from sealock.net.registry.names import reference
from sealock.trust.cosign.attachments import tag_of
from sealock.trust.cosign.privatekeys import KINDS, KeyKind, generate
from sealock.trust.cosign.requirements import ANY, CosignRequirements, SignerIdentity
from sealock.trust.cosign.signer import SignatureForm, spelled
from sealock.trust.cosign.verifier import verify_cosign
from sealock.trust.intoto import CUSTOM, type_of
from sealock.trust.provenance import Provenance, provenance_of
from support.cosignworld import NOW, PROVENANCE, World, world
from support.simulators.registry import Asked, Reply, sha256


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def layers(here: World, suffix: str = "sig") -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(here.server.manifests["app"][tag_of(here.digest, suffix)][1])["layers"]
    return found


@pytest.mark.parametrize("form", ["tag", "bundle"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("referrers", [True, False], ids=["a registry with referrers", "a registry without"])
def test_what_is_signed_verifies(here: World, kind: KeyKind, form: SignatureForm, referrers: bool) -> None:  # noqa: FBT001  a row
    here.server.referrers = referrers
    key = generate(kind)
    here.sign(key, form=form)
    result = here.verify(keys=(key.public,))
    assert result.state == "trusted", result.why
    assert [(signer.key, signer.signed) for signer in result.signers] == [(key.public.id, NOW)]
    assert result.notes == ()


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_what_is_attested_is_found(here: World, form: SignatureForm) -> None:
    here.attest(form=form)
    here.attest(kind=type_of("cyclonedx"), form=form)
    found = here.attested(PROVENANCE)
    assert found.state == "trusted"
    assert [attestation.predicate for attestation in found.attestations] == [{"buildDefinition": {"buildType": "x"}}]
    assert {attestation.predicate_type for attestation in here.attested().attestations} == {
        PROVENANCE,
        type_of("cyclonedx"),
    }


def test_what_has_no_type_is_wrapped_as_cosign_does(here: World) -> None:
    here.attest(kind=CUSTOM, now=NOW)
    one = here.attested(CUSTOM).attestations[0]
    assert one.predicate == {
        "Data": '{"buildDefinition": {"buildType": "x"}}',
        "Timestamp": "2026-11-25T12:00:00Z",
    }
    assert one.signer.signed == NOW


def test_attestations_are_no_signature(here: World) -> None:
    here.attest()
    here.attest(form="bundle")
    assert here.verify().state == "untrusted"


def test_signatures_are_added_to_those_of_others(here: World) -> None:
    here.sign(here.stranger)
    before = layers(here)
    here.sign()
    assert layers(here)[0] == before[0]
    assert len(layers(here)) == 2
    assert here.verify().state == here.verify(keys=(here.stranger.public,)).state == "trusted"


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_signing_again_adds_nothing(here: World, form: SignatureForm) -> None:
    assert not here.sign(form=form).already
    assert here.sign(form=form).already
    assert not here.sign(annotations={"a": "b"}, form=form).already
    assert not here.sign(here.stranger, form=form).already
    assert here.sign(annotations={"a": "b"}, form=form).already
    assert len(layers(here) if form == "tag" else here.client.referrers(here.name(), here.digest)) == 3


def test_attesting_again_adds_what_is_newer(here: World) -> None:
    here.attest()
    here.attest(kind=type_of("cyclonedx"))
    assert len(layers(here, "att")) == 2


def test_the_configuration_names_the_layers_as_cosigns_does(here: World) -> None:
    here.sign(here.stranger)
    here.sign()
    config = json.loads(here.server.manifests["app"][tag_of(here.digest, "sig")][1])["config"]
    table = json.loads(here.server.blobs[config["digest"]])
    assert table["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"] for layer in layers(here)]}


def test_a_signature_that_another_overwrote_is_made_again(here: World) -> None:
    """Two sign at once: the other's manifest comes after ours, and does not hold our layer."""
    here.sign(here.stranger)
    tag = tag_of(here.digest, "sig")
    theirs = here.server.manifests["app"][tag]
    overwritten: list[Asked] = []

    def answer(asked: Asked) -> Reply | None:
        if asked.method == "GET" and asked.path.endswith(".sig") and not overwritten:
            puts = [one for one in here.server.asked if one.method == "PUT" and one.path.endswith(".sig")]
            if len(puts) > 1:
                overwritten.append(asked)
                here.server.manifests["app"][tag] = theirs
        return None

    here.server.answers = answer
    here.sign()
    assert overwritten
    assert here.verify().state == here.verify(keys=(here.stranger.public,)).state == "trusted"


def test_a_tag_that_never_keeps_what_is_put_there_is_told(here: World) -> None:
    here.server.answers = lambda asked: (
        Reply(201, b"", {"Docker-Content-Digest": sha256(asked.body)})
        if asked.method == "PUT" and asked.path.endswith(".sig")
        else None
    )
    with pytest.raises(TransportError, match="kept overwriting"):
        here.sign()


def test_an_index_under_the_tag_is_left_alone(here: World) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    tag = tag_of(here.digest, "sig")
    here.server.add_manifest("app", {"schemaVersion": 2, "mediaType": kind, "manifests": []}, tag, kind=kind)
    kept = here.server.manifests["app"][tag]
    with pytest.raises(TransportError, match="not changed"):
        here.sign()
    assert here.server.manifests["app"][tag] == kept


def test_an_index_is_signed_under_its_own_digest(here: World) -> None:
    image = here.server.add_image("app", config=b'{"os":"linux","architecture":"arm64"}')
    here.digest = here.server.add_index("app", "many", images={"linux/arm64": image})["digest"]
    here.sign(text="app:many")
    assert here.verify("app:many").state == "trusted"
    assert here.verify("app:many", image["digest"]).state == "untrusted"


def test_what_is_not_at_the_registry_is_not_signed(here: World) -> None:
    here.server.manifests["app"].pop(here.digest)
    with pytest.raises(TransportError, match="does not exist"):
        here.sign()


def test_annotations_are_held_to(here: World) -> None:
    here.sign(annotations={"stage": "tested"})
    assert here.verify(annotations={"stage": "tested"}).state == "trusted"
    assert here.verify(annotations={"stage": "released"}).check == "annotation"
    assert here.verify(annotations={"other": "x"}).check == "annotation"


def test_annotations_of_bundles_are_held_to(here: World) -> None:
    here.sign(annotations={"stage": "tested"}, form="bundle")
    assert here.verify(annotations={"stage": "tested"}).state == "trusted"
    assert here.verify(annotations={"stage": "released"}).check == "annotation"


@pytest.mark.parametrize(
    ("claimed", "wanted", "state"),
    [
        ("example.com/app", "example.com/app", "trusted"),
        ("example.com/app", "example.com/other", "untrusted"),
        ("example.com/app", "", "untrusted"),
        ("example.com/app", ANY, "trusted"),
        ("index.docker.io/library/nginx", "nginx", "trusted"),
        ("docker.io/library/nginx:1.27", "nginx", "trusted"),
        ("evil.io/library/nginx", "nginx", "untrusted"),
    ],
)
@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_a_signature_is_for_a_repository(
    here: World, form: SignatureForm, claimed: str, wanted: str, state: str
) -> None:
    if form == "tag":
        here.put(here.signed_layer(here.claims(repository=claimed)))
    else:
        here.refer(here.bundled(here.bundle(here.statement(name=claimed))))
    assert here.verify(repository=wanted).state == state


def test_an_image_that_is_named_in_several_places_counts_in_each(here: World) -> None:
    table = json.loads(here.statement(PROVENANCE))
    first = table["subject"][0]
    elsewhere = [first | {"name": "example.com/elsewhere"}, {"name": "another", "digest": {"sha256": "0" * 64}}]
    table["subject"] = [*elsewhere, first, elsewhere[0]]
    here.put(here.enveloped(json.dumps(table).encode()), suffix="att")
    assert here.attested(PROVENANCE).state == "trusted"
    assert here.attested(PROVENANCE, repository="example.com/elsewhere").state == "trusted"
    assert here.attested(PROVENANCE, repository="example.com/another").check == "repository"


@pytest.mark.parametrize("claimed", ["pkg:docker/app@1.2?platform=linux", "not a name", "_ _"])
def test_what_is_no_repository_is_a_name_in_a_statement_alone(here: World, claimed: str) -> None:
    here.put(here.signed_layer(here.claims(repository=claimed)))
    assert here.verify().check == "repository"
    assert here.verify(repository=ANY).state == "trusted"
    here.put()
    here.refer(here.bundled(here.bundle(here.statement(name=claimed))))
    assert here.verify().state == "trusted"
    assert "names no repository" in here.verify().notes[0]
    assert here.verify(named_only=True).check == "repository"


@pytest.mark.parametrize(
    ("name", "claimed"),
    [("nginx", "index.docker.io/library/nginx"), ("a/b:1", "index.docker.io/a/b"), ("x.io/a:1", "x.io/a")],
)
def test_a_repository_is_spelled_as_cosign_spells_it(name: str, claimed: str) -> None:
    assert spelled(reference(name)) == claimed


def test_a_time_that_cannot_be_is_no_time(here: World) -> None:
    here.put(here.signed_layer(here.claims(timestamp=10**30)))
    assert here.verify().signers[0].signed is None
    here.put(here.signed_layer(here.claims(timestamp=1_000_000_000)))
    assert here.verify().signers[0].signed == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (CosignRequirements(), "which signer"),
        (CosignRequirements(identities=(SignerIdentity("*", "https://x"),), trusted_root=b"{}"), "just"),
        (CosignRequirements(identities=(SignerIdentity("a@b.c", "https://*"),), trusted_root=b"{}"), "literal"),
        (CosignRequirements(identities=(SignerIdentity("a@b.c", "https://x"),)), "trusted root"),
        (CosignRequirements(keys=(generate().public,), threshold=2), "threshold is 2"),
        (CosignRequirements(keys=(generate().public,), threshold=0), "threshold is 0"),
        (CosignRequirements(keys=(generate().public,), repository="NOT A NAME"), "name of a repository"),
    ],
    ids=["nobody", "anybody", "any issuer", "no root", "more than there are", "none", "no repository"],
)
def test_expectations_that_nobody_or_anybody_meets_are_told(
    here: World, expected: CosignRequirements, words: str
) -> None:
    here.put(here.signed_layer(here.claims(), here.key))
    with pytest.raises(UsageError, match=words):
        verify_cosign(here.client, here.name(), here.digest, expected)


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("alice@example.org", "alice@example.org", True),
        ("alice@example.org", "alice@example.orga", False),
        ("alice@example.org", "malice@example.org", False),
        ("https://ci.example/org/*", "https://ci.example/org/repo/build.yml@refs/heads/main", True),
        ("https://ci.example/org/*", "https://ci.example/organ/repo", False),
        ("https://ci.example/*/build.yml@*", "https://ci.example/org/repo/build.yml@refs/tags/1", True),
        ("https://ci.example/*/build.yml@*", "https://ci.example/build.yml@refs/tags/1", False),
        ("*@example.org", "bob@example.org", True),
        ("*@example.org", "bob@example.org.evil.io", False),
        ("a*a", "a", False),
        ("a*b*c", "abc", True),
        ("a*bb*b", "abb", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_a_pattern_stands_for_identities(pattern: str, subject: str, fits: bool) -> None:  # noqa: FBT001  a row
    assert SignerIdentity(pattern, "https://issuer").fits(subject, "https://issuer") is fits
    assert not SignerIdentity(pattern, "https://issuer").fits(subject, "https://issuer.evil")


def test_patterns_of_many_stars_take_no_time() -> None:
    assert not SignerIdentity("*a" * 2000 + "b", "x").fits("a" * 20000, "x")


GIT = {"uri": "git+https://example.com/app@refs/heads/main", "digest": {"gitCommit": "0123456789abcdef"}}


@pytest.mark.parametrize(
    ("kind", "predicate", "builder", "sources"),
    [
        ("slsaprovenance1", {"runDetails": {"builder": {"id": "https://ci"}}, "buildDefinition": {"resolvedDependencies": [GIT, GIT, {"uri": "pkg:x"}]}}, "https://ci", ("git+https://example.com/app@refs/heads/main at 0123456789ab",)),
        ("slsaprovenance02", {"builder": {"id": "https://ci"}, "invocation": {"configSource": {"uri": "git+https://x", "digest": {"sha1": "abc"}}}}, "https://ci", ("git+https://x at abc",)),
        ("slsaprovenance1", {}, "", ()),
        ("slsaprovenance1", None, "", ()),
        ("slsaprovenance1", {"runDetails": [], "buildDefinition": {"resolvedDependencies": {"a": 1}}}, "", ()),
        ("slsaprovenance02", {"builder": "x", "invocation": {"configSource": {"uri": ["a"], "digest": "x"}}}, "", ()),
    ],
)  # fmt: skip
def test_who_built_it_from_what_is_read(kind: str, predicate: object, builder: str, sources: tuple[str, ...]) -> None:
    found = provenance_of(type_of(kind), predicate)
    assert found == Provenance(builder, sources)


def test_what_is_no_provenance_tells_no_builder() -> None:
    assert provenance_of(type_of("cyclonedx"), {"builder": {"id": "x"}}) is None
