"""Notation's part of `sealock trust verify` and `sign`."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, Namespace
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from sealock.cli.output import write
from sealock.cli.trust.common import (
    KEY_PASSPHRASE,
    annotations_of,
    ask_passphrase,
    name_of,
    open_image,
    read_file,
    registry_of,
)
from sealock.errors import SealockError, UsageError
from sealock.model.trust import TrustResult
from sealock.trust.notation import signer
from sealock.trust.notation.names import read_subject
from sealock.trust.notation.policy import LEVELS, PolicyDocument, PolicyStatement
from sealock.trust.notation.requirements import Anchor, NotationRequirements, by_statement
from sealock.trust.notation.store import (
    anchors_of,
    default_key,
    notation_directory,
    open_policy,
    read_anchors,
    read_revoked,
)
from sealock.trust.notation.verifier import verify_notation

VERIFYING: Final = ("authority", "subject", "stamper", "trust_policy", "level", "revoked")
_LEVELS: Final = ("strict", "permissive", "audit")
_MOST_DAYS: Final = 36500


def add_verifying(parser: ArgumentParser) -> None:
    """Add Notation's options of `verify`."""
    group = parser.add_argument_group("notation", "verify Notation's signatures instead of Notary's trust data")
    group.add_argument(
        "--notation",
        action="store_true",
        help="verify by notation's trust policy and trust stores (~/.config/notation), or by --authority",
    )
    group.add_argument("--trust-policy", metavar="FILE", help="the trust policy (default: notation's own)")
    group.add_argument(
        "--authority",
        action="append",
        default=[],
        metavar="FILE",
        help="instead of a trust policy: trust signers that this certificate certifies (may repeat)",
    )
    group.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="NAME",
        help="with --authority: trust only this subject: 'C=US, ST=WA, O=example' (may repeat)",
    )
    group.add_argument(
        "--stamper",
        action="append",
        default=[],
        metavar="FILE",
        help="with --authority: trust time stamps that this certificate certifies (may repeat)",
    )
    group.add_argument("--level", choices=_LEVELS, help="with --authority: how strictly (default: strict)")
    group.add_argument(
        "--revoked", action="append", default=[], metavar="FILE", help="a certificate revocation list (may repeat)"
    )


def add_signing(parser: ArgumentParser) -> None:
    """Add Notation's options of `sign`."""
    group = parser.add_argument_group("notation", "sign as notation does instead of in Notary's trust data")
    group.add_argument(
        "--notation", action="store_true", help="sign with --key and --certificate, or with notation's default key"
    )
    group.add_argument(
        "--certificate", metavar="FILE", help="the key's certificate chain (PEM), the signer's first, a root last"
    )
    group.add_argument("--expires", metavar="DAYS", help="when the signature expires: 90d, 12h (default: never)")


def verify(arguments: Namespace) -> list[TrustResult]:
    """Verify Notation's signatures."""
    verifier = _Verifier(arguments)
    return [verifier.verify(text) for text in arguments.references]


class _Verifier:
    """Verifies references by the options, or by notation's own configuration."""

    def __init__(self, arguments: Namespace) -> None:
        self.directory = notation_directory(os.environ)
        self.annotations = annotations_of(arguments)
        self.revoked = tuple(read_revoked(path) for path in arguments.revoked)
        self.document: PolicyDocument | None = None
        self.given = NotationRequirements(())
        self.stores: dict[str, tuple[Anchor, ...]] = {}
        if arguments.authority:
            if arguments.trust_policy:
                msg = "--authority replaces a trust policy, so it does not go with --trust-policy"
                raise UsageError(msg)
            self.given = self._given(arguments)
        else:
            if arguments.subject or arguments.level or arguments.stamper:
                msg = "--subject, --stamper and --level go with --authority; a trust policy has its own"
                raise UsageError(msg)
            self.document = open_policy(self.directory, arguments.trust_policy or "")
        self.registry = registry_of(arguments)

    def _given(self, arguments: Namespace) -> NotationRequirements:
        # A named certificate counts for both signing schemes: who names a file trusts it.
        anchors = [
            anchor
            for path in arguments.authority
            for kind in ("ca", "signingAuthority")
            for anchor in read_anchors(path, kind)
        ]
        anchors += [anchor for path in arguments.stamper for anchor in read_anchors(path, "tsa")]
        return NotationRequirements(
            tuple(anchors),
            tuple(read_subject(subject) for subject in arguments.subject),
            LEVELS[arguments.level or "strict"],
            self.annotations,
            self.revoked,
        )

    def verify(self, text: str) -> TrustResult:
        """Verify one reference."""
        name = name_of(text)
        try:
            if self.document is None:
                digest = name.digest or self.registry.claim(name).digest
                return replace(verify_notation(self.registry, name, digest, self.given), reference=text)
            statement = self.document.applying(name)
            if statement is None:
                why = f"{self.document.source} has no statement for {name.registry}/{name.repository}"
                return TrustResult("notation", text, "", "untrusted", "policy", why)
            policy, level = statement.name, statement.level
            if level == "skip":
                why = f"the statement {policy} of the trust policy says skip"
                unverified = TrustResult("notation", text, name.digest or "", "unknown", "skipped", why)
                return replace(unverified, accepted=True, policy=policy, level=level)
            digest = name.digest or self.registry.claim(name).digest
            result = verify_notation(self.registry, name, digest, self._expected(statement))
            return replace(result, reference=text, policy=policy, level=level)
        except UsageError:
            raise
        except SealockError as error:
            return TrustResult("notation", text, "", "unknown", "unavailable", str(error))

    def _expected(self, statement: PolicyStatement) -> NotationRequirements:
        if statement.name not in self.stores:
            self.stores[statement.name] = anchors_of(statement, self.directory)
        expected = by_statement(statement, self.stores[statement.name], self.annotations)
        return replace(expected, revoked=self.revoked)


def sign(arguments: Namespace) -> int:
    """Sign as notation does, and return the exit status."""
    if bool(arguments.key) != bool(arguments.certificate):
        msg = "--key and --certificate go together; without both, notation's default key signs"
        raise UsageError(msg)
    lifetime = _lifetime(arguments.expires) if arguments.expires else None
    key_file, chain_file = arguments.key, arguments.certificate
    if not key_file:
        key_file, chain_file = default_key(notation_directory(os.environ))
    chain = tuple(anchor.der for anchor in read_anchors(chain_file))
    key = signer.signing_key(
        read_file(key_file).encode(), chain, key_file, lambda: ask_passphrase(key_file, KEY_PASSPHRASE)
    )
    name = name_of(arguments.reference)
    registry, digest = open_image(arguments, name)
    made = signer.sign(registry, name, digest, key, annotations=annotations_of(arguments), lifetime=lifetime)
    write(f"{name.familiar}@{digest} is signed by {key.name}\n{made.where}\n")
    return 0


def _lifetime(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([dh])", text)
    lifetime = timedelta(**{"days" if match[2] == "d" else "hours": int(match[1])}) if match else timedelta()
    if not timedelta() < lifetime <= timedelta(days=_MOST_DAYS):
        msg = f"--expires {text}: expected a number of days or hours, for example 90d or 12h"
        raise UsageError(msg)
    return lifetime
