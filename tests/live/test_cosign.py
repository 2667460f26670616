"""The real cosign and ours on the real registry: what either signs or attests, the other verifies, in every form."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.cli.profileregistry import PREDICATE
from sealock.formats.profile import write_profile
from sealock.model.imagename import ImageName
from sealock.model.manifest import Manifest
from sealock.model.profile import ArchitectureCalls
from sealock.net.registry import upload
from sealock.net.registry.names import reference
from sealock.trust.cosign import signer
from sealock.trust.cosign.attachments import tag_of
from sealock.trust.cosign.keys import read_public
from sealock.trust.cosign.privatekeys import KINDS, CosignPrivateKey, KeyKind, read_private
from sealock.trust.cosign.requirements import ANY, CosignRequirements
from sealock.trust.cosign.signer import SignatureForm
from sealock.trust.cosign.simple import write_claims
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.intoto import SIGNATURE, type_of
from support.profiles import web
from support.realcosign import PLAIN, SECRET, UNLOGGED, Place, cosign_place, good

pytestmark = pytest.mark.live

NONE = f"sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with cosign_place(tmp_path_factory.mktemp("cosign")) as one:
        yield one


# What cosign makes, we verify.


@pytest.mark.parametrize("kind", KINDS)
def test_what_cosign_signs_we_verify(place: Place, kind: KeyKind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", "-a", "stage=tested", *PLAIN, image))
    assert place.result(image, public).state == "trusted"
    name = reference(image)
    wanting = CosignRequirements((read_public(public.read_bytes(), ""),), annotations={"stage": "released"})
    assert verify_cosign(place.client, name, name.digest or "", wanting).check == "annotation"


def test_what_cosign_attaches_as_a_referrer_we_verify(place: Place) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    words: list[str | Path] = [
        "sign",
        "-y",
        "--key",
        private,
        "--tlog-upload=false",
        "--registry-referrers-mode=oci-1-1",
        *PLAIN,
    ]
    good(place.cosign(*words, image))
    result = place.result(image, public)
    assert result.state == "trusted", result.why
    assert result.signers[0].where.startswith("referrer")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [[], ["--new-bundle-format"]], ids=["under the tag", "as a bundle"])
def test_what_cosign_attests_we_verify(place: Place, kind: KeyKind, more: list[str]) -> None:
    private, public = place.pair(kind)
    image = place.image()
    words: list[str | Path] = [
        "attest",
        "-y",
        "--key",
        private,
        "--tlog-upload=false",
        "--predicate",
        "predicate.json",
        *PLAIN,
        *more,
    ]
    good(place.cosign(*words, "--type", "cyclonedx", image))
    name = reference(image)
    expected = CosignRequirements((read_public(public.read_bytes(), ""),))
    found = verify_attestations(place.client, name, name.digest or "", expected, type_of("cyclonedx"))
    assert [attestation.predicate for attestation in found.attestations] == [{"bomFormat": "CycloneDX"}]
    assert place.result(image, public).state == "untrusted"


def test_two_signers_are_both_found(place: Place) -> None:
    image = place.image()
    for kind in ("ecdsa-p256", "ed25519"):
        good(place.cosign("sign", "-y", "--key", place.pair(kind)[0], "--tlog-upload=false", *PLAIN, image))
    keys = tuple(read_public(place.pair(kind)[1].read_bytes(), kind) for kind in ("ecdsa-p256", "ed25519"))
    name = reference(image)
    result = verify_cosign(place.client, name, name.digest or "", CosignRequirements(keys, threshold=2))
    assert result.state == "trusted"
    assert {one.key for one in result.signers} == {key.id for key in keys}


# A payload that its maker can sign as it likes: what cosign refuses, we do not trust.

DIGEST = '"docker-manifest-digest":"{digest}"'
SPELLINGS: dict[str, tuple[str, str]] = {
    "as it is": ("", ""),
    "a key beside the digest": (DIGEST, f'{DIGEST},"more":1'),
    "another digest last": (DIGEST, f'{DIGEST},"docker-manifest-digest":"{NONE}"'),
    "another digest last, in another spelling": (DIGEST, f'{DIGEST},"Docker-Manifest-Digest":"{NONE}"'),
    "another digest last, with the Kelvin sign": (DIGEST, f'{DIGEST},"doc\u212aer-manifest-digest":"{NONE}"'),
    "the claims again, without a digest": (
        '"optional":',
        '"critical":{"image":{"docker-manifest-digest":""}},"optional":',
    ),
    "the claims again, in another spelling": (
        '"optional":',
        '"CRITICAL":{"image":{"docker-manifest-digest":""}},"optional":',
    ),
    "a number that is too large": ('"optional":null', '"optional":{"a":1e400}'),
    "a whole number that is too large": ('"optional":null', '"optional":{"a":1' + "0" * 400 + "}"),
    "claims of another shape": ('"optional":null', '"optional":[1]'),
    "something after the end": ("null}", "null} x"),
    "a comma too much": ("null}", "null,}"),
    "a byte order mark": ("{", "\ufeff{"),
}


@pytest.mark.parametrize(("old", "new"), SPELLINGS.values(), ids=SPELLINGS)
def test_what_cosign_refuses_we_do_not_trust(place: Place, old: str, new: str) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    repository, _, digest = image.partition("@")
    text, old, new = (
        part.replace("{digest}", digest) for part in (write_claims(repository, digest, {}).decode(), old, new)
    )
    assert old in text
    (place.folder / "payload").write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    words: list[str | Path] = ["--key", private, "--tlog-upload=false", "--output-signature", "signature"]
    good(place.cosign("sign-blob", "-y", *words, "payload"))
    good(place.cosign("attach", "signature", "--payload", "payload", "--signature", "signature", *PLAIN, image))
    refused = place.cosign("verify", "--key", public, *UNLOGGED, image).returncode != 0
    trusted = place.result(image, public).state == "trusted"
    assert not (refused and trusted)
    # What both read as it is meant is trusted.
    assert trusted == (new == "" or '"more"' in new)


# What we make, cosign verifies.


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_cosign_verifies(place: Place, kind: KeyKind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    name = reference(image)
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    signer.sign(place.client, name, name.digest or "", key, annotations={"stage": "tested"})
    told = json.loads(good(place.cosign("verify", "--key", public, "-a", "stage=tested", *UNLOGGED, image)))
    assert told[0]["critical"]["image"]["docker-manifest-digest"] == name.digest
    assert told[0]["critical"]["identity"]["docker-reference"] == image.partition("@")[0]
    assert place.cosign("verify", "--key", public, "-a", "stage=released", *UNLOGGED, image).returncode != 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_as_a_bundle_cosign_verifies(place: Place, kind: KeyKind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    name = reference(image)
    signer.sign(
        place.client, name, name.digest or "", read_private(private.read_bytes(), "", lambda: SECRET), form="bundle"
    )
    bundled = ["--new-bundle-format", "--trusted-root", "root.json"]
    good(place.cosign("verify-attestation", "--key", public, "--type", SIGNATURE, *bundled, *UNLOGGED, image))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_what_we_attest_cosign_verifies(place: Place, kind: KeyKind, form: SignatureForm) -> None:
    private, public = place.pair(kind)
    image = place.image()
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    attest(place, image, key, "cyclonedx", form)
    words: list[str | Path] = ["verify-attestation", "--key", public, "--type", "cyclonedx", *as_form(form)]
    assert len(good(place.cosign(*words, *UNLOGGED, image)).splitlines()) == 1


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_cosign_finds_each_type_of_what_we_attest(place: Place, form: SignatureForm) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    for what in ("custom", "slsaprovenance1", "vuln"):
        attest(place, image, key, what, form)
    for what in ("custom", "vuln"):
        words: list[str | Path] = ["verify-attestation", "--key", public, "--type", what, *as_form(form)]
        assert len(good(place.cosign(*words, *UNLOGGED, image)).splitlines()) == 1


def attest(place: Place, image: str, key: CosignPrivateKey, what: str, form: SignatureForm) -> None:
    name = reference(image)
    kind = type_of(what)
    signer.attest(place.client, name, name.digest or "", key, predicate_type=kind, predicate={"a": [1]}, form=form)


def as_form(form: SignatureForm) -> list[str]:
    return ["--new-bundle-format", "--trusted-root", "root.json"] if form == "bundle" else []


def test_we_add_to_what_cosign_signed_and_it_to_what_we_did(place: Place) -> None:
    image = place.image()
    name = reference(image)
    (ours, our_public), (theirs, their_public) = place.pair("ecdsa-p256"), place.pair("ecdsa-p384")
    good(place.cosign("sign", "-y", "--key", theirs, "--tlog-upload=false", *PLAIN, image))
    signer.sign(place.client, name, name.digest or "", read_private(ours.read_bytes(), "", lambda: SECRET))
    third, third_public = place.pair("ed25519")
    good(place.cosign("sign", "-y", "--key", third, "--tlog-upload=false", *PLAIN, image))
    for public in (our_public, their_public, third_public):
        good(place.cosign("verify", "--key", public, *UNLOGGED, image))
        assert place.result(image, public).state == "trusted"


def test_both_refuse_a_key_that_did_not_sign_and_an_image_that_nobody_did(place: Place) -> None:
    private, _ = place.pair("ecdsa-p256")
    _, other = place.pair("ed25519")
    image = place.image()
    assert place.cosign("verify", "--key", other, *UNLOGGED, image).returncode != 0
    assert place.result(image, other).check == "unsigned"
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", *PLAIN, image))
    assert place.cosign("verify", "--key", other, *UNLOGGED, image).returncode != 0
    assert place.result(image, other).check == "signature"


# Keys.


def test_a_key_pair_of_cosigns_is_ours_too(place: Place) -> None:
    good(place.cosign("generate-key-pair", "--output-key-prefix", "theirs"))
    key = read_private((place.folder / "theirs.key").read_bytes(), "theirs.key", lambda: SECRET)
    assert key.public.der == read_public((place.folder / "theirs.pub").read_bytes(), "").der


@pytest.mark.parametrize("kind", KINDS)
def test_cosign_reads_our_key_files(place: Place, kind: KeyKind) -> None:
    private, public = place.pair(kind)
    assert good(place.cosign("public-key", "--key", private)) == public.read_text()


# The command line, from key to verdict, beside cosign's.


@pytest.fixture(scope="module")
def keyed(place: Place) -> Callable[[], str]:
    good(place.sealock("trust", "keys", "generate", "--cosign", "cli"))
    return place.image


def test_the_whole_way_on_the_command_line(place: Place, keyed: Callable[[], str]) -> None:
    image = keyed()
    assert place.sealock("trust", "verify", image, "--key", "cli.pub").returncode == 1
    good(place.sealock("trust", "sign", image, "--key", "cli.key"))
    assert "is trusted" in good(place.sealock("trust", "verify", image, "--key", "cli.pub"))
    good(place.cosign("verify", "--key", "cli.pub", *UNLOGGED, image))
    modes = {(place.folder / name).stat().st_mode & 0o777 for name in ("cli.key",)}
    assert modes == {0o600}
    assert place.sealock("trust", "keys", "generate", "--cosign", "cli").returncode == 2


@pytest.mark.parametrize(("form", "kind"), [("cyclonedx", "cyclonedx"), ("spdx", "spdxjson")])
def test_our_bill_of_materials_is_an_attestation_that_cosign_verifies(
    place: Place, keyed: Callable[[], str], form: str, kind: str
) -> None:
    image = keyed()
    good(place.sealock("trust", "attest", image, "--key", "cli.key", "--sbom", form))
    told = good(place.cosign("verify-attestation", "--key", "cli.pub", "--type", kind, *UNLOGGED, image))
    assert len(told.splitlines()) == 1
    ours = good(place.sealock("trust", "verify", image, "--key", "cli.pub", "--attestation", form, "--format", "json"))
    predicate = json.loads(ours)["references"][0]["attestations"][0]["predicate"]
    assert "bash" in json.dumps(predicate)


# Where a verifier can be misled.


def test_a_signature_that_was_moved_to_another_image_counts_for_neither(place: Place) -> None:
    private, public = place.pair("ecdsa-p256")
    signed, other = reference(place.image()), reference(place.image())
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", *PLAIN, spelled(signed)))
    copy(place, signed, other)
    assert place.cosign("verify", "--key", public, *UNLOGGED, spelled(other)).returncode != 0
    assert place.result(spelled(other), public).check == "digest"


def test_a_signature_for_another_repository_counts_for_cosign_alone(place: Place) -> None:
    private, public = place.pair("ecdsa-p256")
    signed = reference(place.image())
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", *PLAIN, spelled(signed)))
    image = place.client.manifest(signed)
    assert isinstance(image.noun, Manifest)
    other = replace(signed, repository="production")
    for layer in (image.noun.config, *image.noun.layers):
        upload.push_blob(place.client, other, place.client.read_blob(signed, layer))
    upload.push_manifest(place.client, other, image.raw, image.media_type, "1")
    copy(place, signed, other)
    good(place.cosign("verify", "--key", public, *UNLOGGED, spelled(other)))
    assert place.result(spelled(other), public).check == "repository"
    anywhere = CosignRequirements((read_public(public.read_bytes(), ""),), repository=ANY)
    assert verify_cosign(place.client, other, other.digest or "", anywhere).state == "trusted"


@pytest.mark.parametrize("form", ["bundle", "tag"])
def test_an_image_that_cosign_copied_is_verified_and_signed(place: Place, form: SignatureForm) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", *PLAIN, image))
    origin, name = reference(image), reference(image.replace("/app", f"/copied-{form}/app"))
    good(place.cosign("copy", *PLAIN, image, f"{name.registry}/{name.repository}:1"))
    own_tag = replace(name, tag=(name.digest or "").replace(":", "-"), digest=None)
    assert place.client.manifest(own_tag).digest == name.digest
    keys = (read_public(public.read_bytes(), ""),)
    refused = verify_cosign(place.client, name, name.digest or "", CosignRequirements(keys))
    assert (refused.state, refused.check) == ("untrusted", "repository"), refused.why
    signed_for = CosignRequirements(keys, repository=spelled(origin))
    assert verify_cosign(place.client, name, name.digest or "", signed_for).state == "trusted"
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    signer.sign(place.client, name, name.digest or "", key, form=form)
    assert verify_cosign(place.client, name, name.digest or "", CosignRequirements(keys)).state == "trusted"


def spelled(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}@{name.digest}"


def copy(place: Place, signed: ImageName, other: ImageName) -> None:
    """One image's signatures under another's tag."""
    found = place.client.manifest(replace(signed, digest=None, tag=tag_of(signed.digest or "", "sig")))
    assert isinstance(found.noun, Manifest)
    for layer in (found.noun.config, *found.noun.layers):
        upload.push_blob(place.client, other, place.client.read_blob(signed, layer))
    upload.push_manifest(place.client, other, found.raw, found.media_type, tag_of(other.digest or "", "sig"))


@pytest.mark.parametrize("form", [[], ["--filter"]], ids=["profile", "filter"])
def test_a_profile_that_we_attest_cosign_verifies(place: Place, form: list[str]) -> None:
    private, public = place.pair("ecdsa-p256")
    machine = os.uname().machine
    text = write_profile(web(syscalls=(ArchitectureCalls(machine, ("read", "write")),)))
    (place.folder / "web.json").write_text(text)
    tag = f"{place.host}/profiles/web:{'filter' if form else 'profile'}"
    where = good(place.sealock("profile", "push", "web.json", tag, *form)).strip()
    attested = place.sealock(
        "trust",
        "attest",
        where,
        "--key",
        private,
        "--type",
        PREDICATE,
        "--predicate",
        "web.json",
        COSIGN_PASSWORD=SECRET,
    )
    good(attested)
    verified = good(place.cosign("verify-attestation", "--key", public, "--type", PREDICATE, *UNLOGGED, where))
    statement = json.loads(base64.b64decode(json.loads(verified.splitlines()[-1])["payload"]))
    assert statement["predicate"] == json.loads(text)
    if not form:
        good(place.sealock("profile", "pull", where, "--output", "back.json"))
        assert (place.folder / "back.json").read_text() == text
