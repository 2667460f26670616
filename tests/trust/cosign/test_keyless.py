"""Signatures without keys, against a made-up Sigstore: who is expected counts, and every proof is wanted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sealock.errors import TargetError
from sealock.trust.cosign.attachments import ENVELOPE_TYPE
from sealock.trust.cosign.promises import issuer_of
from sealock.trust.cosign.requirements import SignerIdentity
from sealock.trust.cosign.simple import SIGNATURE as ANNOTATION
from sealock.trust.cosign.trustedroot import Authority, read_trusted_root
from sealock.trust.cosign.verifier import most_pairs
from sealock.trust.dsse import IN_TOTO, pae, write_envelope
from sealock.trust.intoto import SIGNATURE
from sealock.trust.wire import encoded
from support.cosignworld import PROVENANCE, World, world
from support.sigstoreworld import ISSUER, SIGNED, Sigstore

ALICE = SignerIdentity("alice@example.org", ISSUER)
BUILD = "https://ci.example/org/repo/.ci/build.yml@refs/heads/main"
TRUSTED = Sigstore()
OTHER = Sigstore()
Table = dict[str, Any]


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def attach(here: World, table: Table) -> None:
    here.refer(here.bundled(json.dumps(table).encode()))


def result(here: World, *identities: SignerIdentity, **more: Any) -> Any:
    expected = {"keys": (), "identities": identities or (ALICE,), "trusted_root": TRUSTED.root, **more}
    return here.verify(**expected)


def test_a_person_who_is_expected_is_trusted(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(), "alice@example.org"))
    found = result(here)
    assert found.state == "trusted", found.why
    signer = found.signers[0]
    assert (signer.name, signer.issuer, signer.signed) == ("alice@example.org", ISSUER, SIGNED)


def test_a_workflow_fits_a_pattern(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(), BUILD))
    assert result(here, SignerIdentity("https://ci.example/org/*", ISSUER)).state == "trusted"
    assert result(here, SignerIdentity("https://ci.example/other/*", ISSUER)).check == "identity"


def test_an_attestation_without_a_key_is_found(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(PROVENANCE), BUILD))
    found = here.attested(PROVENANCE, keys=(), identities=(SignerIdentity(BUILD, ISSUER),), trusted_root=TRUSTED.root)
    assert found.state == "trusted", found.why
    assert found.attestations[0].signer.name == BUILD
    assert result(here, SignerIdentity(BUILD, ISSUER)).check == "type"


def test_a_key_and_an_identity_are_two_signers(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(), "alice@example.org"))
    here.sign()
    assert result(here, keys=(here.key.public,), threshold=2).state == "trusted"


def test_two_workflows_that_fit_one_pattern_are_one_signer_of_two_that_are_wanted(here: World) -> None:
    ours = SignerIdentity("https://ci.example/org/*", ISSUER)
    attach(here, TRUSTED.bundle(here.statement(), BUILD))
    attach(here, TRUSTED.bundle(here.statement(), BUILD.replace("build", "test")))
    assert result(here, ours, ALICE, threshold=2).check == "threshold"
    attach(here, TRUSTED.bundle(here.statement(), ALICE.subject))
    assert result(here, ours, ALICE, threshold=2).state == "trusted"


@pytest.mark.parametrize("backwards", [False, True], ids=["the pattern first", "the name first"])
@pytest.mark.parametrize("alice_first", [True, False], ids=["alice signs first", "bob signs first"])
def test_a_threshold_depends_on_no_order(here: World, *, backwards: bool, alice_first: bool) -> None:
    signed_by = ["alice@example.org", "bob@example.org"]
    for subject in signed_by if alice_first else signed_by[::-1]:
        attach(here, TRUSTED.bundle(here.statement(), subject))
    identities = [SignerIdentity("*@example.org", ALICE.issuer), ALICE]
    assert result(here, *(identities[::-1] if backwards else identities), threshold=2).state == "trusted"


@pytest.mark.parametrize(
    ("fitting", "pairs"),
    [
        pytest.param([], 0, id="no signer"),
        pytest.param([[0], [0]], 1, id="two signers of one identity"),
        pytest.param([[0, 1], [0]], 2, id="the first makes room for the second"),
        pytest.param([[0], [0, 1]], 2, id="the same the other way round"),
        pytest.param([[0, 1], [1, 2], [0], [0]], 3, id="three identities and four signers"),
        pytest.param([[], [1]], 1, id="a signer that fits no identity"),
    ],
)
def test_each_identity_counts_with_a_signer_of_its_own(fitting: list[list[int]], pairs: int) -> None:
    assert most_pairs(fitting) == pairs


def edited(table: Table, *path: Any, value: Any) -> Table:
    at: Any = table
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return table


ENTRY = ("verificationMaterial", "tlogEntries", 0)


def told(here: World, **how: Any) -> Table:
    return TRUSTED.bundle(here.statement(), "alice@example.org", **how)


def moved_entry(here: World) -> Table:
    """The log's entry of another signature by the same person."""
    return edited(told(here), *ENTRY, value=told(here)["verificationMaterial"]["tlogEntries"][0])


