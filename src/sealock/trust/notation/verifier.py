"""Verifies Notation's signatures of an image.

The steps are those of the Notary Project's signature verification workflow: integrity, authenticity, expiry,
authentic timestamp, revocation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Manifest
from sealock.model.trust import Signer, TrustResult, TrustState
from sealock.net.registry.client import Registry
from sealock.net.registry.manifests import ManifestError
from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notation import algorithms, chain, cose, jws, revocation, timestamps
from sealock.trust.notation.envelope import (
    ARTIFACT_TYPE,
    COSE,
    JWS,
    MOST_BYTES,
    UNABLE,
    NotationEnvelope,
    Target,
    read_target,
)
from sealock.trust.notation.requirements import SCHEMES, NotationRequirements
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.relatives import verify_with_hint
from sealock.trust.unusable import NO_CERTIFICATE

_MOST_REFERRERS: Final = 256
_MOST_SIGNATURES: Final = 100
"""Notation's own limit."""
_LISTED: Final = 4
"""Refused signatures that a result lists."""
_LONGEST: Final = 120.0
"""Seconds after which the search ends, however slow a registry is."""
_CLOCK_SKEW: Final = timedelta(minutes=5)
_Step: TypeAlias = Callable[[NotationEnvelope, tuple[Certificate, ...]], None]


def verify_notation(
    registry: Registry, name: ImageName, digest: str, expected: NotationRequirements, now: datetime | None = None
) -> TrustResult:
    """Verify that a digest is signed as expected. UsageError where the requirements name no signer.

    The result is accepted, though untrusted, where the trust policy only logs what is wrong (level audit).
    """
    expected.check()
    when = now or datetime.now(UTC)
    return verify_with_hint(
        registry, name, digest, lambda image: _Verification(registry, name, image, expected, when).result()
    )


