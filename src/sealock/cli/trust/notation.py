"""Notation's part of `sealock trust verify` and `sign`."""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import WIDTH, complain, width, write
from sealock.cli.trust.common import name_of, read_file, tell, told
from sealock.cli.trust.cosign import annotations_of, open_image
from sealock.errors import SealockError, UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from sealock.model.imagename import ImageName
    from sealock.model.trust import TrustResult
    from sealock.trust.notation.policy import PolicyDocument, PolicyStatement
    from sealock.trust.notation.requirements import Anchor, NotationRequirements

PASSPHRASE: Final = "SEALOCK_KEY_PASSPHRASE"  # noqa: S105  the name of a variable
VERIFYING: Final = ("authority", "subject", "stamper", "trust_policy", "level", "revoked")
_LEVELS: Final = ("strict", "permissive", "audit")
_MOST_DAYS: Final = 36500


def add_verifying(parser: ArgumentParser) -> None:
    """Add Notation's options of `verify`."""
    group = parser.add_argument_group("notation", "verify Notation's signatures rather than Notary's trust data")
    group.add_argument(
        "--notation",
        action="store_true",
        help="verify by notation's trust policy and trust stores (~/.config/notation), or by --authority",
    )
    group.add_argument(
        "--trust-policy", metavar="FILE", help="the trust policy (default: notation's own, where it keeps it)"
    )
    group.add_argument(
        "--authority",
        action="append",
        default=[],
        metavar="FILE",
        help="in place of a trust policy: trust whom this certificate vouches for (may repeat)",
    )
    group.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="NAME",
        help="of those only: 'C=US, ST=WA, O=example' (may repeat)",
    )
    group.add_argument(
        "--stamper",
        action="append",
        default=[],
        metavar="FILE",
        help="with --authority: trust time stamps that this certificate vouches for (may repeat)",
    )
    group.add_argument("--level", choices=_LEVELS, help="how strictly, with --authority (default: strict)")
    group.add_argument(
        "--revoked", action="append", default=[], metavar="FILE", help="a certificate revocation list (may repeat)"
    )


def add_signing(parser: ArgumentParser) -> None:
    """Add Notation's options of `sign`."""
    group = parser.add_argument_group("notation", "sign as notation does rather than in Notary's trust data")
    group.add_argument(
        "--notation", action="store_true", help="sign with --key and --certificate, or with notation's default key"
    )
    group.add_argument(
        "--certificate", metavar="FILE", help="the key's certificates (PEM), the signer's first, a root last"
    )
    group.add_argument("--expires", metavar="DAYS", help="how long the signature holds: 90d, 12h (default: for good)")


class _Found:
    """What came of one reference."""

    def __init__(self, text: str, result: TrustResult, *, passes: bool, policy: str = "") -> None:
        self.text, self.result, self.passes, self.policy = text, result, passes, policy

    @property
    def status(self) -> int:
        if self.passes:
            return 0
        return 2 if self.result.state == "unknown" else 1


def verify(arguments: Namespace) -> int:
    """Verify Notation's signatures, and return the exit status."""
    evaluate = _Judge(arguments)
    found = [evaluate.one(text) for text in arguments.references]
    if arguments.format == "json":
        tell(json.dumps({"references": [_table(one) for one in found]}, indent=2) + "\n", arguments)
    else:
        columns = WIDTH if arguments.output else width()
        parts = [_lines(one, columns) for one in found if one.status != 2]
        tell("\n".join("".join(f"{line}\n" for line in lines) for lines in parts), arguments)
    for one in found:
        if one.status == 2:
            complain(f"whether {one.text} is trusted could not be told: {one.result.why}")
    return max((one.status for one in found), default=0)


