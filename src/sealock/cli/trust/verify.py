"""`sealock trust verify`: whether references are trusted, and which digests they stand for."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import WIDTH, complain, width
from sealock.cli.trust import bypolicy, notation
from sealock.cli.trust.common import add_output, add_server, name_of, setup_of, tell, told
from sealock.cli.trust.cosign import add_verifying, asked_for, verify
from sealock.errors import SealockError, TrustError, UsageError

if TYPE_CHECKING:
    from sealock.trust.notary.client import Setup
    from sealock.trust.notary.result import RoleState, VerifiedTag

EPILOG: Final = """\
Without options, where sealock.toml has a [trust] table: each image must meet what the policy asks of it. A file or a
folder in place of a reference stands for all images that it names.

cosign (with --key or --identity): the digest must be signed under its tag sha256-HEX.sig or by a bundle that refers to
it, for the repository that is asked for. --attestation asks for statements about it instead.

Notation (with --notation): a signature that refers to the digest must come with a chain of certificates that leads to
one in the trust stores that the trust policy names for the repository, or to an --authority.

Content trust (Notary v1): the tag must be signed in the repository's trust data, whose root is pinned by certificate
(--pin, or trust_pinning in Docker's or Notary's config.json), by an authority that issued the certificate
(--pin-authority, trust_pinning), or by what was there at first use. What was seen is kept where Docker keeps it, in
$DOCKER_CONFIG/trust, so that nothing older is believed later. Use the digest that is printed: a tag may be moved.

exit status:
  0  every reference is trusted
  1  one is not
  2  of one it could not be told: a server is down, a file is missing
