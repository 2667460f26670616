"""`sealock check --since` and `sealock ci`: check what changed since a commit."""

from __future__ import annotations

from argparse import Namespace

from msgspec.structs import replace

from sealock.cli.output import Progress, write_reports
from sealock.errors import UsageError
from sealock.scan.settings import Settings
from sealock.scan.since import Since, check_since


def run_since(arguments: Namespace, settings: Settings, *, remote_first: bool = False) -> int:
    """Check what changed since `arguments.since`, write the reports, and return the exit status.

    UsageError for options that mean all findings.
    """
    refuse_with_since(arguments)
    since = Since(arguments.since, remote_first=remote_first)
    with Progress(quiet=arguments.quiet) as progress:
        report = check_since(arguments.targets, since, settings, progress)
    report = replace(report, exit_zero="--exit-zero" if arguments.exit_zero else "")
    write_reports(report, arguments)
    return report.status


def refuse_with_since(arguments: Namespace) -> None:
    """Raise UsageError for options that mean all findings, or change files."""
    options = {"--fix": arguments.fix, "--diff": arguments.diff, "--write-baseline": arguments.write_baseline,
               "--benchmark": arguments.benchmark}  # fmt: skip
    for option, given in options.items():
        if given:
            message = f"{option} does not go with --since, which reports what is new"
            raise UsageError(message)
