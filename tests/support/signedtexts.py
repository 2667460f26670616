"""Readers of texts that this file signs before they are verified, so that each check behind the signature is reached.

A text stands for what a signer says, with words like @DIGEST for what is made when the tests run; a reader gives the
result of its verification.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.trust.cosign import bundles
from sealock.trust.cosign.attachments import Attachment
from sealock.trust.cosign.privatekeys import generate
from sealock.trust.cosign.promises import Unproven, check_promise
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.simple import SIGNATURE
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.cosign.verifier import AttachmentVerification
from sealock.trust.dsse import IN_TOTO, pae
from sealock.trust.notary.metadata import NotaryKey, key_id, key_json
from sealock.trust.notary.privatekeys import NotaryPrivateKey
from sealock.trust.notary.privatekeys import generate as generate_notary
from sealock.trust.notary.signer import certify, meta_of
from sealock.trust.notary.trusted import TrustedMetadata
from sealock.trust.notation import algorithms
from sealock.trust.notation.envelope import JWS, Target
from sealock.trust.notation.jws import read as read_jws
from sealock.trust.notation.requirements import Anchor, NotationRequirements
from sealock.trust.notation.verifier import _Verification
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError, SignatureRefusedError
from sealock.trust.wire import encoded
from support.notationworld import NOW, Holder, packed, spelled
from support.sigstoreworld import SIGNED, Sigstore, b64, sign, spki
from support.simulators.notary import said, signed

DIGEST: Final = f"sha256:{'ab' * 32}"
_NAME: Final = ImageName("registry.example", "app", "1")
_ID: Final = re.compile(r"[0-9a-f]{12,}")


def _result(result: TrustResult) -> list[str]:
    """A result; what is random in it gives way to its kind."""
    lines = [f"{result.state} {result.check} {_ID.sub('ID', result.why)}".rstrip()]
    lines += [f"signer {signer.name or 'key'} {signer.issuer} {signer.signed}" for signer in result.signers]
    lines += [f"attestation {each.predicate_type} {each.predicate}" for each in result.attestations]
    return [*lines, *(f"note {note}" for note in result.notes)]


# cosign.


@cache
def _key() -> Any:
    return generate()


@cache
def _sigstore() -> Sigstore:
    return Sigstore()


def _verified(kind: Any, body: bytes, annotations: dict[str, str], **more: Any) -> list[str]:
    """An attachment, verified as a signature and as an attestation."""
    lines: list[str] = []
    for predicate_type, what in (("", "signature"), ("", "attestation"), ("p", "attestation")):
        expected = CosignRequirements(keys=(_key().public,), **more)
        verification = AttachmentVerification(_NAME, DIGEST, expected, predicate_type)
        method = verification.signature if what == "signature" else verification.attestation
        verification.take(Attachment(kind, "it", body, annotations), method)
        lines += [f"as {what} {predicate_type}:", *_result(verification.result(what))]
        lines += [f"attests {each.predicate_type} {each.predicate}" for each in verification.attestations]
    return lines


def signed_claims(text: str) -> list[str]:
    """The payload of a signature under a tag, signed; its `a` must be `b`."""
    payload = text.replace("@DIGEST", DIGEST).encode()
    verification = AttachmentVerification(
        _NAME, DIGEST, CosignRequirements(keys=(_key().public,), annotations={"a": "b"}, named_only=True)
    )
    annotations = {SIGNATURE: encoded(_key().sign(payload))}
    verification.take(Attachment("simple", "it", payload, annotations), verification.signature)
    return _result(verification.result("signature"))


def signed_statements(text: str) -> list[str]:
    """A statement, signed, in a bundle."""
    payload = text.replace("@DIGEST", DIGEST.removeprefix("sha256:")).encode()
    bundle = bundles.write_bundle(payload, _key().sign(pae(IN_TOTO, payload)), _key().public)
    return _verified("bundle", bundle, {})


def enveloped_statements(text: str) -> list[str]:
    """An envelope under a tag, around a signed statement; `statement` is what it says."""
    table = json.loads(text)
    payload = json.dumps(table.pop("statement", None)).replace("@DIGEST", DIGEST.removeprefix("sha256:")).encode()
    made = encoded(_key().sign(pae(IN_TOTO, payload)))
    return _verified("envelope", json.dumps(table).replace("@PAYLOAD", b64(payload)).replace("@SIG", made).encode(), {})


_PAYLOAD: Final = b'{"a": "payload"}'


@cache
def _signer() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _signature() -> tuple[bytes, str]:
    """A signature of the payload, and the certificate of its key."""
    certificate = _sigstore().certify(_signer(), "alice@example.org")
    return sign(_signer(), _PAYLOAD), certificate.public_bytes(Encoding.PEM).decode()


def promised_entries(text: str) -> list[str]:
    """An entry of a log with the log's promise, both by the log's key."""
    signature, pem = _signature()
    words = {
        "@HASH": sha256(_PAYLOAD).hexdigest(),
        "@LAYER": sha256(_PAYLOAD + b"\n").hexdigest(),
        "@SIG": b64(signature),
        "@TWICE": b64(b64(signature).encode()),
        "@PEM": b64(pem.encode()),
        "@LOG": sha256(spki(_sigstore().log_key)).hexdigest(),
    }
    text = text.replace('"@TIME"', str(int(SIGNED.timestamp())))
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    table = json.loads(text)
    body = b64(_canonical(table.get("entry")))
    promised = table.get("promise")
    payload = {"body": body, **promised} if isinstance(promised, dict) else promised
    stamp = b64(sign(_sigstore().log_key, _canonical(payload)))
    promise = json.dumps({"SignedEntryTimestamp": stamp, "Payload": payload})
    unproven = Unproven(signature, _PAYLOAD, _PAYLOAD, _PAYLOAD + b"\n", pem, promise)
    return _promised(_sigstore().root, unproven)


def roots_of_promises(text: str) -> list[str]:
    """A trusted root, for one good promise."""
    root = json.loads(_sigstore().root)
    signature, pem = _signature()
    words = {
        "@LOG": root["tlogs"][0]["publicKey"]["rawBytes"],
        "@LOG-ID": root["tlogs"][0]["logId"]["keyId"],
        "@CT": root["ctlogs"][0]["publicKey"]["rawBytes"],
        "@CT-ID": root["ctlogs"][0]["logId"]["keyId"],
        "@CA": root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"],
        "@BEFORE": f"{SIGNED - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "@AT": f"{SIGNED:%Y-%m-%dT%H:%M:%SZ}",
        "@AFTER": f"{SIGNED + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
    }
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, words[word])
    annotations = _good_promise(signature, pem)
    return _promised(text.encode(), Unproven(signature, _PAYLOAD, _PAYLOAD, _PAYLOAD, pem, annotations))


@cache
def _good_promise(signature: bytes, pem: str) -> str:
    spec = {
        "data": {"hash": {"algorithm": "sha256", "value": sha256(_PAYLOAD).hexdigest()}},
        "signature": {"content": b64(signature), "publicKey": {"content": b64(pem.encode())}},
    }
    body = b64(_canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}))
    log_id = sha256(spki(_sigstore().log_key)).hexdigest()
    payload = {"body": body, "integratedTime": int(SIGNED.timestamp()), "logIndex": 1, "logID": log_id}
    stamp = b64(sign(_sigstore().log_key, _canonical(payload)))
    return json.dumps({"SignedEntryTimestamp": stamp, "Payload": payload})


def _promised(root: bytes, unproven: Unproven) -> list[str]:
    proven = check_promise(read_trusted_root(root), unproven)
    return ["proven", "at another time" if proven.signed != SIGNED else "at the promised time"]


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# Notation.


@cache
def _holders() -> tuple[Holder, Holder]:
    """An authority, and a signer that it certifies."""
    authority = Holder("root", authority=True)
    return authority, Holder("signer", authority)


_LEVELS: Final[dict[str, dict[str, Any]]] = {
    "strict": {},
    "audit": {"authenticity": "log", "expiry": "log", "authenticTimestamp": "log", "revocation": "skip"},
}


def notation_envelopes(text: str) -> list[str]:
    """An envelope: its protected header `head`, its payload `payload`, its header `header`; `by` may be a stranger."""
    table = json.loads(text)
    authority, signer = _holders()
    maker = signer if table.get("by") != "stranger" else Holder("signer", Holder("root", authority=True))
    level = table.get("level")
    words = {"@NOW": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "@DIGEST": DIGEST}
    head, payload, header = (_filled(table.get(part), words) for part in ("head", "payload", "header"))
    protected, body = packed(json.dumps(head).encode()), packed(json.dumps(payload).encode())
    signature = packed(
        algorithms.made(maker.key, algorithms.algorithm_of(maker.key.public_key()), f"{protected}.{body}".encode())
    )
    if isinstance(header, dict) and header.get("x5c") == "@CHAIN":
        header["x5c"] = spelled(maker.chain)
    raw = json.dumps({"payload": body, "protected": protected, "header": header, "signature": signature}).encode()
    expected = NotationRequirements(
        (Anchor(authority.der, table.get("trusts", "ca")),), annotations={"a": "b"}, actions=_LEVELS.get(str(level), {})
    )
    lines = [f"agent {read_jws(raw).agent}"]
    verification: Any = _Verification(None, _NAME, DIGEST, expected, NOW)  # type: ignore[arg-type]  # nothing is fetched
    verification.target = Target("application/vnd.oci.image.manifest.v1+json", DIGEST, 528)
    found = verification._try("it", raw, JWS)  # noqa: SLF001  the rest of a verification fetches
    lines += [f"signer {found.name} {found.issuer} {found.signed}"] if found is not None else []
    lines += [f"refused {error.check}: {error}" for _, error in verification.refused]
    lines += [f"unknown {why}" for _, why in verification.unknown]
    lines += [f"logged {verification.logged}", *verification.notes]
    return lines


def _filled(value: Any, words: dict[str, str]) -> Any:
    text = json.dumps(value)
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return json.loads(text)


# Notary.

_GUN: Final = "registry.example/app"
_AT: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)


@cache
def _notary_keys() -> dict[str, tuple[str, NotaryPrivateKey, NotaryKey]]:
    """A key for each role: its id, both halves, and what the root says of it."""
    made: dict[str, tuple[str, NotaryPrivateKey, NotaryKey]] = {}
    for role in ("root", "targets", "snapshot", "timestamp", "releases", "other"):
        key = generate_notary()
        public = certify(key, _GUN, _AT - timedelta(hours=1)) if role == "root" else key.public
        made[role] = (key_id(public), key, public)
    return made


def notary_repositories(text: str) -> list[str]:
    """What all roles of a repository say, each signed by its key, with the lengths and hashes that are true."""
    for role, (name, _, public) in _notary_keys().items():
        text = text.replace(f'"@KEY-{role}"', json.dumps(key_json(public))).replace(f"@ID-{role}", name)
    table = json.loads(text)
    raw: dict[str, bytes] = {}
    for role in ("targets", "targets/releases", "root", "snapshot", "timestamp"):
        content = table.get(role)
        meta: Any = content.get("meta") if isinstance(content, dict) else None
        for name, known in meta.items() if isinstance(meta, dict) else ():
            if known == "@" and name in raw:
                meta[name] = said(meta_of(raw[name]))
        by = role.rpartition("/")[2]
        raw[role] = signed(content, [_notary_keys()[by][:2]])
    trusted = TrustedMetadata(_GUN, Pin(), _AT, {"timestamp": 2, "snapshot": 2, "targets": 2})
    lines: list[str] = []
    for name, take in (
        ("root", lambda: trusted.load_first_root(raw["root"])),
        ("timestamp", lambda: trusted.update_timestamp(raw["timestamp"])),
        ("snapshot", lambda: trusted.update_snapshot(raw["snapshot"])),
        ("end of root", trusted.finish_root),
        ("targets", lambda: trusted.update_targets(raw["targets"])),
        ("releases", lambda: trusted.update_targets(raw["targets/releases"], "targets/releases")),
    ):
        try:
            take()
        except (MetadataRefusedError, SignatureRefusedError) as error:
            lines.append(f"{name}: {error.check} {_ID.sub('ID', str(error))}")
            if name in {"root", "timestamp", "snapshot"}:
                break
    roles = {role: (file.body.version, len(file.keys)) for role, file in trusted.roles.items()}
    return [*lines, f"{roles} {sorted(trusted.expired)} {trusted.rests_on}"]
