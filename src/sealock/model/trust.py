"""Whether an image is trusted, whoever vouches for it: one noun for Notary, cosign and Notation, and for policies."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

Voucher: TypeAlias = Literal["notary", "cosign", "notation"]
TrustState: TypeAlias = Literal["trusted", "untrusted", "unknown"]
"""Unknown: it could not be told, because a server is down or a file is missing. That is never a pass."""


class Signer(Struct, frozen=True):
    """Who made a signature that verified. `key` is the SHA-256 of the public key's DER in hexadecimal.

    `name` is what a certificate says ("alice@example.org"), "" for a bare key; `issuer` who vouches for that name.
    `signed` is when, as far as something that was verified says so; `where` is where the signature was found.
    """

    key: str
    name: str = ""
    issuer: str = ""
    signed: datetime | None = None
    where: str = ""


class TrustResult(Struct, frozen=True):
    """What verification of one digest came to.

    `check` names the test that failed ("unsigned", "signature", "repository", ...), "" where it is trusted. `why` says
    in words why it is not trusted, or could not be told. `notes` are what else a person should know.
    """

    by: Voucher
    reference: str
    digest: str
    state: TrustState
    check: str = ""
    why: str = ""
    signers: tuple[Signer, ...] = ()
    notes: tuple[str, ...] = ()
