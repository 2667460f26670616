"""Finds the VEX documents that are attached to an image at its registry, and verifies who made them.

They are in-toto attestations under cosign's .att tag or as referrers, and documents and statements without a signature,
which anyone with push access could have attached: those are found to be named, and count for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.formats.jsonobject import JsonObject
from sealock.model.imagename import ImageName
from sealock.model.manifest import REFERENCE_TYPE, Index, Manifest
from sealock.model.trust import Signer
from sealock.net.registry.client import Registry
from sealock.trust.cosign.attachments import Attachment, SkippedAttachment, attachments
from sealock.trust.cosign.bundles import read_bundle
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.verifier import AttachmentVerification
from sealock.trust.dsse import IN_TOTO, DsseEnvelope, read_envelope
from sealock.trust.intoto import MOST_BYTES, read_statement
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import table_of

UNSIGNED: Final = "it is not signed"
_NO_SIGNERS: Final = "no entry of the trust policy says whose VEX of this image counts"
_REFERENCE_DIGEST: Final = "vnd.docker.reference.digest"
_PREDICATE_TYPE: Final = "in-toto.io/predicate-type"
_IN_TYPES: Final = {"openvex": "OpenVEX", "cyclonedx.org/vex": "CycloneDX VEX", "csaf": "CSAF VEX"}
"""Parts of predicate types that are never an SBOM's."""


class AttachedDocument(Struct, frozen=True):
    """A VEX document at the registry. `refused` says why it does not count, "" where it does.

    `text` is its JSON, "" where it does not count; `where` is its place, `signers` have signed it.
    """

    format: str
    where: str
    text: str = ""
    signers: tuple[Signer, ...] = ()
    refused: str = ""


def find_vex(
    registry: Registry, name: ImageName, digest: str, expected: CosignRequirements | None
) -> Iterator[AttachedDocument]:
    """Yield the VEX documents that are attached to a digest, those that count first.

    `expected` None: nobody's count. A document counts if `threshold` of the expected signers have signed its content.
    """
    counting: dict[str, AttachedDocument] = {}
    threshold = expected.threshold if expected is not None else 1
    single = replace(expected, threshold=1) if expected is not None else None
    for attachment in attachments(registry, name, digest, "document"):
        found = _examine(attachment, name, digest, single)
        if found is None:
            continue
        if found.refused:
            yield found
            continue
        known = counting.get(found.text, found)
        signers = {(signer.name, signer.issuer) if signer.name else signer.key: signer
                   for signer in (*known.signers, *found.signers)}  # fmt: skip
        counting[found.text] = replace(known, signers=tuple(signers.values()))
    for found in counting.values():
        if len(found.signers) < threshold:
            why = f"{len(found.signers)} of {threshold} required signers have signed it"
            yield replace(found, text="", refused=why)
        else:
            yield found


def unsigned_in_index(registry: Registry, name: ImageName, index: Index, digest: str) -> Iterator[AttachedDocument]:
    """Yield the VEX statements that an index holds for one of its images; BuildKit adds them without a signature."""
    for entry in index.manifests:
        if REFERENCE_TYPE not in entry.annotations or entry.annotations.get(_REFERENCE_DIGEST) != digest:
            continue
        manifest = registry.child(name, entry).noun
        for layer in manifest.layers if isinstance(manifest, Manifest) else ():
            kind = layer.annotations.get(_PREDICATE_TYPE, "")
            if form := next((form for word, form in _IN_TYPES.items() if word in kind), ""):
                yield AttachedDocument(form, "its index", refused=UNSIGNED)


def _examine(
    attachment: Attachment | SkippedAttachment, name: ImageName, digest: str, expected: CosignRequirements | None
) -> AttachedDocument | None:
    """Find out what an attachment is, and verify it; None for what is no VEX document."""
    if isinstance(attachment, SkippedAttachment):
        if not attachment.unknown:
            return None
        return AttachedDocument("an attachment that could not be read", attachment.where, refused=attachment.why)
    try:
        form = _format(_content(attachment))
    except SignatureRefusedError:
        return None
    if not form:
        return None
    made = AttachedDocument(form, attachment.where)
    if attachment.kind in {"statement", "plain"}:
        return replace(made, refused=UNSIGNED)
    if expected is None:
        return replace(made, refused=_NO_SIGNERS)
    verification = AttachmentVerification(name, digest, expected)
    try:
        verification.attestation(attachment)
    except SealockError as error:
        return replace(made, refused=str(error))
    (attestation,) = verification.attestations
    try:
        text = json.dumps(_unwrapped(attestation.predicate), sort_keys=True, ensure_ascii=False)
    except RecursionError:
        return replace(made, refused="it is nested too deeply")
    return replace(made, text=text, signers=(attestation.signer,))


def _content(attachment: Attachment) -> Any:  # noqa: ANN401  JSON
    """The document that an attachment holds, unverified; SignatureRefusedError where it holds none."""
    what = "the attachment"
    match attachment.kind:
        case "plain":
            return table_of(attachment.body, what, MOST_BYTES)
        case "statement":
            envelope = DsseEnvelope(IN_TOTO, attachment.body, ())
        case "bundle":
            envelope = read_bundle(attachment.body, what).envelope
        case _:
            envelope = read_envelope(table_of(attachment.body, what, len(attachment.body)), what)
    return _unwrapped(read_statement(envelope, what).predicate)


def _unwrapped(predicate: Any) -> Any:  # noqa: ANN401  JSON
    """The document of a predicate: cosign wraps the content of an unknown type as a text."""
    table = JsonObject(predicate)
    if set(table.members) == {"Data", "Timestamp"}:
        try:
            return table_of(table.text("Data").encode(), "the predicate", MOST_BYTES)
        except SignatureRefusedError:
            return predicate
    return predicate


def _format(document: Any) -> str:  # noqa: ANN401  JSON
    """The format of a document that makes statements on vulnerabilities, "" for any other: an SBOM makes none."""
    table = JsonObject(document)
    contexts = (table.members.get("@context"), *table.elements("@context"))
    if any(isinstance(context, str) and "openvex" in context for context in contexts):
        return "OpenVEX"
    if table.text("bomFormat") == "CycloneDX":
        analysed = any(entry.child("analysis") for entry in table.objects("vulnerabilities"))
        return "CycloneDX VEX" if analysed else ""
    return "CSAF VEX" if table.child("document").text("csaf_version") else ""
