"""`sealock init`: writes a policy to start from."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.output import complain, write
from sealock.errors import UsageError
from sealock.targets.outputs import write_output

TEMPLATE: Final = """\
# The policy of this project: https://toml.io. Each setting below stands with its default; remove the # to change it.

# The lowest severity that makes `sealock check` fail: info, low, medium, high or critical.
# fail-on = "high"

# Whether a file that sealock recognises and cannot evaluate yet is an error.
# fail-on-skipped = false

# The lowest severity that is reported. What makes the run fail is reported in any case.
# min-severity = "info"

# Whether documentation, examples and tests are checked (README.md, docs/, examples/, tests/ and the like): what is
# found there is one severity lower.
# examples = true

# Whether a directory in which nothing can be checked is an error.
# require-targets = false

# Rules that do not run, and pedantic rules that do: `sealock rules` lists all.
# skip = ["C053"]
# enable = ["B130"]

# Paths that a walk leaves out, relative to this file.
# exclude = ["vendor/**", "docs/*.md"]

# Registries that images may come from; others are reported by C086.
# registries = ["docker.io", "ghcr.io/acme"]

# [severity]
# C040 = "low"

# A finding that is accepted, with the reason and the last day.
# [[ignore]]
# rule = "C046"
# files = ["compose.yaml"]
# subject = "service db"
# reason = "the image changes its user itself"
# until = 2027-01-31

# How long a digest must have been seen before `sealock pin` takes it.
# [pin]
# min-age = "7d"

# What commands of coding agents may be given at most: `sealock run --for agent`.
# [agent]
# hosts = ["packages.example.net"]
# time-limit = "1h"

# Who must have signed which images; `sealock trust verify FILE` applies it.
# [trust]
# default = "accept"
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--output", "-o", metavar="FILE", default="sealock.toml", help="the file to write (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    if arguments.output is None:
        write(TEMPLATE)
        return 0
    if os.path.lexists(arguments.output) and not arguments.force:
        msg = f"{arguments.output} exists: edit it, or overwrite it with --force"
        raise UsageError(msg)
    write_output(arguments.output, TEMPLATE)
    complain(f"wrote {arguments.output}; every setting in it is a comment with the default")
    return 0