class _Judge:
    """Verifies references by what the options say, or by notation's own configuration."""

    def __init__(self, arguments: Namespace) -> None:
        from sealock.cli.registries import registries  # noqa: PLC0415  loads the policy
        from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP
        from sealock.trust.notation.store import notation_folder, open_policy, read_revoked  # noqa: PLC0415  as above

        self.folder = notation_folder(os.environ)
        self.annotations = annotations_of(arguments)
        self.revoked = tuple(read_revoked(one) for one in arguments.revoked)
        self.document: PolicyDocument | None = None
        self.given: NotationRequirements | None = None
        self.stores: dict[str, tuple[Anchor, ...]] = {}
        if arguments.authority:
            if arguments.trust_policy:
                msg = "--authority is in place of a trust policy, so --trust-policy does not go with it"
                raise UsageError(msg)
            self.given = self._given(arguments)
        else:
            if arguments.subject or arguments.level or arguments.stamper:
                msg = "--subject, --stamper and --level go with --authority; a trust policy says them itself"
                raise UsageError(msg)
            self.document = open_policy(self.folder, arguments.trust_policy or "")
        self.registry = open_registry(registries(arguments.policy, none=arguments.no_policy))

    def _given(self, arguments: Namespace) -> NotationRequirements:
        from sealock.trust.notation.names import read_subject  # noqa: PLC0415  as above
        from sealock.trust.notation.policy import LEVELS  # noqa: PLC0415  as above
        from sealock.trust.notation.requirements import NotationRequirements  # noqa: PLC0415  configuring does without
        from sealock.trust.notation.store import read_anchors  # noqa: PLC0415  as above

        # Whose schemes they are for is not asked: a person who names a file trusts it.
        anchors = [
            read_anchor
            for file in arguments.authority
            for kind in ("ca", "signingAuthority")
            for read_anchor in read_anchors(file, kind)
        ]
        anchors += [read_anchor for file in arguments.stamper for read_anchor in read_anchors(file, "tsa")]
        return NotationRequirements(
            tuple(anchors),
            tuple(read_subject(one) for one in arguments.subject),
            LEVELS[arguments.level or "strict"],
            self.annotations,
            self.revoked,
        )

    def one(self, text: str) -> _Found:
        """Judge one reference."""
        from sealock.model.trust import TrustResult  # noqa: PLC0415  configuring does without
        from sealock.trust.notation.verifier import evaluate  # noqa: PLC0415  as above

        name = name_of(text)
        statement = None
        try:
            if self.document is not None:
                statement = self.document.applying(name)
                if statement is None:
                    why = f"{self.document.source} says nothing of {name.registry}/{name.repository}"
                    return _Found(text, TrustResult("notation", text, "", "untrusted", "policy", why), passes=False)
                if statement.level == "skip":
                    why = f"nothing of it was verified: {_spelled(statement)} says skip"
                    result = TrustResult("notation", text, name.digest or "", "unknown", "skipped", why)
                    return _Found(text, result, passes=True, policy=_spelled(statement))
            digest = name.digest or self.registry.claim(name).digest
            evaluated = evaluate(self.registry, name, digest, self._expected(statement))
        except UsageError:
            raise
        except SealockError as error:
            result = TrustResult("notation", text, "", "unknown", "unavailable", str(error))
            return _Found(text, result, passes=False)
        policy = _spelled(statement) if statement else ""
        return _Found(text, evaluated.result, passes=evaluated.passes, policy=policy)

    def _expected(self, statement: PolicyStatement | None) -> NotationRequirements:
        from msgspec.structs import replace  # noqa: PLC0415  configuring does without

        from sealock.trust.notation.requirements import by_statement  # noqa: PLC0415  as above
        from sealock.trust.notation.store import anchors_of  # noqa: PLC0415  as above

        if statement is None:
            assert self.given is not None  # noqa: S101  one of the two is there
            return self.given
        if statement.name not in self.stores:
            self.stores[statement.name] = anchors_of(statement, self.folder)
        expected = by_statement(statement, self.stores[statement.name], self.annotations)
        return replace(expected, revoked=self.revoked)


