"""Whether an image is trusted: one result for Notary, cosign, Notation and the trust policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

TrustSystem: TypeAlias = Literal["notary", "cosign", "notation", "policy"]
TrustState: TypeAlias = Literal["trusted", "untrusted", "unknown"]
"""Unknown: sealock could not verify it, because a server is down or a file is missing. That is never a pass."""
RootBasis: TypeAlias = Literal["certificate", "authority", "first use", "earlier use"]
"""What the trust in a Notary root rests on: a pin, or trust on first use."""


class Signer(Struct, frozen=True):
    """Who made a signature that verified. `key` is the SHA-256 of the public key's DER in hexadecimal.

    `name` is the certificate's subject ("alice@example.org") or Notary's role, "" for a bare key; `issuer` certifies
    that name. `signed` is the verified signing time, None where there is none; `where` is the signature's place, and
    `source` the file that the key came from. `logged` is when a trusted transparency log took the signature in: the
    signer cannot choose it. None where no log says so.
    """

    key: str
    name: str = ""
    issuer: str = ""
    signed: datetime | None = None
    where: str = ""
    source: str = ""
    logged: datetime | None = None


class Attestation(Struct, frozen=True):
    """A verified in-toto statement about the image. `predicate` is JSON of the form that its type has."""

    predicate_type: str
    predicate: Any
    signer: Signer


class RoleState(Struct, frozen=True):
    """One verified file of Notary metadata: its version, expiry and the keys that signed it.

    `signed` is about when it was signed, estimated from Notary's usual lifetimes; None where that is impossible.
    """

    role: str
    version: int
    expires: datetime
    keys: tuple[str, ...]
    signed: datetime | None


class SignedTag(Struct, frozen=True):
    """A tag in Notary's targets: the digest and length (bytes) of its manifest, and the role that signs it."""

    tag: str
    digest: str
    length: int
    role: str


class SignedRepository(Struct, frozen=True):
    """The signed tags of a repository, the ids of its root certificates, and what the trust in them rests on."""

    repository: str
    tags: tuple[SignedTag, ...]
    root: tuple[str, ...]
    rests_on: RootBasis


class VerifiedTag(Struct, frozen=True):
    """A tag that Notary's metadata verifies. `roles` are all the metadata files that it rests on, root first."""

    repository: str
    tag: SignedTag
    rests_on: RootBasis
    server: str
    roles: tuple[RoleState, ...]
    requests: int
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The digest that the tag was signed for."""
        return self.tag.digest

    @property
    def signed_by(self) -> RoleState:
        """The role that signs the tag."""
        return next(role for role in self.roles if role.role == self.tag.role)

    @property
    def expires(self) -> datetime:
        """When the first of the roles expires."""
        return min(role.expires for role in self.roles)


class TrustResult(Struct, frozen=True):
    """The result of verifying one image in one system, or by a policy.

    `check` names the test that failed ("unsigned", "signature", "repository", ...), "" for a trusted image; `why` says
    why it is not trusted or could not be verified. `accepted` is set where a policy lets an image pass that is not
    trusted. `policy` and `level` name the policy's statement and its strictness. `kind` is what was verified. `checks`
    are the results of all that a policy requires; `verified_tag` is what Notary's metadata says.
    """

    system: TrustSystem
    reference: str
    digest: str
    state: TrustState
    check: str = ""
    why: str = ""
    signers: tuple[Signer, ...] = ()
    notes: tuple[str, ...] = ()
    accepted: bool = False
    policy: str = ""
    level: str = ""
    kind: Literal["signature", "attestation"] = "signature"
    attestations: tuple[Attestation, ...] = ()
    checks: Mapping[str, TrustResult] = {}
    verified_tag: VerifiedTag | None = None

    @property
    def passes(self) -> bool:
        """Whether the image may be used: it is trusted, or the policy accepts it unverified."""
        return self.state == "trusted" or self.accepted


def exit_status(results: Iterable[TrustResult]) -> int:
    """Map results to an exit status: 0 where all pass, 2 where one could not be verified, else 1."""
    states = {result.state for result in results if not result.passes}
    return 2 if "unknown" in states else 1 if states else 0
