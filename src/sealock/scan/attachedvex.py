"""Finds the VEX documents that are attached to an image at its registry.

Only documents count that the trust policy's signers made, for exactly this image. Others are named. A failure is no
error: without VEX more is reported, never less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.formats.vex import read_vex
from sealock.model.imagename import ImageName
from sealock.model.location import Source
from sealock.model.manifest import Index
from sealock.model.trust import Signer
from sealock.model.vex import AttachedVex, VexStatement
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.policy.settings import Policy
from sealock.text import count
from sealock.trust.bypolicy import PolicyVerifier
from sealock.trust.cosign.vex import AttachedDocument, find_vex, unsigned_in_index

_LISTED: Final = 5
"""Documents and errors that are named one by one."""


def find_attached(text: str, digest: str, policy: Policy) -> AttachedVex:
    """Find the VEX documents of an image: `text` is its reference, `digest` that of the manifest that was read."""
    name = reference(text)
    registry = open_registry(policy.access)
    expected = PolicyVerifier(policy.trust, registry, policy.access).vex_requirements(name)
    digests = [digest]
    documents: list[AttachedDocument] = []
    failed = ""
    try:
        index = _index_of(registry, name, digest)
        if index is not None:
            top, noun = index
            digests.append(top)
            documents += unsigned_in_index(registry, name, noun, digest)
        for each in digests:
            documents += find_vex(registry, name, each, expected)
    except SealockError as error:
        failed = f"{text}: could not look for attached VEX: {error}"
    statements: list[VexStatement] = []
    notes: list[str] = []
    for document in documents:
        if document.refused:
            notes.append(
                f"{text}: {document.format} at its registry ({document.where}) does not count: {document.refused}"
            )
            continue
        source = Source(f"attached to {text} and signed by {_signed_by(document.signers)}", document.text)
        read = read_vex(source, attached=True)
        statements += read.statements
        notes += _faults(text, document, [error.message for error in read.errors])
        holds = f"has {count(len(read.statements), 'statement')} signed by {_signed_by(document.signers)}"
        notes.append(f"{text}: {document.format} at its registry ({document.where}) {holds}")
    notes = [*notes[:_LISTED], *_more(notes)]
    return AttachedVex(tuple(statements), frozenset(digests), (*notes, *filter(None, (failed,))))


def _index_of(registry: Registry, name: ImageName, digest: str) -> tuple[str, Index] | None:
    """The index that the reference names, with its digest, if it lists the image; None where it names the image."""
    claimed = name.digest or registry.claim(name).digest
    if claimed == digest:
        return None
    top = registry.manifest(replace(name, digest=claimed))
    if not isinstance(top.noun, Index) or all(entry.digest != digest for entry in top.noun.manifests):
        return None  # the tag has moved since the image was read
    return top.digest, top.noun


def _signed_by(signers: tuple[Signer, ...]) -> str:
    return " and ".join(signer.name or f"key {signer.key[:12]}" for signer in signers)


def _faults(text: str, document: AttachedDocument, messages: list[str]) -> Iterator[str]:
    for message in messages[:_LISTED]:
        yield f"{text}: {document.format} at its registry ({document.where}) is not all readable: {message}"


def _more(notes: list[str]) -> Iterator[str]:
    if len(notes) > _LISTED:
        yield f"{count(len(notes) - _LISTED, 'more note')} on attached VEX"