def _spelled(statement: PolicyStatement) -> str:
    return f"{statement.name} ({statement.level})"


def _lines(_found: _Found, columns: int) -> Iterator[str]:
    from sealock.text import visible  # noqa: PLC0415  configuring does without

    result = _found.result
    if result.state == "unknown":
        yield f"{visible(_found.text)} is let pass, unverified"
    elif result.state == "untrusted":
        yield f"{visible(_found.text)} is not trusted{', and is let pass' if _found.passes else ''}"
    else:
        yield f"{visible(_found.text)} is trusted"
    if result.digest:
        yield f"  digest     {result.digest}"
    if result.why:
        yield from told("why", result.why, columns)
    for signer in result.signers:
        signed = f", on {signer.signed:%Y-%m-%d}" if signer.signed else ""
        yield from told("signed", f"by {signer.name}{signed}", columns)
        if signer.issuer != signer.name:
            yield from told("vouched", f"by {signer.issuer}", columns)
        yield from told("found", signer.where, columns)
    if _found.policy:
        yield from told("policy", _found.policy, columns)
    for note in result.notes:
        yield from told("note", note, columns)


def _table(_found: _Found) -> dict[str, Any]:
    result = _found.result
    table: dict[str, Any] = {
        "reference": _found.text,
        "verdict": result.state,
        "by": result.by,
        "digest": result.digest,
        "passes": _found.passes,
        "policy": _found.policy or None,
    }
    if result.state == "unknown":
        table["error"] = result.why
    elif result.state == "untrusted":
        table |= {"check": result.check, "reason": result.why}
    table["signers"] = [
        {
            "key": signer.key,
            "name": signer.name,
            "issuer": signer.issuer,
            "signed": signer.signed.isoformat() if signer.signed else None,
            "where": signer.where,
        }
        for signer in result.signers
    ]
    table["notes"] = list(result.notes)
    return table


def sign(arguments: Namespace) -> int:
    """Sign as notation does, and return the exit status."""
    from sealock.trust.notation import signer  # noqa: PLC0415  configuring does without
    from sealock.trust.notation.store import default_key, notation_folder, read_anchors  # noqa: PLC0415  as above

    if bool(arguments.key) != bool(arguments.certificate):
        msg = "--key and --certificate go together; without both, notation's default key signs"
        raise UsageError(msg)
    holds = _span(arguments.expires) if arguments.expires else None
    key_file, chain_file = arguments.key, arguments.certificate
    if not key_file:
        key_file, chain_file = default_key(notation_folder(os.environ))
    chain = tuple(read_anchor.der for read_anchor in read_anchors(chain_file))
    key = signer.signing_key(read_file(key_file).encode(), chain, key_file, lambda: _passphrase(key_file))
    name: ImageName = name_of(arguments.reference)
    registry, digest = open_image(arguments, name)
    made = signer.sign(registry, name, digest, key, annotations=annotations_of(arguments), holds=holds)
    write(f"{name.familiar}@{digest} is signed by {key.name}\n{made.where}\n")
    return 0


def _span(text: str) -> timedelta:
    from datetime import timedelta  # noqa: PLC0415  seldom needed

    found = re.fullmatch(r"(\d{1,6})([dh])", text)
    span = timedelta(**{"days" if found[2] == "d" else "hours": int(found[1])}) if found else timedelta()
    if not timedelta() < span <= timedelta(days=_MOST_DAYS):
        msg = f"--expires {text}: a number of days or hours is wanted, such as 90d or 12h"
        raise UsageError(msg)
    return span


def _passphrase(path: str) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        msg = f"the passphrase of {path} is needed: set ${PASSPHRASE}, or run this on a terminal"
        raise UsageError(msg)
    from getpass import getpass  # noqa: PLC0415  seldom needed

    return getpass(f"Passphrase for {path}: ")
