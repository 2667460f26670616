"""Verifies cosign's signatures and attestations of an image.

A signature counts only for the digest that its payload names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.formats.jsonobject import JsonObject
from sealock.model.imagename import ImageName, parse
from sealock.model.trust import Attestation, Signer, TrustResult
from sealock.net.registry.client import Registry
from sealock.trust.cosign.attachments import Attachment, SkippedAttachment, attachments
from sealock.trust.cosign.bundles import Bundle, read_bundle
from sealock.trust.cosign.claimedsigners import moment, stranger
from sealock.trust.cosign.keyless import SigstoreRoot
from sealock.trust.cosign.keys import made
from sealock.trust.cosign.promises import CERTIFICATE, PROMISE, Unproven
from sealock.trust.cosign.requirements import ANY, CosignRequirements, check_annotations, check_repository
from sealock.trust.cosign.simple import SIGNATURE as SIGNATURE_ANNOTATION
from sealock.trust.cosign.simple import read_claims, signing_time
from sealock.trust.dsse import read_envelope
from sealock.trust.intoto import CREATED, CUSTOM, SIGNATURE, InTotoStatement, StatementSubject, read_statement
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.relatives import verify_with_hint
from sealock.trust.wire import decoded, table_of

_LISTED: Final = 4
"""Refused signatures that a result lists."""


def verify_cosign(registry: Registry, name: ImageName, digest: str, expected: CosignRequirements) -> TrustResult:
    """Verify that a digest is signed as expected. UsageError where the requirements name no signer."""
    expected.check()

    def verify(image: str) -> TrustResult:
        verification = AttachmentVerification(name, image, expected)
        for attachment in attachments(registry, name, image, "signature"):
            verification.take(attachment, verification.signature)
            if verification.enough:
                break
        return verification.result("signature")

    return verify_with_hint(registry, name, digest, verify)


def verify_attestations(
    registry: Registry, name: ImageName, digest: str, expected: CosignRequirements, predicate_type: str = ""
) -> TrustResult:
    """Verify a digest's attestations of one predicate type, or of every type but a signature's.

    The result has all of them, not only the first: a reader of one must know the others.
    """
    expected.check()
    verification = AttachmentVerification(name, digest, expected, predicate_type)
    for attachment in attachments(registry, name, digest, "attestation"):
        verification.take(attachment, verification.attestation)
    result = verification.result("attestation")
    return replace(result, kind="attestation", attestations=tuple(verification.attestations))


def verify_file_attestation(
    digest: str, bundle: bytes, where: str, expected: CosignRequirements, predicate_type: str = ""
) -> TrustResult:
    """Verify a bundle with a statement about a file, which `digest` names; no repository is expected in it."""
    expected.check()
    verification = AttachmentVerification(
        ImageName("", where), digest, replace(expected, repository=ANY), predicate_type
    )
    verification.take(Attachment("bundle", where, bundle), verification.attestation)
    result = verification.result("attestation")
    return replace(result, kind="attestation", attestations=tuple(verification.attestations))


class AttachmentVerification:
    """Verifies the attachments of one digest, one at a time, and remembers why some were refused.

    `signature` and `attestation` verify one and return its signer.
    """

    def __init__(self, name: ImageName, digest: str, expected: CosignRequirements, predicate_type: str = "") -> None:
        self.name, self.digest, self.expected, self.predicate_type = name, digest, expected, predicate_type
        self.signers: dict[str, Signer] = {}
        self.attestations: list[Attestation] = []
        self.refused: list[tuple[str, SignatureRefusedError]] = []
        self.unknown: list[SkippedAttachment] = []
        self.notes: dict[str, None] = {}
        self._root: SigstoreRoot | None = None

    @property
    def enough(self) -> bool:
        """Whether as many of the expected signers as the threshold have signed."""
        return self.counted >= self.expected.threshold

    @property
    def counted(self) -> int:
        """How many of the expected keys and identities have signed, each by a signer of its own."""
        keys = sum(not signer.name for signer in self.signers.values())
        fitting = [
            [
                index
                for index, identity in enumerate(self.expected.identities)
                if identity.fits(signer.name, signer.issuer)
            ]
            for signer in self.signers.values()
        ]
        return keys + most_pairs(fitting)

    def take(self, attachment: Attachment | SkippedAttachment, verify: Callable[[Attachment], Signer | None]) -> None:
        """Verify an attachment by one of the methods below, and remember who signed it, or why it does not count."""
        if isinstance(attachment, SkippedAttachment):
            if attachment.unknown:
                self.unknown.append(attachment)
            else:
                self.refused.append((attachment.where, SignatureRefusedError(check="malformed", why=attachment.why)))
            return
        try:
            signer = verify(attachment)
        except SignatureRefusedError as error:
            self.refused.append((attachment.where, error))
            return
        except (TargetError, UsageError) as error:
            # The extra that verifies it is not installed, or cannot use the trusted root.
            self.unknown.append(SkippedAttachment(attachment.where, str(error), unknown=True))
            return
        if signer is not None:
            who = f"{signer.name} {signer.issuer}" if signer.name else signer.key
            self.signers.setdefault(who, signer)

    # A signature.

    def signature(self, attachment: Attachment) -> Signer:
        """Return the image's signer; SignatureRefusedError where the signature does not count."""
        if attachment.kind == "simple":
            return self._simple(attachment)
        bundle = read_bundle(attachment.body, "the bundle")
        signer, statement = self._bundle(bundle, attachment.where)
        if statement.predicate_type != SIGNATURE:
            why = f"it attests {statement.predicate_type[:100]}, which is not a signature of the image"
            raise SignatureRefusedError(check="type", why=why)
        return self._fitting(statement, signer)

    def _simple(self, attachment: Attachment) -> Signer:
        signature = decoded(attachment.annotations.get(SIGNATURE_ANNOTATION), "its signature")
        signer = self._under_tag(attachment, (signature,), attachment.body, attachment.body)
        claims = read_claims(attachment.body, "its payload")
        if claims.digest != self.digest:
            why = f"it was made for another image, {claims.digest[:71]}"
            raise SignatureRefusedError(check="digest", why=why)
        self._note(check_repository(claims.repository, self.name, self.expected))
        check_annotations(claims.optional, self.expected)
        return replace(signer, signed=signing_time(claims.optional) or signer.signed)

    # An attestation.

    def attestation(self, attachment: Attachment) -> Signer | None:
        """Return the attestation's signer; None for a signature, or for another predicate type."""
        if attachment.kind == "envelope":
            envelope = read_envelope(table_of(attachment.body, "the envelope", len(attachment.body)), "the envelope")
            signer = self._under_tag(attachment, envelope.signatures, envelope.message, envelope.payload)
            statement = read_statement(envelope, "its statement")
        else:
            signer, statement = self._bundle(read_bundle(attachment.body, "the bundle"), attachment.where)
        kind = statement.predicate_type
        if kind == SIGNATURE or (self.predicate_type and kind != self.predicate_type):
            if kind != SIGNATURE:
                why = f"it is of another type, {kind[:100]}"
                self.refused.append((attachment.where, SignatureRefusedError(check="type", why=why)))
            return None
        signer = self._fitting(statement, signer)
        self.attestations.append(Attestation(kind, statement.predicate, signer))
        return signer

    # Both.

    def _fitting(self, statement: InTotoStatement, signer: Signer) -> Signer:
        """Check that a statement is about the image and meets the requirements."""
        *others, last = statement.about(self.digest)
        for subject in others:
            # An image that is pushed to several places may have several names.
            with suppress(SignatureRefusedError):
                return self._fits(subject, statement, signer)
        return self._fits(last, statement, signer)

    def _fits(self, subject: StatementSubject, statement: InTotoStatement, signer: Signer) -> Signer:
        # A subject may have any name ("pkg:docker/app@1.2"); only a repository's name is compared.
        named = subject.name if subject.name and parse(subject.name) is not None else ""
        note = check_repository(named, self.name, self.expected)
        check_annotations(subject.annotations or {}, self.expected)
        self._note(note)
        when = JsonObject(subject.annotations).text(CREATED)
        if statement.predicate_type == CUSTOM:
            when = JsonObject(statement.predicate).text("Timestamp") or when
        return replace(signer, signed=moment(when) or signer.signed)

    def _bundle(self, bundle: Bundle, where: str) -> tuple[Signer, InTotoStatement]:
        message = bundle.envelope.message
        # A bundle names a key or has a certificate, and only what it says counts.
        signer = None if bundle.certificate else self._by_key(bundle.envelope.signatures, message, where)
        if signer is None:
            root = self._trusted_root()
            if root is None or not bundle.certificate:
                raise stranger(bundle.envelope.payload, bundle.certificate, bundle.hint)
            signer = root.signer(bundle, where)
        return signer, read_statement(bundle.envelope, "its statement", bundled=True)

    def _under_tag(
        self, attachment: Attachment, signatures: tuple[bytes, ...], message: bytes, payload: bytes
    ) -> Signer:
        """Return the signer of an attachment under a tag, whose certificate and log entry are in annotations."""
        if (signer := self._by_key(signatures, message, attachment.where)) is not None:
            return signer
        root, certificate = self._trusted_root(), attachment.annotations.get(CERTIFICATE, "")
        if root is None or not certificate:
            raise stranger(payload, certificate.encode())
        promise = attachment.annotations.get(PROMISE, "")
        unproven = Unproven(signatures[0], message, payload, attachment.body, certificate, promise)
        signer = root.promised(unproven, attachment.where)
        self._note("the signing time rests on the log's promise; the signature has no proof that the log includes it")
        return signer

    def _by_key(self, signatures: tuple[bytes, ...], message: bytes, where: str) -> Signer | None:
        """Return the signer whose key made one of the signatures."""
        for signature in signatures:
            for key in self.expected.keys:
                if made(key, signature, message):
                    return Signer(key.id, where=where, source=key.source)
        return None

    def _trusted_root(self) -> SigstoreRoot | None:
        if self._root is None and self.expected.identities:
            self._root = SigstoreRoot(self.expected.trusted_root, self.expected.identities)
        return self._root

    def _note(self, text: str) -> None:
        if text:
            self.notes[text] = None

    # The result.

    def result(self, what: str) -> TrustResult:
        """Return the result for all attachments so far."""
        reference = f"{self.name.familiar}{f':{self.name.tag}' if self.name.tag else ''}"
        signers = tuple(self.signers.values())
        notes = tuple(self.notes)
        if self.enough:
            return TrustResult("cosign", reference, self.digest, "trusted", signers=signers, notes=notes)
        if self.unknown:
            why = "; ".join(f"{skipped.where}: {skipped.why}" for skipped in self.unknown[:_LISTED])
            return TrustResult("cosign", reference, self.digest, "unknown", "unavailable", why, signers, notes)
        check = next((error.check for _, error in self._nearest_first()), "unsigned")
        if self.signers:
            check = "threshold"
        return TrustResult("cosign", reference, self.digest, "untrusted", check, self._reason(what), signers, notes)

    def _nearest_first(self) -> list[tuple[str, SignatureRefusedError]]:
        """The refused attachments; first those that came nearest to being trusted."""
        return sorted(self.refused, key=lambda refused: refused[1].check in {"signature", "malformed"})

    def _reason(self, what: str) -> str:
        if not self.refused and not self.signers:
            return f"it has no {what}" + (f" of type {self.predicate_type}" if self.predicate_type else "")
        summary = f"it has no valid {what}"
        if self.signers:
            summary = f"{self.counted} of {self.expected.threshold} required signers have signed"
        reasons = "; ".join(f"{where}: {error}" for where, error in self._nearest_first()[:_LISTED])
        more = len(self.refused) - _LISTED
        return summary + (f" ({reasons}{f'; and {more} more' if more > 0 else ''})" if reasons else "")


def most_pairs(fitting: Sequence[Sequence[int]]) -> int:
    """The most pairs of a row and one of its numbers, in which no number is used twice (by augmenting paths)."""
    row_of: dict[int, int] = {}

    def pair(row: int, tried: set[int]) -> bool:
        for number in fitting[row]:
            if number not in tried:
                tried.add(number)
                if number not in row_of or pair(row_of[number], tried):
                    row_of[number] = row
                    return True
        return False

    return sum(pair(row, set()) for row in range(len(fitting)))
