"""The real cosign and ours on the real registry: what either signs or attests, the other verifies, in every form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from imagemaker import config, files, info, tar
from realregistry import real_registry
from sealock.httptransport import HttpTransport
from sealock.model.trust import Verdict
from sealock.registry import pushing
from sealock.registry.client import Registry
from sealock.registry.names import reference
from sealock.trust.cosign import bundles, signing, simple
from sealock.trust.cosign.expecting import Expected, Identity
from sealock.trust.cosign.gathering import tag_of
from sealock.trust.cosign.keys import read_public, write_public
from sealock.trust.cosign.privatekeys import KINDS, Kind, PrivateKey, generate, read_private, write_private
from sealock.trust.cosign.signing import Form
from sealock.trust.cosign.verifying import verify_attestations, verify_cosign
from sealock.trust.intoto import SIGNATURE, type_of, write_statement
from sigstoreworld import ISSUER, Sigstore

pytestmark = pytest.mark.live

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SECRET = "a word"
PLAIN = ["--allow-insecure-registry", "--allow-http-registry"]
UNLOGGED = ["--insecure-ignore-tlog=true", *PLAIN]
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"


class Place:
    """A registry, a folder with key pairs, and the real cosign."""

    def __init__(self, host: str, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.client = Registry(HttpTransport(environment={}))
        self.pushed = 0
        (folder / "root.json").write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
        (folder / "predicate.json").write_text('{"bomFormat":"CycloneDX"}')

    def cosign(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it, with no network beyond this machine and a home of its own."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "COSIGN_PASSWORD": SECRET,
            "COSIGN_EXPERIMENTAL": "1",
            **more,
        }
        return subprocess.run(
            ["cosign", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
            cwd=self.folder,
        )

    def sealock(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COSIGN_PASSWORD": SECRET, "SEALOCK_CACHE_DIR": str(self.folder / "cache")}
        return subprocess.run(
            [sys.executable, "-m", "sealock", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
            cwd=self.folder,
        )

    def image(self) -> str:
        """A fresh image: REPO@DIGEST."""
        self.pushed += 1
        base = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))
        top = files(app=os.urandom(64))
        name = reference(f"{self.host}/app{self.pushed}:1")
        blobs = [pushing.push_blob(self.client, name, one) for one in (config(base, top), base, top)]
        kinds = ["image.config.v1+json", "image.layer.v1.tar", "image.layer.v1.tar"]
        told = [
            pushing.written(one) | {"mediaType": f"application/vnd.oci.{kind}"}
            for one, kind in zip(blobs, kinds, strict=True)
        ]
        table = {"schemaVersion": 2, "mediaType": MANIFEST, "config": told[0], "layers": told[1:]}
        pushed = pushing.push_manifest(self.client, name, json.dumps(table).encode(), MANIFEST, "1")
        return f"{self.host}/app{self.pushed}@{pushed.digest}"

    def pair(self, kind: Kind) -> tuple[Path, Path]:
        """A key pair that we made, in cosign's files."""
        private, public = self.folder / f"{kind}.key", self.folder / f"{kind}.pub"
        if not private.exists():
            key = generate(kind)
            private.write_bytes(write_private(key, SECRET))
            public.write_bytes(write_public(key.public))
        return private, public

    def verdict(self, image: str, public: Path) -> Verdict:
        name = reference(image)
        expected = Expected((read_public(public.read_bytes(), public.name),))
        return verify_cosign(self.client, name, name.digest or "", expected)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("cosign")
    with real_registry(folder / "registry") as host:
        yield Place(host, folder)


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


# What cosign makes, we verify.


@pytest.mark.parametrize("kind", KINDS)
def test_what_cosign_signs_we_verify(place: Place, kind: Kind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", "-a", "stage=tested", *PLAIN, image))
    assert place.verdict(image, public).state == "trusted"
    name = reference(image)
    wanting = Expected((read_public(public.read_bytes(), ""),), annotations={"stage": "released"})
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
    verdict = place.verdict(image, public)
    assert verdict.state == "trusted", verdict.why
    assert verdict.signers[0].where.startswith("referrer")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [[], ["--new-bundle-format"]], ids=["under the tag", "as a bundle"])