class _Verification:
    """Verifies the signatures of one digest, one at a time, until one counts."""

    def __init__(
        self, registry: Registry, name: ImageName, digest: str, expected: NotationRequirements, now: datetime
    ) -> None:
        self.registry, self.name, self.digest, self.expected, self.now = registry, name, digest, expected, now
        self.refused: list[tuple[str, SignatureRefusedError]] = []
        self.unknown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.logged: SignatureRefusedError | None = None
        self.target = Target("", digest, 0)

    def result(self) -> TrustResult:
        """Verify, and return the result."""
        try:
            image = self.registry.manifest(replace(self.name, tag=None, digest=self.digest))
            self.target = Target(image.media_type, image.digest, len(image.raw))
            for where, raw, media_type in self._signatures():
                with ignore_warnings():
                    signer = self._try(where, raw, media_type)
                if signer is not None:
                    return self._result("trusted", signers=(signer,))
        except TransportError as error:
            self.unknown.append(("the registry", str(error)))
        if self.logged is not None:
            return self._result("untrusted", self.logged.check, str(self.logged), accepted=True)
        if self.unknown:
            why = "; ".join(f"{where}: {why}" for where, why in self.unknown[:_LISTED])
            return self._result("unknown", "unavailable", why)
        return self._untrusted()

    # Finding signatures.

    def _signatures(self) -> Iterator[tuple[str, bytes, str]]:
        """Yield each signature's place, bytes and media type."""
        referrers = self.registry.referrers(self.name, self.digest)
        # The types in the list are unverified, so all are read; but likely ones come first.
        ordered = sorted(referrers, key=lambda each: (each.artifact_type != ARTIFACT_TYPE, bool(each.artifact_type)))
        count, begun, late = 0, monotonic(), False
        for descriptor in ordered[:_MOST_REFERRERS]:
            if late := monotonic() - begun > _LONGEST:
                break
            where = f"referrer {descriptor.digest[:19]}"
            try:
                layer = self._layer(descriptor)
                if layer is None:
                    continue
                count += 1
                if count > _MOST_SIGNATURES:
                    break
                yield where, self.registry.read_blob(self.name, layer, MOST_BYTES), layer.media_type
            except SignatureRefusedError as error:
                self.refused.append((where, error))
            except ManifestError as error:
                self.refused.append((where, SignatureRefusedError(check="malformed", why=str(error))))
            except TransportError as error:
                self.unknown.append((where, str(error)))
        if late or len(referrers) > _MOST_REFERRERS or count > _MOST_SIGNATURES:
            why = "the image has too many attachments, or the registry is too slow, so not all were read"
            self.unknown.append(("the rest", why))

    def _layer(self, descriptor: Descriptor) -> Descriptor | None:
        """Return the envelope of a referrer; None where it is not a Notation signature."""
        manifest = self.registry.manifest(replace(self.name, tag=None, digest=descriptor.digest)).noun
        if not isinstance(manifest, Manifest):
            return None
        if ARTIFACT_TYPE not in {manifest.artifact_type, manifest.config.media_type}:
            return None
        if manifest.subject is None or manifest.subject.digest != self.digest:
            raise SignatureRefusedError(check="digest", why="it refers to another image")
        if len(manifest.layers) != 1 or manifest.layers[0].media_type not in {JWS, COSE}:
            raise SignatureRefusedError(check="malformed", why=f"it does not have one envelope of {JWS} or {COSE}")
        if manifest.layers[0].size > MOST_BYTES:
            why = f"its envelope has {manifest.layers[0].size} bytes; the limit is {MOST_BYTES}"
            raise SignatureRefusedError(check="size", why=why)
        return manifest.layers[0]

    # Verifying one signature.

    def _try(self, where: str, raw: bytes, media_type: str) -> Signer | None:
        """Return the signer; None where the signature does not count, or is only accepted (`logged`)."""
        try:
            envelope = jws.read(raw) if media_type == JWS else cose.read(raw)
            certificates = chain.load(envelope.chain)
            self._integrity(envelope, certificates)
        except SignatureRefusedError as error:
            self.refused.append((where, error))
            return None
        logged: list[str] = []
        stranger: SignatureRefusedError | None = None
        try:
            for validation, step in (
                ("authenticity", self._authenticity),
                ("expiry", self._expiry),
                ("authenticTimestamp", self._time),
                ("revocation", self._revocation),
            ):
                fault = self._step(validation, step, envelope, certificates, logged)
                stranger = stranger or (fault if validation == "authenticity" else None)
        except SignatureRefusedError as error:
            if error.check == UNABLE:
                self.unknown.append((where, str(error)))
            else:
                self.refused.append((where, error))
            return None
        self.notes += [f"{where}: {note}" for note in logged]
        if stranger is not None:
            self.logged = self.logged or stranger
            return None
        leaf = certificates[0]
        signed = envelope.signed
        return Signer(_key_id(leaf), chain.name_of(leaf), chain.name_of(certificates[-1]), signed, where)

    def _step(
        self,
        validation: str,
        step: _Step,
        envelope: NotationEnvelope,
        certificates: tuple[Certificate, ...],
        logged: list[str],
    ) -> SignatureRefusedError | None:
        """Take a step, and enforce, log or skip it as the policy's level says; return the fault that is only logged."""
        action = self.expected.actions.get(validation, "enforce")
        if action == "skip":
            logged.append(f"{validation} was skipped (policy)")
            return None
        try:
            try:
                step(envelope, certificates)
            except NO_CERTIFICATE:
                why = "its certificates cannot be parsed"
                raise SignatureRefusedError(check="certificate", why=why) from None
        except SignatureRefusedError as error:
            if action != "log":
                raise
            logged.append(f"{error} (the policy only logs this)")
            return error
        return None

    def _integrity(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        key = chain.key_of(certificates[0])
        algorithm = algorithms.algorithm_of(key)
        if envelope.algorithm != algorithm:
            why = f"it claims the algorithm {envelope.algorithm[:40]!r}; the signer's key requires {algorithm}"
            raise SignatureRefusedError(check="algorithm", why=why)
        if not algorithms.verifies(key, algorithm, envelope.signature, envelope.signed_bytes):
            why = "it does not match its payload: one of the two was changed"
            raise SignatureRefusedError(check="signature", why=why)
        target = read_target(envelope.payload)
        if target.digest != self.digest:
            why = f"it was made for another image, {target.digest[:71]}"
            raise SignatureRefusedError(check="digest", why=why)
        if (target.media_type, target.size) != (self.target.media_type, self.target.size):
            why = f"it names {target.size} bytes of {target.media_type[:100]!r}, which the image's manifest is not"
            raise SignatureRefusedError(check="digest", why=why)
        for name, value in self.expected.annotations.items():
            if target.annotations.get(name) != value:
                actual = f"is {target.annotations[name][:100]!r}" if name in target.annotations else "is missing"
                why = f"its annotation {name[:100]} should be {value[:100]!r} and {actual}"
                raise SignatureRefusedError(check="annotation", why=why)

    def _authenticity(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        chain.check(certificates)
        kind = SCHEMES[envelope.scheme]
        who = chain.name_of(certificates[0])
        trusted = {anchor.der for anchor in self.expected.anchors if anchor.kind == kind}
        if not trusted & set(envelope.chain):
            role = " as a signing authority" if kind == "signingAuthority" else ""
            why = f"it is by {who}, whom no certificate that you trust{role} certifies"
            raise SignatureRefusedError(check="authority", why=why)
        if self.expected.identities and not any(
            identity.fits(certificates[0].subject) for identity in self.expected.identities
        ):
            why = f"it is by {who}, who is not among the identities that you trust"
            raise SignatureRefusedError(check="identity", why=why)

    def _expiry(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        del certificates
        if envelope.expiry is not None and self.now >= envelope.expiry:
            why = f"it expired on {envelope.expiry:%Y-%m-%d %H:%M}, as its signer set"
            raise SignatureRefusedError(check="expired", why=why)

    def _time(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        """Check that the certificates were valid when it was signed: now, unless an authority confirms another time."""
        if envelope.signed > self.now + _CLOCK_SKEW:
            why = f"it was made on {envelope.signed:%Y-%m-%d %H:%M}, which is in the future"
            raise SignatureRefusedError(check="time", why=why)
        moments = [self.now]
        if envelope.scheme == "notary.x509.signingAuthority":
            moments = [envelope.signed]
        elif envelope.timestamp and (stamped := self._stamped(envelope)) is not None:
            moments = [stamped.earliest, stamped.latest]
            if stamped.latest > self.now + _CLOCK_SKEW:
                why = "its time stamp is in the future"
                raise SignatureRefusedError(check="time", why=why)
        for moment in moments:
            if why := chain.outside(certificates, moment):
                if envelope.timestamp and moment == self.now:
                    why += "; it has a time stamp, but no time-stamping authority is trusted"
                raise SignatureRefusedError(check="certificate", why=why)

    def _stamped(self, envelope: NotationEnvelope) -> timestamps.Stamped | None:
        """Return the verified time stamp; None where no time-stamping authority is trusted."""
        trusted = [anchor.der for anchor in self.expected.anchors if anchor.kind == "tsa"]
        return timestamps.verify(envelope.timestamp, envelope.signature, trusted) if trusted else None

    def _revocation(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        pairs = list(pairwise((*certificates, certificates[-1])))
        if envelope.scheme == "notary.x509" and envelope.timestamp and (stamped := self._stamped(envelope)) is not None:
            pairs += stamped.certificates
        revocation.check(pairs, self.expected.revoked, self.now)

    # The result.

    def _untrusted(self) -> TrustResult:
        if not self.refused:
            return self._result("untrusted", "unsigned", "it has no Notation signature")
        refused = sorted(self.refused, key=lambda each: each[1].check in {"malformed", "authority"})
        why = "; ".join(f"{where}: {error}" for where, error in refused[:_LISTED])
        more = f"; and {len(refused) - _LISTED} more" if len(refused) > _LISTED else ""
        return self._result("untrusted", refused[0][1].check, f"it has no valid signature ({why}{more})")

    def _result(
        self,
        state: TrustState,
        check: str = "",
        why: str = "",
        *,
        signers: tuple[Signer, ...] = (),
        accepted: bool = False,
    ) -> TrustResult:
        reference = f"{self.name.familiar}{f':{self.name.tag}' if self.name.tag else ''}"
        notes = tuple(dict.fromkeys(self.notes))
        return TrustResult("notation", reference, self.digest, state, check, why, signers, notes, accepted=accepted)


def _key_id(leaf: Certificate) -> str:

    der = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
