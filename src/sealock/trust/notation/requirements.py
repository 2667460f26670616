"""What somebody who verifies expects: certificates of authorities, whose subjects, and how strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.errors import UsageError
from sealock.trust.notation.envelope import SigningScheme
from sealock.trust.notation.names import CertificateSubject
from sealock.trust.notation.policy import Action, PolicyStatement

AnchorKind: TypeAlias = Literal["ca", "signingAuthority", "tsa"]
SCHEMES: Final[Mapping[SigningScheme, AnchorKind]] = {
    "notary.x509": "ca",
    "notary.x509.signingAuthority": "signingAuthority",
}
"""Which kind of trust store counts for which scheme."""


class Anchor(Struct, frozen=True):
    """A certificate (DER) that is trusted, the kind of store that it is in, and the file that it came from."""

    der: bytes
    kind: AnchorKind = "ca"
    source: str = ""


class RevocationList(Struct, frozen=True):
    """A certificate revocation list (DER) that was given, and the file that it came from."""

    der: bytes
    source: str = ""


class NotationRequirements(Struct, frozen=True):
    """What must hold: a chain of the signature leads to one of `anchors`, and the signer is one of `identities`.

    Without identities, whoever has a certificate from an anchor may sign. `actions` say what comes of a validation that
    fails, as in a trust policy; by default all are enforced. `annotations` must all be in what was signed.
    """

    anchors: tuple[Anchor, ...]
    identities: tuple[CertificateSubject, ...] = ()
    actions: Mapping[str, Action] = {}
    annotations: Mapping[str, str] = {}
    revoked: tuple[RevocationList, ...] = ()

    def check(self) -> None:
        """Raise UsageError where nobody could meet it."""
        if not any(anchor.kind != "tsa" for anchor in self.anchors):
            msg = "whose signature is to be trusted? Name a certificate of an authority"
            raise UsageError(msg)


def by_statement(
    statement: PolicyStatement, anchors: tuple[Anchor, ...], annotations: Mapping[str, str] | None = None
) -> NotationRequirements:
    """What a statement of a trust policy expects, with the certificates of its stores."""
    return NotationRequirements(anchors, statement.identities, statement.actions, annotations or {})
