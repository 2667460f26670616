"""The requirements for a Notation signature: trusted certificates, subjects, and strictness."""

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
"""The kind of trust store for each signing scheme."""


class Anchor(Struct, frozen=True):
    """A trusted certificate (DER), the kind of its store, and its file."""

    der: bytes
    kind: AnchorKind = "ca"
    source: str = ""


class RevocationList(Struct, frozen=True):
    """A certificate revocation list (PEM or DER), and its file."""

    der: bytes
    source: str = ""


class NotationRequirements(Struct, frozen=True):
    """The requirements: the signature's chain leads to one of `anchors`, and the signer is one of `identities`.

    Without identities, everyone with a certificate from an anchor may sign. `actions` are for failed validations, as in
    a trust policy; by default all are enforced. The payload must have all `annotations`.
    """

    anchors: tuple[Anchor, ...]
    identities: tuple[CertificateSubject, ...] = ()
    actions: Mapping[str, Action] = {}
    annotations: Mapping[str, str] = {}
    revoked: tuple[RevocationList, ...] = ()

    def check(self) -> None:
        """Raise UsageError where no signer can meet them."""
        if not any(anchor.kind != "tsa" for anchor in self.anchors):
            msg = "which signer do you trust? Name the certificate of an authority"
            raise UsageError(msg)


def by_statement(
    statement: PolicyStatement, anchors: tuple[Anchor, ...], annotations: Mapping[str, str] | None = None
) -> NotationRequirements:
    """The requirements of a trust policy's statement, with the certificates of its stores."""
    return NotationRequirements(anchors, statement.identities, statement.actions, annotations or {})
