"""Whether an image is signed by somebody who is trusted, in cosign's ways; and what was attested of it.

Each digest is verified for itself: a signature counts if what it signs names the very digest that was asked for.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from sealock.errors import TargetError, UsageError
from sealock.model.imagename import ImageName, parse
from sealock.model.trust import Signer, TrustResult
from sealock.net.registry.client import Registry
from sealock.trust.cosign.attachments import Attached, Passed, attached
from sealock.trust.cosign.bundles import Bundle, read_bundle
from sealock.trust.cosign.claimedsigners import moment, stranger
from sealock.trust.cosign.keyless import SigstoreRoot
from sealock.trust.cosign.keys import made
from sealock.trust.cosign.promises import CERTIFICATE, PROMISE, Unproven
from sealock.trust.cosign.requirements import CosignRequirements, check_annotations, check_repository
from sealock.trust.cosign.simple import SIGNATURE as SIGNATURE_ANNOTATION
from sealock.trust.cosign.simple import read_claims
from sealock.trust.dsse import read_envelope
from sealock.trust.intoto import CREATED, CUSTOM, SIGNATURE, InTotoStatement, StatementSubject, read_statement
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import decoded, table_of

_TOLD: Final = 4
"""Refused signatures that are told of."""


class Attestation(Struct, frozen=True):
    """A statement about the image, by somebody who is trusted."""

    statement: InTotoStatement
    signer: Signer


class Attested(Struct, frozen=True):
    """What verification of attestations came to: a verdict, and what was attested, as found."""

    result: TrustResult
    attestations: tuple[Attestation, ...] = ()


def verify_cosign(registry: Registry, name: ImageName, digest: str, expected: CosignRequirements) -> TrustResult:
    """Tell whether a digest is signed as is expected. UsageError where nobody is named who could have signed."""
    expected.check()
    evaluate = _Judge(name, digest, expected)
    for one in attached(registry, name, digest, "signature"):
        if evaluate.take(one, evaluate.signature) and evaluate.enough:
            break
    return evaluate.result("signature")


def verify_attestations(
    registry: Registry, name: ImageName, digest: str, expected: CosignRequirements, predicate_type: str = ""
) -> Attested:
    """Find what was attested of a digest, of one predicate type or of any but a mere signature.

    All of them are found, not just the first: who relies on one must know the others.
    """
    expected.check()
    evaluate = _Judge(name, digest, expected, predicate_type)
    for one in attached(registry, name, digest, "attestation"):
        evaluate.take(one, evaluate.attestation)
    return Attested(evaluate.result("attestation"), tuple(evaluate.attestations))


class _Judge:
    """Judges what is attached to one digest, one thing at a time, and remembers why things were refused."""

    def __init__(self, name: ImageName, digest: str, expected: CosignRequirements, predicate_type: str = "") -> None:
        self.name, self.digest, self.expected, self.predicate_type = name, digest, expected, predicate_type
        self.signers: dict[str, Signer] = {}
        self.attestations: list[Attestation] = []
        self.refused: list[tuple[str, SignatureRefusedError]] = []
        self.unknown: list[Passed] = []
        self.notes: dict[str, None] = {}
        self._root: SigstoreRoot | None = None

    @property
    def enough(self) -> bool:
        return len(self.signers) >= self.expected.threshold

    def take(self, one: Attached | Passed, evaluated: Any) -> bool:  # noqa: ANN401  one of the two methods below
        """Judge a thing; whether it counts."""
        if isinstance(one, Passed):
            if one.unknown:
                self.unknown.append(one)
            else:
                self.refused.append((one.where, SignatureRefusedError(check="malformed", why=one.why)))
            return False
        try:
            signer: Signer | None = evaluated(one)
        except SignatureRefusedError as error:
            self.refused.append((one.where, error))
            return False
        except (TargetError, UsageError) as error:
            # What verifies it is missing here, or cannot use the trusted root.
            self.unknown.append(Passed(one.where, str(error), unknown=True))
            return False
        if signer is None:
            return False
        self.signers.setdefault(self._expected_as(signer), signer)
        return True

    def _expected_as(self, signer: Signer) -> str:
        """The key, or the identity that was expected: all names that fit one pattern are one of the signers wanted."""
        fitting = (
            f"{identity.subject} {identity.issuer}"
            for identity in self.expected.identities
            if identity.fits(signer.name, signer.issuer)
        )
        return next(fitting, signer.key) if signer.name else signer.key

    # A signature.

    def signature(self, one: Attached) -> Signer:
        """Who signed the image by it; SignatureRefusedError where it does not count."""
        if one.kind == "simple":
            return self._simple(one)
        bundle = read_bundle(one.body, "the bundle")
        signer, statement = self._bundle(bundle, one.where)
        if statement.predicate_type != SIGNATURE:
            why = f"it attests {statement.predicate_type[:100]}, which is no signature of the image"
            raise SignatureRefusedError(check="type", why=why)
        return self._fitting(statement, signer)

    def _simple(self, one: Attached) -> Signer:
        signature = decoded(one.annotations.get(SIGNATURE_ANNOTATION), "its signature")
        signer = self._under_tag(one, (signature,), one.body, one.body)
        claims = read_claims(one.body, "its payload")
        if claims.digest != self.digest:
            why = f"it was made for another image, {claims.digest[:71]}"
            raise SignatureRefusedError(check="digest", why=why)
        self._note(check_repository(claims.repository, self.name, self.expected))
        check_annotations(claims.optional, self.expected)
        return _dated(signer, claims.signed)

    # An attestation.

    def attestation(self, one: Attached) -> Signer | None:
        """Who attested something by it; None where it is a mere signature, or of another type than is sought."""
        if one.kind == "envelope":
            envelope = read_envelope(table_of(one.body, "the envelope", len(one.body)), "the envelope")
            signer = self._under_tag(one, envelope.signatures, envelope.message, envelope.payload)
            statement = read_statement(envelope, "its statement")
        else:
            signer, statement = self._bundle(read_bundle(one.body, "the bundle"), one.where)
        kind = statement.predicate_type
        if kind == SIGNATURE or (self.predicate_type and kind != self.predicate_type):
            if kind != SIGNATURE:
                why = f"it is of another type, {kind[:100]}"
                self.refused.append((one.where, SignatureRefusedError(check="type", why=why)))
            return None
        signer = self._fitting(statement, signer)
        self.attestations.append(Attestation(statement, signer))
        return signer

    # Both.

    def _fitting(self, statement: InTotoStatement, signer: Signer) -> Signer:
        """Hold a statement to the image and to what is expected."""
        *others, last = statement.about(self.digest)
        for subject in others:
            # The same image may have several names, as it has when it is pushed to several places.
            with suppress(SignatureRefusedError):
                return self._fits(subject, statement, signer)
        return self._fits(last, statement, signer)

    def _fits(self, subject: StatementSubject, statement: InTotoStatement, signer: Signer) -> Signer:
        # A subject may have any name ("pkg:docker/app@1.2"); only what may be a repository is held to it.
        named = subject.name if parse(subject.name) is not None else ""
        note = check_repository(named, self.name, self.expected)
        check_annotations(subject.annotations, self.expected)
        self._note(note)
        when = subject.annotations.get(CREATED)
        if statement.predicate_type == CUSTOM and isinstance(statement.predicate, dict):
            when = statement.predicate.get("Timestamp", when)
        return _dated(signer, moment(when) if isinstance(when, str) else None)

    def _bundle(self, bundle: Bundle, where: str) -> tuple[Signer, InTotoStatement]:
        message = bundle.envelope.message
        signer = self._by_key(bundle.envelope.signatures, message, where)
        if signer is None:
            root = self._trusted_root()
            if root is None or not bundle.certificate:
                raise stranger(bundle.envelope.payload, bundle.certificate, bundle.hint)
            signer = root.signer(bundle, where)
        return signer, read_statement(bundle.envelope, "its statement")

    def _under_tag(self, one: Attached, signatures: tuple[bytes, ...], message: bytes, payload: bytes) -> Signer:
        """Who signed what stands under a tag, where what shows that stands beside it."""
        if (signer := self._by_key(signatures, message, one.where)) is not None:
            return signer
        root, certificate = self._trusted_root(), one.annotations.get(CERTIFICATE, "")
        if root is None or not certificate:
            raise stranger(payload, certificate.encode())
        promise = one.annotations.get(PROMISE, "")
        signer = root.promised(Unproven(signatures[0], message, payload, one.body, certificate, promise), one.where)
        self._note("when it was signed rests on the log's promise; there is no proof in it that the log keeps it")
        return signer

    def _by_key(self, signatures: tuple[bytes, ...], message: bytes, where: str) -> Signer | None:
        """Which of the keys made one of the signatures."""
        for signature in signatures:
            for key in self.expected.keys:
                if made(key, signature, message):
                    return Signer(key.id, where=where)
        return None

    def _trusted_root(self) -> SigstoreRoot | None:
        if self._root is None and self.expected.identities:
            self._root = SigstoreRoot(self.expected.trusted_root, self.expected.identities)
        return self._root

    def _note(self, text: str) -> None:
        if text:
            self.notes[text] = None

    # What it comes to.

    def result(self, what: str) -> TrustResult:
        """Put it together."""
        reference = f"{self.name.familiar}{f':{self.name.tag}' if self.name.tag else ''}"
        signers = tuple(self.signers.values())
        notes = tuple(self.notes)
        if self.enough:
            return TrustResult("cosign", reference, self.digest, "trusted", signers=signers, notes=notes)
        if self.unknown:
            why = "; ".join(f"{one.where}: {one.why}" for one in self.unknown[:_TOLD])
            return TrustResult("cosign", reference, self.digest, "unknown", "unavailable", why, signers, notes)
        check = next((error.check for _, error in self._telling()), "unsigned")
        if self.signers:
            check = "threshold"
        return TrustResult("cosign", reference, self.digest, "untrusted", check, self._reason(what), signers, notes)

    def _telling(self) -> list[tuple[str, SignatureRefusedError]]:
        """What was refused; first what came nearest to being trusted."""
        return sorted(self.refused, key=lambda one: one[1].check in {"signature", "malformed"})

    def _reason(self, what: str) -> str:
        if not self.refused and not self.signers:
            return f"there is no {what} of it" + (f" of type {self.predicate_type}" if self.predicate_type else "")
        said = f"no {what} of it counts"
        if self.signers:
            said = f"{len(self.signers)} of the {self.expected.threshold} signers that are wanted have signed"
        told = "; ".join(f"{where}: {error}" for where, error in self._telling()[:_TOLD])
        more = len(self.refused) - _TOLD
        return said + (f" ({told}{f'; and {more} more' if more > 0 else ''})" if told else "")


def _dated(signer: Signer, when: datetime | None) -> Signer:
    return signer if when is None else Signer(signer.key, signer.name, signer.issuer, when, signer.where)
