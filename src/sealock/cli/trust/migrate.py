"""`sealock trust migrate`: sign with cosign the digests that Docker Content Trust signed."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final

from msgspec import to_builtins
from msgspec.structs import replace

from sealock.cli.output import WIDTH, complain, print_output, width, write
from sealock.cli.registries import policy_of
from sealock.cli.trust.common import add_output, add_server, name_of
from sealock.cli.trust.cosign import open_key
from sealock.cli.trust.notary import add_pins, pinned
from sealock.errors import SigningError, TrustError, UsageError
from sealock.model.imagename import ImageName
from sealock.model.trust import SignedRepository
from sealock.net.registry.clientconfig import open_registry
from sealock.policy.settings import Policy
from sealock.reports.trust import BASES
from sealock.text import count, fit, is_or_are, line
from sealock.trust.bypolicy import notary_setup
from sealock.trust.migration import GOOD, Migration, MigrationRecord, MigrationStep, migrate
from sealock.trust.notary.client import Setup, gun_of, signed_repository

EPILOG: Final = """\
It verifies every signed tag again, and skips a tag that is gone, has another digest at the registry by now, or is
refused by the policy. Then it signs the same digests with the key, and verifies each new signature. The record has a
line of JSON for each tag. A second run continues where the first ended, and signs nothing twice.

The root must be pinned: by the policy's entry for the repository (notary = { pins = … } or authority), by --pin or
--pin-authority, or by trust_pinning in Docker's config.json; or it must follow from one that was trusted here before. A
root that is seen for the first time is trusted only with --first-use: compare its id with what the publisher says.

exit status:
  0  every selected tag is signed
  1  some were skipped, because they moved, are gone or are refused; or no signed tag matches --tags
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
    add_pins(parser)
    parser.add_argument("--first-use", action="store_true", help="trust a root that is seen for the first time")
    add_server(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    name = name_of(arguments.repository, tag=False)
    try:
        key = open_key(arguments.key)
    except SigningError as error:
        complain(f"{error}; nothing is signed")
        return 2
    record = MigrationRecord(arguments.record or "migration.jsonl")
    applied = policy_of(arguments.policy, none=arguments.no_policy)
    policy = applied[1] if applied else Policy()
    try:
        signed = _verified(name, policy, arguments)
    except TrustError as error:
        complain(f"{arguments.repository} is not trusted, so nothing is signed: {error}")
        return 2
    registry = open_registry(policy.access)
    how = Migration(registry, key, arguments.form, tuple(arguments.tags), policy.trust, arguments.dry_run)
    steps: list[MigrationStep] = []
    columns, at_once = WIDTH if arguments.output else width(), arguments.format == "text" and not arguments.output
    root = f"root {', '.join(signed.root)}: {BASES[signed.rests_on]}\n"
    if at_once:
        write(root)
    for step in migrate(name, signed, how, record):
        steps.append(step)
        if at_once:
            write("".join(_lines(step, columns)))
    good = sum(step.outcome in GOOD for step in steps)
    verb = "can be" if arguments.dry_run else is_or_are(good)
    which = f"{good} of {count(len(steps), 'tag')} {verb} signed by {key.public.id[:12]}"
    which += "\n" if arguments.dry_run else f"; the record is {record.path}\n"
    if at_once:
        write(which)
    elif arguments.format == "json":
        table = {"repository": signed.repository, "root": list(signed.root), "rests_on": signed.rests_on}
        print_output(json.dumps(table | {"steps": to_builtins(steps)}, indent=2) + "\n", arguments.output)
    else:
        lines = "".join(line for step in steps for line in _lines(step, columns))
        print_output(f"{root}{lines}{which}", arguments.output)
    if not steps:
        complain(f"none of {count(len(signed.tags), 'signed tag')} of {arguments.repository} matches --tags")
        return 1
    if any(step.outcome == "failed" for step in steps):
        return 2
    return 0 if all(step.outcome in GOOD for step in steps) else 1


def _verified(name: ImageName, policy: Policy, arguments: Namespace) -> SignedRepository:
    """Verify the repository under every pin that applies: those of the policy, else those of the options."""
    needs = [entry.notary for entry in policy.trust.about_repository(name) if entry.notary is not None]
    if not needs:
        setup = Setup(os.environ, server=arguments.server, registries=policy.access)
        setup = pinned(setup, arguments, first_use=arguments.first_use)
        if not setup.pins.first_use:
            hint = "pin its root with --pin ID or in the policy, or add --first-use"
            setup = replace(setup, pins=replace(setup.pins, source=hint))
        return signed_repository(name, setup)
    if arguments.pin or arguments.pin_authority:
        message = f"the trust policy pins the root of {gun_of(name)}: change it there, or add --no-policy"
        raise UsageError(message)
    signed = SignedRepository(gun_of(name), (), (), "first use")
    for need in needs:
        setup = notary_setup(need, os.environ, policy.access)
        setup = replace(setup, server=arguments.server or setup.server)
        if setup.pin is not None and arguments.first_use:
            setup = replace(setup, pin=replace(setup.pin, first_use=True))
        signed = signed_repository(name, setup)
    return signed


def _lines(step: MigrationStep, columns: int) -> Iterator[str]:
    """Describe a step: the tag's outcome, and why where it is not signed."""
    about = f"{step.outcome:<13}  {line(step.tag, 60)}  {step.digest[:19]}…  verified by {step.verified_by}"
    yield f"{fit(about, columns)}\n"
    if step.why:
        yield f"{'':<15}{line(step.why)}\n"
