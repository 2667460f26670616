"""What of cosign's signatures cannot be read, added or compared is an error, or no signature that was there before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sealock.errors import SigningError, TargetError, TransportError
from sealock.net.registry.requests import RegistryError
from sealock.trust.cosign import privatekeys, signer
from sealock.trust.cosign.attachments import tag_of
from sealock.trust.cosign.claimedsigners import _key, moment
from sealock.trust.cosign.privatekeys import generate, read_private, write_private
from sealock.trust.cosign.signer import attest
from sealock.trust.dsse import read_envelope
from sealock.trust.refusal import SignatureRefusedError
from support.cosignworld import NOW, World, stretched_cheaply, world
from support.simulators.registry import Reply


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


class Nonsense:
    """A key whose file holds something else."""

    def pkcs8(self) -> bytes:
        return b"nonsense"


def test_a_key_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privatekeys, "_stretched", stretched_cheaply)
    with pytest.raises(TargetError, match=r"x\.key has a key that cannot be read"):
        read_private(write_private(Nonsense(), "word"), "x.key", lambda: "word")  # type: ignore[arg-type]  # no key
    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    unknown = der.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
    assert unknown != der
    for raw, words in ((unknown, "has a key that cannot be read"), (b"0", "has a key that cannot be read")):
        with pytest.raises(TargetError, match=rf"x\.key {words}"):
            read_private(pem(raw), "x.key", lambda: "word")
    with pytest.raises(SigningError, match=r"x\.key cannot be read, or its passphrase is wrong"):
        read_private(pem(b"0", "ENCRYPTED PRIVATE KEY"), "x.key", lambda: "word")


def pem(raw: bytes, label: str = "PRIVATE KEY") -> bytes:
    from base64 import encodebytes  # noqa: PLC0415  only here

    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), encodebytes(raw), label.encode())


HINTS = {"%%%": "", "AAAA": "", "q" * 43 + "=": "aaaaaaaaaaaa", "q" * 44: ""}


@pytest.mark.parametrize(("hint", "short"), list(HINTS.items()))
def test_a_hint_is_a_key_s_id_or_nothing(hint: str, short: str) -> None:
    assert _key(hint) == short


@pytest.mark.parametrize(
    ("text", "when"),
    [("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)), ("2026-01-02T03:04:05", None), ("x", None)],
    ids=["a time", "a time of no zone", "no time"],
)
def test_a_time_has_a_zone(text: str, when: datetime | None) -> None:
    assert moment(text) == when


def test_the_type_of_a_payload_is_a_line() -> None:
    table: dict[str, Any] = {"payloadType": "a/b", "payload": "", "signatures": [{"sig": ""}]}
    assert read_envelope(table, "it").payload_type == "a/b"
    for change, words in (
        ({"payloadType": "a\n"}, "payloadType is not a media type"),
        ({"signatures": []}, "no signature"),
    ):
        with pytest.raises(SignatureRefusedError, match=words):
            read_envelope(table | change, "it")


# Signing again.


def test_a_tag_of_signatures_has_at_most_so_many(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signer, "MOST_ENTRIES", 2)
    assert [here.sign(key).already for key in (here.key, here.stranger, here.key)] == [False, False, True]
    with pytest.raises(TransportError, match=r"\.sig has 2 layers, the maximum"):
        here.sign(generate())


def test_a_registry_that_cannot_say_which_signatures_there_are_gets_none(here: World) -> None:
    here.server.answers = lambda asked: Reply(500) if asked.path.endswith(".sig") else None
    with pytest.raises(RegistryError):
        here.sign()


def beside(here: World) -> dict[str, Callable[[], object]]:
    """What may be beside an image where its signature would be."""
    statement = here.statement()
    return {
        "a bundle of two layers": lambda: here.refer(*[here.bundled(here.bundle(statement))] * 2),
        "what is no bundle": lambda: here.refer(here.bundled(b"{")),
        "a bundle by another key": lambda: here.refer(here.bundled(here.bundle(statement, here.stranger))),
        "a bundle of another statement": lambda: here.refer(here.bundled(here.bundle(here.statement("https://x.example/y")))),
        "a bundle of no statement": lambda: here.refer(here.bundled(here.bundle(b"{}"))),
    }  # fmt: skip


def test_only_the_same_bundle_by_the_same_key_was_there_before() -> None:
    with world() as first:
        names = list(beside(first))
    for name in names:
        with world() as here:
            beside(here)[name]()
            assert not here.sign(form="bundle").already, name
            assert here.sign(form="bundle").already, name


def layers(here: World) -> dict[str, dict[str, Any]]:
    """What may stand under the tag of an image's signatures."""
    claims = here.claims()
    return {
        "a layer of another type": here.layer(claims, "text/plain", {"dev.cosignproject.cosign/signature": "AAAA"}),
        "a signature by another key": here.signed_layer(claims, here.stranger),
        "claims of another image": here.signed_layer(here.claims(digest=f"sha256:{'0' * 64}")),
        "claims of another repository": here.signed_layer(here.claims(repository="x.example/y")),
        "claims with an annotation": here.signed_layer(here.claims(team="web")),
        "no claims": here.signed_layer(b"{}"),
        "no signature": here.layer(claims),
    }


def test_only_the_same_claims_by_the_same_key_were_there_before() -> None:
    with world() as first:
        names = list(layers(first))
    for name in names:
        with world() as here:
            here.put(layers(here)[name])
            assert not here.sign().already, name
            assert here.sign().already, name
            assert here.verify().state == "trusted", name


def test_an_index_under_the_tag_of_signatures_is_not_replaced(here: World) -> None:
    here.sign()
    tag = tag_of(here.digest, "sig")
    index: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    }
    here.server.add_manifest("app", index, tag, kind=index["mediaType"])
    with pytest.raises(TransportError, match=r"is an index, not a manifest of signatures\. It was not changed"):
        here.sign(here.stranger)
    made = attest(
        here.client, here.name(), here.digest, here.key, predicate_type="https://x.example/y", predicate={}, now=NOW
    )
    assert made.digest
