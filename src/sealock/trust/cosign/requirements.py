"""What somebody who verifies expects of a signature: by whom, for which repository, with which annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sealock.errors import UsageError
from sealock.model.imagename import ImageName, parse
from sealock.trust.cosign.keys import PublicKey
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.refusal import SignatureRefusedError

ASKED: Final = ""
"""The repository that was asked for, and no other."""
ANY: Final = "*"
"""Signatures for any repository count, as they do for cosign."""


class SignerIdentity(Struct, frozen=True):
    """Who may have signed without a key: whom the certificate is for, `*` being any text, and who vouches."""

    subject: str
    issuer: str

    def fits(self, subject: str, issuer: str) -> bool:
        """Whether a certificate is for it."""
        return issuer == self.issuer and _like(self.subject, subject)


class CosignRequirements(Struct, frozen=True):
    """What must hold. One of `keys` or `identities` must have signed, or `threshold` different ones of them.

    `repository` is the one that a signature must have been made for: ASKED, ANY, or a name such as example.com/app.
    Statements in bundles name none unless their signer added it; then `repository` holds nothing up unless
    `named_only` is set. `annotations` must all be in what was signed. `trusted_root` is Sigstore's JSON, which says
    whose certificates and logs count; without it, identities cannot be verified.
    """

    keys: tuple[PublicKey, ...] = ()
    identities: tuple[SignerIdentity, ...] = ()
    trusted_root: bytes = b""
    threshold: int = 1
    repository: str = ASKED
    named_only: bool = False
    annotations: Mapping[str, str] = {}

    def check(self) -> None:
        """Raise UsageError where nobody could meet it, or anybody; TargetError for a trusted root that is none."""
        if not self.keys and not self.identities:
            msg = "which signer do you trust? Name a key, or an identity and its issuer"
            raise UsageError(msg)
        if any(
            not identity.subject.strip("*") or not identity.issuer or "*" in identity.issuer
            for identity in self.identities
        ):
            msg = "an identity is no mere *, and its issuer is named in full: anybody can get a certificate somewhere"
            raise UsageError(msg)
        if self.repository not in {ASKED, ANY} and parse(self.repository) is None:
            msg = f"{self.repository!r} is not the name of a repository"
            raise UsageError(msg)
        if self.identities and not self.trusted_root:
            msg = "identities are verified against a trusted root: name its file"
            raise UsageError(msg)
        if self.identities:
            read_trusted_root(self.trusted_root)
        if not 1 <= self.threshold <= len(self.keys) + len(self.identities):
            msg = f"{self.threshold} signers are wanted of {len(self.keys) + len(self.identities)} that are named"
            raise UsageError(msg)


def check_repository(claimed: str, asked: ImageName, expected: CosignRequirements) -> str:
    """Hold the repository that a signature names to the one that is expected; gives a note, "" for none."""
    if expected.repository == ANY:
        return ""
    wanted = asked if expected.repository == ASKED else parse(expected.repository) or asked
    if not claimed:
        if expected.named_only:
            raise SignatureRefusedError(check="repository", why="it names no repository that it was made for")
        return "the signature names no repository: it would hold wherever the image is copied to"
    named = parse(claimed)
    if named is None or (named.registry, named.repository) != (wanted.registry, wanted.repository):
        why = f"it was made for the repository {claimed[:200]}, not for {wanted.familiar}"
        raise SignatureRefusedError(check="repository", why=why)
    return ""


def check_annotations(found: Mapping[str, object], expected: CosignRequirements) -> None:
    """Refuse what lacks an annotation that is expected."""
    for key, value in expected.annotations.items():
        if found.get(key) != value:
            has = f"it has {str(found[key])[:100]!r}" if key in found else "it has none"
            why = f"its annotation {key[:100]} should be {value[:100]!r}, and {has}"
            raise SignatureRefusedError(check="annotation", why=why)


def _like(pattern: str, text: str) -> bool:
    """Whether a text is as a pattern in which * stands for any text. Parts are found one by one, so it is linear."""
    first, *middle = pattern.split("*")
    if not middle:
        return text == pattern
    last = middle.pop()
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
