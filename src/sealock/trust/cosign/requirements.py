"""The requirements for a cosign signature: its signers, its repository, its annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sealock.errors import UsageError
from sealock.model.imagename import ImageName, parse
from sealock.model.registries import canonical_host
from sealock.text import count
from sealock.trust.cosign.keys import PublicKey
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.refusal import SignatureRefusedError

ASKED: Final = ""
"""Only the repository in the reference."""
ANY: Final = "*"
"""Any repository, as for cosign."""


class SignerIdentity(Struct, frozen=True):
    """A keyless signer to trust: the certificate's subject, in which `*` is any text, and its OIDC issuer."""

    subject: str
    issuer: str

    def fits(self, subject: str, issuer: str) -> bool:
        """Whether a certificate's subject and issuer match."""
        return issuer == self.issuer and _like(self.subject, subject)


class CosignRequirements(Struct, frozen=True):
    """The requirements. `threshold` different ones of `keys` and `identities` must have signed.

    `repository` is the one that the signature must be for: ASKED, ANY, or a name, as example.com/app. Bundles name none
    unless their signer added it; they are accepted unless `named_only` is set. The payload must have all `annotations`.
    `trusted_root` is Sigstore's JSON with the trusted authorities and logs; identities need it.
    """

    keys: tuple[PublicKey, ...] = ()
    identities: tuple[SignerIdentity, ...] = ()
    trusted_root: bytes = b""
    threshold: int = 1
    repository: str = ASKED
    named_only: bool = False
    annotations: Mapping[str, str] = {}

    def check(self) -> None:
        """Raise UsageError where no signer can meet them, or every signer; TargetError for an invalid trusted root."""
        if not self.keys and not self.identities:
            msg = "which signer do you trust? Name a key, or an identity and its issuer"
            raise UsageError(msg)
        if any(
            not identity.subject.strip("*") or not identity.issuer or "*" in identity.issuer
            for identity in self.identities
        ):
            msg = "an identity cannot be just *, and its issuer must be literal: anyone can get a certificate somewhere"
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
            named = count(len(self.keys) + len(self.identities), "signer")
            msg = f"the threshold is {self.threshold}, and {named} can sign"
            raise UsageError(msg)


def check_repository(claimed: str, asked: ImageName, expected: CosignRequirements) -> str:
    """Check the repository that a signature names; return a note, "" for none."""
    if expected.repository == ANY:
        return ""
    required = asked if expected.repository == ASKED else parse(expected.repository) or asked
    if not claimed:
        if expected.named_only:
            raise SignatureRefusedError(check="repository", why="it names no repository")
        return "the signature names no repository: it would be valid for copies of the image anywhere"
    named = parse(claimed)
    if named is None or _repository(named) != _repository(required):
        why = f"it was made for the repository {claimed[:200]}, not for {required.familiar}"
        raise SignatureRefusedError(check="repository", why=why)
    return ""


def _repository(name: ImageName) -> tuple[str, str]:
    return canonical_host(name.registry), name.repository


def check_annotations(annotations: Mapping[str, object], expected: CosignRequirements) -> None:
    """Refuse a signature without one of the required annotations."""
    for key, value in expected.annotations.items():
        if annotations.get(key) != value:
            actual = f"is {_annotation(annotations[key])}" if key in annotations else "is missing"
            why = f"its annotation {key[:100]} should be {value[:100]!r} and {actual}"
            raise SignatureRefusedError(check="annotation", why=why)


def _annotation(value: object) -> str:
    """Show an annotation's value, so that the number 1 and the text "1" differ."""
    return repr(value[:100]) if isinstance(value, str) else f"{str(value)[:100]}, which is not a text"


def _like(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which * is any text, in linear time."""
    first, *middle = pattern.split("*")
    if not middle:
        return text == pattern
    last = middle.pop()
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        start = text.find(part, at, end)
        if start < 0:
            return False
        at = start + len(part)
    return True