def swapped_payload(here: World) -> Table:
    other = here.statement(annotations={"a": "b"})
    return edited(told(here), "dsseEnvelope", "payload", value=encoded(other))


def swapped_certificate(here: World) -> Table:
    """Alice's certificate beside a signature of somebody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    return told(here, certificate=TRUSTED.certify(key, "alice@example.org"))


def self_made(here: World) -> Table:
    return edited(
        told(here),
        "verificationMaterial",
        "certificate",
        value={"rawBytes": encoded(OTHER.authority.public_bytes(Encoding.DER))},
    )


def without_entry(here: World) -> Table:
    return edited(told(here), "verificationMaterial", "tlogEntries", value=[])


def without_promise(here: World) -> Table:
    table = told(here)
    del table["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    return table


REFUSED: list[tuple[str, Callable[[World], Table], str]] = [
    ("somebody else", lambda here: TRUSTED.bundle(here.statement(), "mallory@example.org"), "identity"),
    ("the same name by another issuer", lambda here: TRUSTED.bundle(here.statement(), "alice@example.org", "https://evil.example"), "identity"),
    ("the name as a URI", lambda here: TRUSTED.bundle(here.statement(), "https://alice@example.org"), "identity"),
    ("another authority and other logs", lambda here: OTHER.bundle(here.statement(), "alice@example.org"), "signature"),
    ("a certificate that was not logged", lambda here: told(here, logged_by=OTHER.certificates_key), "signature"),
    ("signed after the certificate ended", lambda here: told(here, certified_at=SIGNED - timedelta(hours=1)), "signature"),
    ("signed before the certificate began", lambda here: told(here, certified_at=SIGNED + timedelta(hours=1)), "signature"),
    ("signed by another key than the certificate's", swapped_certificate, "signature"),
    ("the authority's own certificate", self_made, "signature"),
    ("another payload", swapped_payload, "signature"),
    ("a log entry of another payload", lambda here: told(here, logged=b"other"), "signature"),
    ("a log entry of another signature", moved_entry, "signature"),
    ("no log entry", without_entry, "signature"),
    ("no promise", without_promise, "signature"),
    ("another time than was promised", lambda here: edited(told(here), *ENTRY, "integratedTime", value=str(int(SIGNED.timestamp()) + 1)), "signature"),
    ("another root than was proven", lambda here: edited(told(here), *ENTRY, "inclusionProof", "rootHash", value=encoded(b"x" * 32)), "signature"),
    ("a proof of another size", lambda here: edited(told(here), *ENTRY, "inclusionProof", "hashes", value=[]), "signature"),
    ("a checkpoint of another log", lambda here: edited(told(here), *ENTRY, "inclusionProof", "checkpoint", value={"envelope": OTHER.bundle(here.statement(), "alice@example.org")["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]}), "signature"),
    ("a checkpoint that is none", lambda here: edited(told(here), *ENTRY, "inclusionProof", "checkpoint", value={"envelope": "x"}), "signature"),
    ("a certificate that is none", lambda here: edited(told(here), "verificationMaterial", "certificate", value={"rawBytes": "AAAA"}), "signature"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "check"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_is_not_trusted(here: World, make: Callable[[World], Table], check: str) -> None:
    attach(here, make(here))
    found = result(here)
    assert (found.state, found.check) == ("untrusted", check), found
    assert "it claims to be by" in found.why or "not expected" in found.why


def test_a_bundle_of_another_image_is_not_trusted(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(digest="sha256:" + "0" * 64), "alice@example.org"))
    assert result(here).check == "digest"


# Under cosign's tags, as cosign 2 leaves them.


def put(
    here: World, payload: bytes = b"", subject: str = "alice@example.org", sigstore: Sigstore = TRUSTED, **how: Any
) -> None:
    payload = payload or here.claims()
    here.put(here.layer(how.pop("shown", payload), annotations=sigstore.annotations(payload, payload, subject, **how)))


def test_a_signature_under_the_tag_is_trusted(here: World) -> None:
    put(here)
    found = result(here)
    assert found.state == "trusted", found.why
    assert [(signer.name, signer.issuer, signer.signed) for signer in found.signers] == [
        ("alice@example.org", ISSUER, SIGNED)
    ]


LOGGED = ["dsse", "intoto 0.0.1", "intoto 0.0.2"]


def put_attestation(here: World, kind: str, **how: Any) -> None:
    payload = here.statement(PROVENANCE)
    bodies: list[bytes] = []

    def layer(signature: bytes) -> bytes:
        bodies.append(write_envelope(payload, signature))
        return bodies[0]

    annotations = TRUSTED.annotations(pae(IN_TOTO, payload), payload, BUILD, kind=kind, layer=layer, **how)
    here.put(here.layer(bodies[0], ENVELOPE_TYPE, annotations | {ANNOTATION: ""}), suffix="att")


@pytest.mark.parametrize("kind", LOGGED)
def test_an_attestation_under_the_tag_is_found(here: World, kind: str) -> None:
    put_attestation(here, kind)
    found = here.attested(PROVENANCE, keys=(), identities=(SignerIdentity(BUILD, ISSUER),), trusted_root=TRUSTED.root)
    assert found.state == "trusted", found.why
    assert found.attestations[0].signer.name == BUILD
    assert "promise" in found.notes[0]


@pytest.mark.parametrize("kind", LOGGED)
@pytest.mark.parametrize(
    "how",
    [
        {"logged": b"other"},
        {"key": ec.generate_private_key(ec.SECP256R1()), "certificate": TRUSTED.certify(ec.generate_private_key(ec.SECP256R1()), BUILD)},
        {"promised_by": OTHER.log_key},
    ],
    ids=["of another payload", "by another key", "promised by another log"],
)  # fmt: skip
def test_an_attestation_that_is_not_proven_does_not_count(here: World, kind: str, how: dict[str, Any]) -> None:
    put_attestation(here, kind, **how)
    found = here.attested(PROVENANCE, keys=(), identities=(SignerIdentity(BUILD, ISSUER),), trusted_root=TRUSTED.root)
    assert (found.state, found.check) == ("untrusted", "signature")


UNDER_TAG: list[tuple[str, dict[str, Any], str]] = [
    ("somebody else", {"subject": "mallory@example.org"}, "who is not expected"),
    ("another issuer", {"issuer": "https://evil.example"}, "who is not expected"),
    ("another authority and other logs", {"sigstore": OTHER}, "not by a trusted log"),
    ("another log of signatures", {"promised_by": OTHER.log_key}, "not by a trusted log"),
    ("another log of certificates", {"logged_by": OTHER.certificates_key}, "no trusted certificate transparency log"),
    ("another authority", {"certificate": OTHER.certify(ec.generate_private_key(ec.SECP256R1()), "alice@example.org")}, "no trusted authority issued it"),
    ("the authority itself", {"certificate": TRUSTED.authority}, "its certificate cannot be used"),
    ("another key than the certificate's", {"certificate": TRUSTED.certify(ec.generate_private_key(ec.SECP256R1()), "alice@example.org")}, "not made by the certificate's key"),
    ("signed after the certificate ended", {"certified_at": SIGNED - timedelta(hours=1)}, "was not valid at"),
    ("signed before the certificate began", {"certified_at": SIGNED + timedelta(hours=1)}, "was not valid at"),
    ("an entry about another payload", {"logged": b"other"}, "for another signature"),
    ("an entry for another signature", {"logged_signature": b"other"}, "for another signature"),
    ("an entry of an unknown kind", {"kind": "alien"}, "unknown kind"),
    ("another time than was promised", {"promise": {"integratedTime": int(SIGNED.timestamp()) + 1}}, "not by a trusted log"),
    ("a time that cannot be", {"promise": {"integratedTime": 10**15}}, "Payload.integratedTime"),
    ("no time", {"promise": {"integratedTime": True}}, "Payload.integratedTime"),
    ("an entry that is none", {"promise": {"body": "%"}}, "not by a trusted log"),
    ("another payload than was signed", {"shown": b"{}"}, "not made by the certificate's key"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "words"), [row[1:] for row in UNDER_TAG], ids=[row[0] for row in UNDER_TAG])
def test_under_the_tag_it_is_not_trusted(here: World, how: dict[str, Any], words: str) -> None:
    put(here, **how)
    found = result(here)
    assert found.state == "untrusted"
    assert found.check in {"signature", "identity", "malformed"}
    assert words in found.why


@pytest.mark.parametrize(
    "promise", ["", "nonsense", "{}", '{"SignedEntryTimestamp":"AA==","Payload":[]}', "x" * 100_000]
)
def test_what_is_no_promise_proves_nothing(here: World, promise: str) -> None:
    payload = here.claims()
    annotations = TRUSTED.annotations(payload, payload, "alice@example.org")
    here.put(here.layer(payload, annotations=annotations | {"dev.sigstore.cosign/bundle": promise}))
    found = result(here)
    assert (found.state, found.check) == ("untrusted", "signature")


@pytest.mark.parametrize(
    "certificate", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x" * 100_000]
)
def test_what_is_no_certificate_proves_nothing(here: World, certificate: str) -> None:
    payload = here.claims()
    annotations = TRUSTED.annotations(payload, payload, "alice@example.org")
    here.put(here.layer(payload, annotations=annotations | {"dev.sigstore.cosign/certificate": certificate}))
    found = result(here)
    assert (found.state, found.check) == ("untrusted", "signature")


def test_under_the_tag_a_key_still_counts_beside_a_certificate(here: World) -> None:
    layer = here.signed_layer(here.claims())
    strange = TRUSTED.annotations(b"x", b"x", "mallory@example.org")
    here.put(layer | {"annotations": strange | layer["annotations"]})
    assert result(here, keys=(here.key.public,)).state == "trusted"


def test_of_another_image_nothing_under_the_tag_counts(here: World) -> None:
    put(here, here.claims(digest="sha256:" + "0" * 64))
    assert result(here).check == "digest"


@pytest.mark.parametrize("under_tag", [True, False], ids=["under the tag", "a bundle"])
@pytest.mark.parametrize("where", ["tlogs", "ctlogs", "certificateAuthorities"])
@pytest.mark.parametrize(
    "span",
    [{"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}, {"start": "2099-01-01T00:00:00Z"}],
    ids=["no longer", "not yet"],
)
def test_what_does_not_count_at_the_time_of_signing_proves_nothing(
    here: World,
    under_tag: bool,  # noqa: FBT001  a row
    where: str,
    span: dict[str, str],
) -> None:
    root = json.loads(TRUSTED.root)
    one = root[where][0]
    (one if where == "certificateAuthorities" else one["publicKey"])["validFor"] = span
    if under_tag:
        put(here)
    else:
        attach(here, told(here))
    assert result(here).state == "trusted"
    # The library takes no root without an authority that has begun: then nothing can be told.
    taken = under_tag or where != "certificateAuthorities" or "end" in span
    found = result(here, trusted_root=json.dumps(root).encode())
    assert found.state == ("untrusted" if taken else "unknown"), found


def test_where_the_library_is_missing_nothing_can_be_told_and_keys_still_count(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(here, told(here))
    monkeypatch.setitem(sys.modules, "sigstore.models", None)
    found = result(here)
    assert found.state == "unknown"
    assert "install sealock[keyless]" in found.why
    here.sign(form="bundle")
    assert result(here, keys=(here.key.public,)).state == "trusted"


def test_who_trusts_a_key_hears_who_signed_without_one(here: World) -> None:
    attach(here, TRUSTED.bundle(here.statement(), "alice@example.org"))
    found = here.verify()
    assert found.state == "untrusted"
    assert f"alice@example.org ({ISSUER}) on {SIGNED:%Y-%m-%d}, which was not verified" in found.why


@pytest.mark.parametrize("root", [b"nonsense", b"{}", b"[]", b'{"mediaType":"x"}', b'{"a":1,"a":2}', b"{" * 100_000])
def test_a_trusted_root_that_is_none_is_told(here: World, root: bytes) -> None:
    attach(here, TRUSTED.bundle(here.statement(SIGNATURE), "alice@example.org"))
    with pytest.raises(TargetError, match="trusted root cannot be used"):
        result(here, trusted_root=root)


def test_sigstores_own_roots_are_read_in_full() -> None:
    """As the library brings them: of the public Sigstore and of its trial ground."""
    store = Path(str(resources.files("sigstore"))) / "_store"
    found = list(store.rglob("trusted_root.json"))
    assert len(found) == 2
    for path in found:
        table, root = json.loads(path.read_bytes()), read_trusted_root(path.read_bytes())
        for mine, theirs in ((root.logs, table["tlogs"]), (root.certificate_logs, table["ctlogs"])):
            assert [encoded(one.id) for one in mine] == [their["logId"]["keyId"] for their in theirs]
        assert len(root.authorities) == len(table["certificateAuthorities"])
        for authority in root.authorities:
            chain = [x509.load_der_x509_certificate(one) for one in authority.chain]
            for below, one in enumerate(chain[:-1]):
                upper = Authority(authority.chain[below + 1 :], authority.span)
                assert issuer_of(upper, one, one.not_valid_before_utc + timedelta(days=1)) is not None