def test_what_cosign_attests_we_verify(place: Place, kind: Kind, more: list[str]) -> None:
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
    expected = Expected((read_public(public.read_bytes(), ""),))
    found = verify_attestations(place.client, name, name.digest or "", expected, type_of("cyclonedx"))
    assert [one.statement.predicate for one in found.attestations] == [{"bomFormat": "CycloneDX"}]
    assert place.verdict(image, public).state == "untrusted"


def test_two_signers_are_both_found(place: Place) -> None:
    image = place.image()
    for kind in ("ecdsa-p256", "ed25519"):
        good(place.cosign("sign", "-y", "--key", place.pair(kind)[0], "--tlog-upload=false", *PLAIN, image))
    keys = tuple(read_public(place.pair(kind)[1].read_bytes(), kind) for kind in ("ecdsa-p256", "ed25519"))
    name = reference(image)
    verdict = verify_cosign(place.client, name, name.digest or "", Expected(keys, threshold=2))
    assert verdict.state == "trusted"
    assert {one.key for one in verdict.signers} == {one.id for one in keys}


# What we make, cosign verifies.


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_cosign_verifies(place: Place, kind: Kind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    name = reference(image)
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    signing.sign(place.client, name, name.digest or "", key, annotations={"stage": "tested"})
    told = json.loads(good(place.cosign("verify", "--key", public, "-a", "stage=tested", *UNLOGGED, image)))
    assert told[0]["critical"]["image"]["docker-manifest-digest"] == name.digest
    assert told[0]["critical"]["identity"]["docker-reference"] == image.partition("@")[0]
    assert place.cosign("verify", "--key", public, "-a", "stage=released", *UNLOGGED, image).returncode != 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_sign_as_a_bundle_cosign_verifies(place: Place, kind: Kind) -> None:
    private, public = place.pair(kind)
    image = place.image()
    name = reference(image)
    signing.sign(
        place.client, name, name.digest or "", read_private(private.read_bytes(), "", lambda: SECRET), form="bundle"
    )
    bundled = ["--new-bundle-format", "--trusted-root", "root.json"]
    good(place.cosign("verify-attestation", "--key", public, "--type", SIGNATURE, *bundled, *UNLOGGED, image))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_what_we_attest_cosign_verifies(place: Place, kind: Kind, form: Form) -> None:
    private, public = place.pair(kind)
    image = place.image()
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    attest(place, image, key, "cyclonedx", form)
    words: list[str | Path] = ["verify-attestation", "--key", public, "--type", "cyclonedx", *as_form(form)]
    assert len(good(place.cosign(*words, *UNLOGGED, image)).splitlines()) == 1


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_cosign_finds_each_type_of_what_we_attest(place: Place, form: Form) -> None:
    private, public = place.pair("ecdsa-p256")
    image = place.image()
    key = read_private(private.read_bytes(), "", lambda: SECRET)
    for what in ("custom", "slsaprovenance1", "vuln"):
        attest(place, image, key, what, form)
    for what in ("custom", "vuln"):
        words: list[str | Path] = ["verify-attestation", "--key", public, "--type", what, *as_form(form)]
        assert len(good(place.cosign(*words, *UNLOGGED, image)).splitlines()) == 1


def attest(place: Place, image: str, key: PrivateKey, what: str, form: Form) -> None:
    name = reference(image)
    kind = type_of(what)
    signing.attest(place.client, name, name.digest or "", key, predicate_type=kind, predicate={"a": [1]}, form=form)


def as_form(form: Form) -> list[str]:
    return ["--new-bundle-format", "--trusted-root", "root.json"] if form == "bundle" else []


def test_we_add_to_what_cosign_signed_and_it_to_what_we_did(place: Place) -> None:
    image = place.image()
    name = reference(image)
    (ours, our_public), (theirs, their_public) = place.pair("ecdsa-p256"), place.pair("ecdsa-p384")
    good(place.cosign("sign", "-y", "--key", theirs, "--tlog-upload=false", *PLAIN, image))
    signing.sign(place.client, name, name.digest or "", read_private(ours.read_bytes(), "", lambda: SECRET))
    third, third_public = place.pair("ed25519")
    good(place.cosign("sign", "-y", "--key", third, "--tlog-upload=false", *PLAIN, image))
    for public in (our_public, their_public, third_public):
        good(place.cosign("verify", "--key", public, *UNLOGGED, image))
        assert place.verdict(image, public).state == "trusted"


def test_both_refuse_a_key_that_did_not_sign_and_an_image_that_nobody_did(place: Place) -> None:
    private, _ = place.pair("ecdsa-p256")
    _, other = place.pair("ed25519")
    image = place.image()
    assert place.cosign("verify", "--key", other, *UNLOGGED, image).returncode != 0
    assert place.verdict(image, other).check == "unsigned"
    good(place.cosign("sign", "-y", "--key", private, "--tlog-upload=false", *PLAIN, image))
    assert place.cosign("verify", "--key", other, *UNLOGGED, image).returncode != 0
    assert place.verdict(image, other).check == "signature"


# Keys.


def test_a_key_pair_of_cosigns_is_ours_too(place: Place) -> None:
    good(place.cosign("generate-key-pair", "--output-key-prefix", "theirs"))
    key = read_private((place.folder / "theirs.key").read_bytes(), "theirs.key", lambda: SECRET)
    assert key.public.der == read_public((place.folder / "theirs.pub").read_bytes(), "").der


@pytest.mark.parametrize("kind", KINDS)
def test_cosign_reads_our_key_files(place: Place, kind: Kind) -> None:
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


# Without keys: there is no Sigstore here but a made-up one, so both are shown what it made.


@pytest.mark.parametrize("form", ["tag", "bundle"])
@pytest.mark.parametrize(
    ("who", "good_for_both"), [("alice@example.org", True), ("mallory@example.org", False)], ids=["expected", "another"]
)
def test_both_judge_a_signature_without_a_key_alike(place: Place, form: Form, who: str, good_for_both: bool) -> None:  # noqa: FBT001  a row
    sigstore, image = Sigstore(), place.image()
    name = reference(image)
    if form == "bundle":
        body = json.dumps(sigstore.bundle(write_statement(name.digest or "", SIGNATURE, {}), who)).encode()
        subject = place.client.manifest(name).descriptor
        pushing.push_artifact(place.client, name, bundles.MEDIA_TYPE, [(body, bundles.MEDIA_TYPE, {})], subject=subject)
        words = ["verify-attestation", "--new-bundle-format", "--trusted-root", "made-up.json", "--type", SIGNATURE]
    else:
        body = simple.write_claims(image.partition("@")[0], name.digest or "", {})
        layer = (body, simple.MEDIA_TYPE, sigstore.annotations(body, body, who))
        pushing.push_artifact(place.client, name, "", [layer], tag=tag_of(name.digest or "", "sig"))
        words = ["verify"]
    expected = Expected(identities=(Identity("alice@example.org", ISSUER),), trusted_root=sigstore.root)
    ours = verify_cosign(place.client, name, name.digest or "", expected)
    (place.folder / "made-up.json").write_bytes(sigstore.root)

    def pem(file: str, raw: bytes) -> str:
        (place.folder / file).write_bytes(raw)
        return str(place.folder / file)

    def public(key: ec.EllipticCurvePrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    told = place.cosign(
        *words,
        *PLAIN,
        "--certificate-identity",
        "alice@example.org",
        "--certificate-oidc-issuer",
        ISSUER,
        image,
        # cosign 2 fetches these beside the trusted root, unless it is given them.
        SIGSTORE_ROOT_FILE=pem("authority.pem", sigstore.authority.public_bytes(Encoding.PEM)),
        SIGSTORE_REKOR_PUBLIC_KEY=pem("log.pem", public(sigstore.log_key)),
        SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=pem("ct.pem", public(sigstore.certificates_key)),
    )
    assert "no such host" not in told.stderr
    assert (ours.state == "trusted", told.returncode == 0) == (good_for_both, good_for_both), told.stderr
