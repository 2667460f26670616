"""`sealock trust list`: the signed tags of a repository, and the keys that sign for it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from sealock.cli.output import print_output
from sealock.cli.trust.common import add_output, add_server, name_of, setup_of
from sealock.reports.page import table
from sealock.text import count, visible
from sealock.trust.notary.client import opened
from sealock.trust.notary.keys import canonical_id
from sealock.trust.notary.result import root_names, states, tags_of
from sealock.trust.notary.roles import RELEASES
from sealock.trust.notary.trusted import TrustedMetadata


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")
    add_server(parser)
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        trusted = repository.trusted()
    if arguments.format == "json":
        print_output(json.dumps(_table(trusted), indent=2) + "\n", arguments.output)
    else:
        print_output("".join(f"{line}\n" for line in _lines(trusted)), arguments.output)
    return 0


def _lines(trusted: TrustedMetadata) -> Iterator[str]:
    tags = list(tags_of(trusted))
    yield f"{trusted.gun}: {count(len(tags), 'signed tag')}"
    rows = [(visible(tag.tag), tag.digest, "" if tag.role == "targets" else tag.role) for tag in tags]
    yield from table(rows, indent=2)
    yield "keys"
    roles = trusted.root.body.roles
    keys = [("root", f"{name}  ({visible(about)})") for name, about in root_names(trusted.root.body)]
    keys += [(role, name) for role in ("targets", "snapshot", "timestamp") for name in roles[role].keys]
    yield from table(keys, indent=2)
    targets = trusted.targets["targets"].body
    if targets.delegations:
        yield "delegations"
    for delegation in targets.delegations:
        paths = ", ".join(path or "everything" for path in delegation.paths) or "nothing"
        counts = "" if delegation.name == RELEASES else "; clients do not accept its tags"
        needs = f"; {delegation.role.threshold} must sign" if delegation.role.threshold > 1 else ""
        yield f"  {visible(delegation.name)}, for {visible(paths)}{needs}{counts}"
        yield from (f"    {canonical_id(targets.keys[name])}" for name in delegation.role.keys)
    yield "metadata"
    metadata = []
    for state in states(trusted):
        about = f", signed about {state.signed:%Y-%m-%d}" if state.signed else ""
        metadata.append((state.role, f"version {state.version}{about}, until {state.expires:%Y-%m-%d}"))
    yield from table(metadata, indent=2)


def _table(trusted: TrustedMetadata) -> dict[str, Any]:

    targets = trusted.targets["targets"].body
    return {
        "repository": trusted.gun,
        "rests_on": trusted.rests_on,
        "tags": [
            {"tag": tag.tag, "digest": tag.digest, "length": tag.length, "signed_by": tag.role}
            for tag in tags_of(trusted)
        ],
        "keys": {name: list(role.keys) for name, role in trusted.root.body.roles.items()},
        "delegations": [
            {
                "name": delegation.name,
                "keys": [canonical_id(targets.keys[name]) for name in delegation.role.keys],
                "paths": list(delegation.paths),
                "threshold": delegation.role.threshold,
            }
            for delegation in targets.delegations
        ],
        "metadata": [
            {"role": state.role, "version": state.version, "expires": state.expires.isoformat()}
            for state in states(trusted)
        ],
    }