"""
_RESTS: Final = {
    "certificate": "pinned by certificate",
    "authority": "issued by the pinned authority",
    "first use": "trusted at first use, which was now: compare it with what the publisher says",
    "earlier use": "follows from what was trusted before",
}


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("references", nargs="+", metavar="REF", help="an image reference; by policy, a file too")
    parser.add_argument(
        "--pin", action="append", default=[], metavar="ID", help="the id of the root certificate to trust (may repeat)"
    )
    parser.add_argument("--pin-authority", metavar="FILE", help="the authority (PEM) that issued the root certificate")
    parser.add_argument("--no-first-use", action="store_true", help="trust no root at first use that is not pinned")
    add_server(parser)
    add_verifying(parser)
    notation.add_verifying(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if arguments.notation:
        if arguments.key or arguments.identity or arguments.pin or arguments.pin_authority or arguments.server:
            msg = "--notation does not go with cosign's --key and --identity, nor with Notary's --pin and --server"
            raise UsageError(msg)
        return notation.verify(arguments)
    if any(getattr(arguments, one) for one in notation.VERIFYING):
        words = ", ".join("--" + one.replace("_", "-") for one in notation.VERIFYING)
        msg = f"{words} are Notation's, and go with --notation"
        raise UsageError(msg)
    if asked_for(arguments):
        if arguments.pin or arguments.pin_authority or arguments.no_first_use or arguments.server:
            msg = "--key and --identity are cosign's, and do not go with Notary's --pin and --server"
            raise UsageError(msg)
        return verify(arguments)
    if not (arguments.pin or arguments.pin_authority or arguments.no_first_use or arguments.server):
        policy = bypolicy.policy_for(arguments)
        if policy is not None:
            return bypolicy.verify(arguments, policy)
    from sealock.trust.notary.client import evaluate  # noqa: PLC0415  loads HTTP

    setup = _pinned(setup_of(arguments), arguments)
    found: list[tuple[str, VerifiedTag | SealockError]] = []
    for text in arguments.references:
        try:
            found.append((text, evaluate(name_of(text), setup)))
        except SealockError as error:
            found.append((text, error))
    if arguments.format == "json":
        tables = [_table(text, one) for text, one in found]
        tell(json.dumps({"references": tables}, indent=2) + "\n", arguments)
    else:
        columns = WIDTH if arguments.output else width()
        known = [_lines(text, one, columns) for text, one in found if _known(one)]
        tell("\n".join("".join(f"{line}\n" for line in lines) for lines in known), arguments)
    for text, one in found:
        if isinstance(one, SealockError) and not isinstance(one, TrustError):
            complain(f"whether {text} is trusted could not be told: {one}")
    if not all(_known(one) for _, one in found):
        return 2
    return 1 if any(isinstance(one, TrustError) for _, one in found) else 0


def _known(verified_tag: VerifiedTag | SealockError) -> bool:
    return isinstance(verified_tag, TrustError) or not isinstance(verified_tag, SealockError)


def _pinned(setup: Setup, arguments: Namespace) -> Setup:
    """The setup with what the options pin, which is in place of what any configuration pins."""
    from pathlib import Path  # noqa: PLC0415  seldom needed

    from msgspec import structs  # noqa: PLC0415  configuring does without

    from sealock.trust.notary.client import loading  # noqa: PLC0415  loads HTTP
    from sealock.trust.pins import Pin, Pins  # noqa: PLC0415  as above

    for one in arguments.pin:
        if len(one) != 64 or set(one.lower()) - set("0123456789abcdef"):
            msg = f"--pin {one}: the id of a certificate has 64 hexadecimal digits; `sealock trust list` shows it"
            raise UsageError(msg)
    if arguments.pin and arguments.pin_authority:
        msg = "--pin and --pin-authority cannot both be given"
        raise UsageError(msg)
    if arguments.pin:
        ids = frozenset(one.lower() for one in arguments.pin)
        return structs.replace(setup, pin=Pin(ids=ids, source="--pin"))
    if arguments.pin_authority:
        authorities = loading(Path.cwd())(arguments.pin_authority)
        return structs.replace(setup, pin=Pin(authorities=authorities, source="--pin-authority"))
    return structs.replace(setup, pins=Pins(first_use=not arguments.no_first_use))


def _lines(text: str, verified_tag: VerifiedTag | SealockError, columns: int) -> Iterator[str]:
    from sealock.text import count, visible  # noqa: PLC0415  configuring does without
    from sealock.trust.notary.result import brief  # noqa: PLC0415  as above

    if isinstance(verified_tag, SealockError):
        yield f"{visible(text)} is not trusted"
        yield from told("why", str(verified_tag), columns)
        return
    yield f"{visible(text)} is trusted"
    yield f"  digest     {verified_tag.digest}"
    tag, root, timestamp = verified_tag.signed_by, verified_tag.roles[0], verified_tag.roles[1]
    rows = {
        "signed": f"as {verified_tag.tag.tag} by {tag.role}, key {brief(tag.keys)}{_when(tag)}",
        "root": f"version {root.version}, certificate {brief(root.keys)}: {_RESTS[verified_tag.rests_on]}",
        "fresh": f"timestamp {timestamp.version}{_when(timestamp)}; the whole holds until {_day(verified_tag.expires)}",
        "server": f"{verified_tag.server}, asked {count(verified_tag.requests, 'time')}",
    }
    for label, value in rows.items():
        yield from told(label, value, columns)
    for note in verified_tag.notes:
        yield from told("note", note, columns)


def _when(role: RoleState) -> str:
    return f", about {_day(role.signed)}" if role.signed else ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _table(text: str, verified_tag: VerifiedTag | SealockError) -> dict[str, Any]:
    if isinstance(verified_tag, SealockError):
        if not isinstance(verified_tag, TrustError):
            return {"reference": text, "verdict": "unknown", "error": str(verified_tag)}
        return {
            "reference": text,
            "verdict": "untrusted",
            "check": getattr(verified_tag, "check", "other"),
            "reason": str(verified_tag),
        }
    return {
        "reference": text,
        "verdict": "trusted",
        "repository": verified_tag.repository,
        "tag": verified_tag.tag.tag,
        "digest": verified_tag.digest,
        "length": verified_tag.tag.length,
        "signed_by": verified_tag.tag.role,
        "rests_on": verified_tag.rests_on,
        "expires": verified_tag.expires.isoformat(),
        "server": verified_tag.server,
        "requests": verified_tag.requests,
        "roles": [
            {
                "role": role.role,
                "version": role.version,
                "keys": list(role.keys),
                "signed_about": role.signed.isoformat() if role.signed else None,
                "expires": role.expires.isoformat(),
            }
            for role in verified_tag.roles
        ],
        "notes": list(verified_tag.notes),
    }
