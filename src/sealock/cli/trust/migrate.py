"""`sealock trust migrate`: sign with cosign what Docker Content Trust vouches for."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sealock.cli.output import WIDTH, complain, width, write
from sealock.cli.trust.common import add_output, add_server, name_of, setup_of, tell
from sealock.cli.trust.cosign import open_key

if TYPE_CHECKING:
    from sealock.trust.migration import MigrationStep

EPILOG: Final = """\
Every signed tag is verified once more; a tag that the registry gives another digest for by now is left out, and so is
what is gone. The same digests are then signed with the key, and each signature is verified. The record has a line of
JSON for each tag; a second run goes on where the first ended, and signs nothing twice.

exit status:
  0  every tag that was asked for is signed
  1  some were left out, for they moved or are gone; or no signed tag is as --tags asks
  2  something did not verify, or could not be told: the reasons are told
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("repository", metavar="REPO", help="a repository with content trust, such as example.com/app")
    parser.add_argument(
        "--to", choices=("cosign",), default="cosign", help="whose signatures to make (default: cosign)"
    )
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key: cosign's own file, or PEM")
    parser.add_argument(
        "--form",
        choices=("bundle", "tag"),
        default="bundle",
        help="a bundle, which cosign 3 verifies, or a tag, which cosign 2 does too (default: bundle)",
    )
    parser.add_argument(
        "--tags", action="append", default=[], metavar="PATTERN", help="of these tags only (may repeat)"
    )
    parser.add_argument("--record", default="", metavar="FILE", help="the record (default: migration.jsonl here)")
    parser.add_argument("--dry-run", action="store_true", help="verify, and tell what would be signed")
    add_server(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    from msgspec import to_builtins  # noqa: PLC0415  configuring does without

    from sealock.cli.registries import registries  # noqa: PLC0415  loads the policy
    from sealock.errors import TrustError  # noqa: PLC0415  as above
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP
    from sealock.text import count  # noqa: PLC0415  as above
    from sealock.trust.migration import GOOD, Migration, MigrationRecord, migrate  # noqa: PLC0415  loads all kinds of trust
    from sealock.trust.notary.client import signed_tags  # noqa: PLC0415  as above

    name = name_of(arguments.repository, tag=False)
    try:
        key = open_key(arguments.key)
    except TrustError as error:
        complain(f"{error}; nothing is signed")
        return 2
    record = MigrationRecord(arguments.record or "migration.jsonl")
    try:
        signed = signed_tags(name, setup_of(arguments))
    except TrustError as error:
        complain(f"{arguments.repository} is not trusted, so nothing is signed: {error}")
        return 2
    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))
    how = Migration(registry, key, arguments.form, tuple(arguments.tags), arguments.dry_run)
    steps: list[MigrationStep] = []
    columns, at_once = WIDTH if arguments.output else width(), arguments.format == "text" and not arguments.output
    for step in migrate(name, signed, how, record):
        steps.append(step)
        if at_once:
            write("".join(_lines(step, columns)))
    good = sum(step.outcome in GOOD for step in steps)
    which = f"{good} of {len(steps)} tags {'can be' if arguments.dry_run else 'are'} signed by {key.public.id[:12]}"
    which += "\n" if arguments.dry_run else f"; the record is {record.path}\n"
    if at_once:
        write(which)
    elif arguments.format == "json":
        tell(json.dumps({"steps": to_builtins(steps)}, indent=2) + "\n", arguments)
    else:
        tell("".join(line for step in steps for line in _lines(step, columns)) + which, arguments)
    if not steps:
        complain(f"none of {count(len(signed), 'signed tag')} of {arguments.repository} was asked for: see --tags")
        return 1
    if any(step.outcome == "failed" for step in steps):
        return 2
    return 0 if all(step.outcome in GOOD for step in steps) else 1


def _lines(step: MigrationStep, columns: int) -> Iterator[str]:
    """A step in words: what became of the tag, and why where that is not well."""
    from sealock.text import fit, line  # noqa: PLC0415  configuring does without

    about = f"{step.outcome:<13}  {line(step.tag, 60)}  {step.digest[:19]}…  verified by {step.verified_by}"
    yield f"{fit(about, columns)}\n"
    if step.why:
        yield f"{'':<15}{line(step.why)}\n"
