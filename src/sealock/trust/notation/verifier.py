"""Whether an image is signed, in Notation's way, by somebody who is trusted.

The steps are those of the Notary Project's "Signature Verification": integrity, authenticity, expiry, time, revocation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final
from warnings import catch_warnings, simplefilter

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Manifest
from sealock.model.trust import Signer, TrustResult
from sealock.net.registry.client import Registry
from sealock.net.registry.manifests import ManifestError
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

_MOST_REFERRERS: Final = 256
_MOST_SIGNATURES: Final = 100
"""As many as notation tries."""
_TOLD: Final = 4
_LONGEST: Final = 120.0
"""Seconds after which nothing more is looked at, however slow a registry is."""
_CLOCKS: Final = timedelta(minutes=5)
"""So far clocks may differ."""


class CheckedSignature(Struct, frozen=True):
    """A verdict, and whether the policy lets the image pass.

    It does where the verdict is "trusted", and where what is wrong is only to be noted (level audit).
    """

    result: TrustResult
    passes: bool


def verify_notation(
    registry: Registry, name: ImageName, digest: str, expected: NotationRequirements, now: datetime | None = None
) -> TrustResult:
    """Tell whether a digest is signed as is expected. UsageError where nobody is named who could have signed."""
    return evaluate(registry, name, digest, expected, now).result


def evaluate(
    registry: Registry, name: ImageName, digest: str, expected: NotationRequirements, now: datetime | None = None
) -> CheckedSignature:
    """As verify_notation; and whether a policy that only notes some of what is wrong lets it pass."""
    expected.check()
    return _Judge(registry, name, digest, expected, now or datetime.now(UTC)).evaluated()


class _Judge:
    """Judges the signatures of one digest, one at a time, until one counts."""

    def __init__(
        self, registry: Registry, name: ImageName, digest: str, expected: NotationRequirements, now: datetime
    ) -> None:
        self.registry, self.name, self.digest, self.expected, self.now = registry, name, digest, expected, now
        self.refused: list[tuple[str, SignatureRefusedError]] = []
        self.unknown: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.logged: SignatureRefusedError | None = None
        self.target = Target("", digest, 0)

    def evaluated(self) -> CheckedSignature:
        try:
            image = self.registry.manifest(replace(self.name, tag=None, digest=self.digest))
            self.target = Target(image.media_type, image.digest, len(image.raw))
            for where, raw, media_type in self._signatures():
                with catch_warnings():
                    # The library warns of what it will refuse one day; certificates are anybody's.
                    simplefilter("ignore")
                    signer = self._try(where, raw, media_type)
                if signer is not None:
                    return CheckedSignature(self._result("trusted", "", "", (signer,)), passes=True)
        except TransportError as error:
            self.unknown.append(("the registry", str(error)))
        if self.logged is not None:
            return CheckedSignature(self._result("untrusted", self.logged.check, str(self.logged)), passes=True)
        if self.unknown:
            why = "; ".join(f"{where}: {why}" for where, why in self.unknown[:_TOLD])
            return CheckedSignature(self._result("unknown", "unavailable", why), passes=False)
        return CheckedSignature(self._untrusted(), passes=False)

    # What is there.

    def _signatures(self) -> Iterator[tuple[str, bytes, str]]:
        """Yield where each signature is, its bytes and its media type."""
        found = self.registry.referrers(self.name, self.digest)
        # The types in the list are anybody's word, so none is left out; but those that fit come first.
        ordered = sorted(found, key=lambda one: (one.artifact_type != ARTIFACT_TYPE, bool(one.artifact_type)))
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
        if late or len(found) > _MOST_REFERRERS or count > _MOST_SIGNATURES:
            why = "so much is attached to the image, or it comes so slowly, that not all of it was looked at"
            self.unknown.append(("the rest", why))

    def _layer(self, descriptor: Descriptor) -> Descriptor | None:
        """The envelope of a referrer; None where it is no signature of Notation's."""
        noun = self.registry.manifest(replace(self.name, tag=None, digest=descriptor.digest)).noun
        if not isinstance(noun, Manifest) or ARTIFACT_TYPE not in {noun.artifact_type, noun.config.media_type}:
            return None
        if noun.subject is None or noun.subject.digest != self.digest:
            raise SignatureRefusedError(check="digest", why="it refers to another image than it is listed for")
        if len(noun.layers) != 1 or noun.layers[0].media_type not in {JWS, COSE}:
            raise SignatureRefusedError(check="malformed", why=f"it does not hold one envelope of {JWS} or {COSE}")
        if noun.layers[0].size > MOST_BYTES:
            why = f"its envelope has {noun.layers[0].size} bytes, more than the {MOST_BYTES} that are read"
            raise SignatureRefusedError(check="size", why=why)
        return noun.layers[0]

    # Whether it counts.

    def _try(self, where: str, raw: bytes, media_type: str) -> Signer | None:
        """Who signed; None where the signature does not count, or (`logged`) is only let pass."""
        try:
            envelope = jws.read(raw) if media_type == JWS else cose.read(raw)
            certificates = chain.load(envelope.chain)
            self._integrity(envelope, certificates)
        except SignatureRefusedError as error:
            self.refused.append((where, error))
            return None
        noted: list[str] = []
        strange: SignatureRefusedError | None = None
        try:
            for validation, step in (
                ("authenticity", self._authenticity),
                ("expiry", self._expiry),
                ("authenticTimestamp", self._time),
                ("revocation", self._revocation),
            ):
                found = self._step(validation, step, envelope, certificates, noted)
                strange = strange or (found if validation == "authenticity" else None)
        except SignatureRefusedError as error:
            if error.check == UNABLE:
                self.unknown.append((where, str(error)))
            else:
                self.refused.append((where, error))
            return None
        self.notes += [f"{where}: {one}" for one in noted]
        if strange is not None:
            self.logged = self.logged or strange
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
        noted: list[str],
    ) -> SignatureRefusedError | None:
        """Take a step, and do with what it finds as the level says: give what is only noted."""
        action = self.expected.actions.get(validation, "enforce")
        if action == "skip":
            noted.append(f"{validation} was not looked at, as the policy says")
            return None
        try:
            try:
                step(envelope, certificates)
            except chain.unreadable():
                why = "its certificates cannot be made sense of"
                raise SignatureRefusedError(check="certificate", why=why) from None
        except SignatureRefusedError as error:
            if action != "log":
                raise
            noted.append(f"{error}, which the policy only notes")
            return error
        return None

    def _integrity(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        key = chain.key_of(certificates[0])
        algorithm = algorithms.algorithm_of(key)
        if envelope.algorithm != algorithm:
            why = f"it claims the algorithm {envelope.algorithm[:40]!r}, and the signer's key goes with {algorithm}"
            raise SignatureRefusedError(check="algorithm", why=why)
        if not algorithms.verifies(key, algorithm, envelope.signature, envelope.signed_bytes):
            why = "it does not match what it signs: one of the two was changed"
            raise SignatureRefusedError(check="signature", why=why)
        target = read_target(envelope.payload)
        if target.digest != self.digest:
            why = f"it was made for another image, {target.digest[:71]}"
            raise SignatureRefusedError(check="digest", why=why)
        if (target.media_type, target.size) != (self.target.media_type, self.target.size):
            why = f"it names {target.size} bytes of {target.media_type[:100]!r}, and the image's manifest is not that"
            raise SignatureRefusedError(check="digest", why=why)
        for name, value in self.expected.annotations.items():
            if target.annotations.get(name) != value:
                has = f"it has {target.annotations[name][:100]!r}" if name in target.annotations else "it has none"
                why = f"its annotation {name[:100]} should be {value[:100]!r}, and {has}"
                raise SignatureRefusedError(check="annotation", why=why)

    def _authenticity(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        chain.check(certificates)
        kind = SCHEMES[envelope.scheme]
        who = chain.name_of(certificates[0])
        trusted = {anchor.der for anchor in self.expected.anchors if anchor.kind == kind}
        if not trusted & set(envelope.chain):
            role = " as a signing authority" if kind == "signingAuthority" else ""
            why = f"it is by {who}, and no certificate that you trust{role} vouches for that"
            raise SignatureRefusedError(check="authority", why=why)
        if self.expected.identities and not any(
            identity.fits(certificates[0].subject) for identity in self.expected.identities
        ):
            why = f"it is by {who}, who is none of those that you trust"
            raise SignatureRefusedError(check="identity", why=why)

    def _expiry(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        del certificates
        if envelope.expiry is not None and self.now >= envelope.expiry:
            why = f"it holds until {envelope.expiry:%Y-%m-%d %H:%M} only, as its signer said"
            raise SignatureRefusedError(check="expired", why=why)

    def _time(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        """Whether it was made while the certificates were valid: now, where nobody vouches for another time."""
        if envelope.signed > self.now + _CLOCKS:
            why = f"it was made on {envelope.signed:%Y-%m-%d %H:%M}, which is yet to come"
            raise SignatureRefusedError(check="time", why=why)
        moments = [self.now]
        if envelope.scheme == "notary.x509.signingAuthority":
            moments = [envelope.signed]
        elif envelope.timestamp and (stamped := self._stamped(envelope)) is not None:
            moments = [stamped.earliest, stamped.latest]
            if stamped.latest > self.now + _CLOCKS:
                why = "its time stamp is of a time that is yet to come"
                raise SignatureRefusedError(check="time", why=why)
        for moment in moments:
            if why := chain.outside(certificates, moment):
                if envelope.timestamp and moment == self.now:
                    why += "; it has a time stamp, and no authority for time stamps is trusted"
                raise SignatureRefusedError(check="certificate", why=why)

    def _stamped(self, envelope: NotationEnvelope) -> timestamps.Stamped | None:
        """What a time stamp says; None where no authority for time stamps is trusted."""
        trusted = [anchor.der for anchor in self.expected.anchors if anchor.kind == "tsa"]
        return timestamps.verify(envelope.timestamp, envelope.signature, trusted) if trusted else None

    def _revocation(self, envelope: NotationEnvelope, certificates: tuple[Certificate, ...]) -> None:
        pairs = list(zip(certificates, [*certificates[1:], certificates[-1]], strict=True))
        if envelope.scheme == "notary.x509" and envelope.timestamp and (stamped := self._stamped(envelope)) is not None:
            pairs += stamped.certificates
        revocation.check(pairs, self.expected.revoked, self.now)

    # What it comes to.

    def _untrusted(self) -> TrustResult:
        if not self.refused:
            return self._result("untrusted", "unsigned", "there is no signature of Notation's")
        told = sorted(self.refused, key=lambda one: one[1].check in {"malformed", "authority"})
        why = "; ".join(f"{where}: {error}" for where, error in told[:_TOLD])
        more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        return self._result("untrusted", told[0][1].check, f"no signature of it counts ({why}{more})")

    def _result(self, state: _State, check: str, why: str, signers: tuple[Signer, ...] = ()) -> TrustResult:
        tag = f":{self.name.tag}" if self.name.tag else ""
        notes = tuple(dict.fromkeys(self.notes))
        return TrustResult("notation", f"{self.name.familiar}{tag}", self.digest, state, check, why, signers, notes)


def _key_id(leaf: Certificate) -> str:

    der = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from sealock.model.trust import TrustState

    _Step: TypeAlias = Callable[[NotationEnvelope, tuple[Certificate, ...]], None]
    _State: TypeAlias = TrustState
