"""`sealock trust migrate`: sign with cosign the digests that Docker Content Trust signed."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final

from msgspec import to_builtins

from sealock.cli.output import WIDTH, complain, width, write
from sealock.cli.trust.common import add_output, add_server, name_of, print_output, registry_of, setup_of
from sealock.cli.trust.cosign import open_key
from sealock.errors import TrustError
from sealock.text import count, fit, line
from sealock.trust.migration import GOOD, Migration, MigrationRecord, MigrationStep, migrate
from sealock.trust.notary.client import signed_tags

EPILOG: Final = """\
It verifies every signed tag again, and skips a tag that is gone or has another digest at the registry by now. Then it
signs the same digests with the key, and verifies each new signature. The record has a line of JSON for each tag. A
second run continues where the first ended, and signs nothing twice.

exit status:
  0  every selected tag is signed
  1  some were skipped, because they moved or are gone; or no signed tag matches --tags
  2  something did not verify, or could not be verified; the output has the reasons
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("repository", metavar="REPO", help="a repository with content trust, as example.com/app")
    parser.add_argument(
        "--to", choices=("cosign",), default="cosign", help="the new signatures' system (default: cosign)"
    )
    parser.add_argument("--key", required=True, metavar="FILE", help="the private key: cosign's own file, or PEM")
    parser.add_argument(
        "--form",
        choices=("bundle", "tag"),
        default="bundle",
        help="a bundle, which cosign 3 verifies, or a tag, which cosign 2 verifies too (default: bundle)",
    )
    parser.add_argument("--tags", action="append", default=[], metavar="PATTERN", help="only these tags (may repeat)")
    parser.add_argument("--record", default="", metavar="FILE", help="the record (default: migration.jsonl here)")
    parser.add_argument("--dry-run", action="store_true", help="verify, and print what would be signed")
    add_server(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
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
    how = Migration(registry_of(arguments), key, arguments.form, tuple(arguments.tags), arguments.dry_run)
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
        print_output(json.dumps({"steps": to_builtins(steps)}, indent=2) + "\n", arguments)
    else:
        print_output("".join(line for step in steps for line in _lines(step, columns)) + which, arguments)
    if not steps:
        complain(f"none of {count(len(signed), 'signed tag')} of {arguments.repository} matches --tags")
        return 1
    if any(step.outcome == "failed" for step in steps):
        return 2
    return 0 if all(step.outcome in GOOD for step in steps) else 1


def _lines(step: MigrationStep, columns: int) -> Iterator[str]:
    """Describe a step: the tag's outcome, and why where it is not signed."""
    about = f"{step.outcome:<13}  {line(step.tag, 60)}  {step.digest[:19]}…  verified by {step.verified_by}"
    yield f"{fit(about, columns)}\n"
    if step.why:
        yield f"{'':<15}{line(step.why)}\n"
