"""The options of `sealock check` that send its results to the scanning service."""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from typing import Final

from sealock.errors import UsageError
from sealock.model.report import Report

_PARTS: Final = ("since", "benchmark", "diff", "only")
"""Options with which a check has only a part of the results."""


def add_reporting(group: _ArgumentGroup) -> None:
    """Add the options."""
    group.add_argument(
        "--report-to",
        default="",
        metavar="URL",
        help="also send the results to the scanning service there (`sealock serve`), with the token in $SEALOCK_TOKEN",
    )
    group.add_argument("--token-file", default="", metavar="FILE", help="with --report-to: the file with the token")


def reporting_token(arguments: Namespace) -> str:
    """The token for --report-to, "" without it; UsageError where there is none, or only a part would be sent."""
    if not arguments.report_to:
        return ""
    for option in _PARTS:
        if getattr(arguments, option):
            msg = f"--report-to sends all results, so it cannot be used with --{option}"
            raise UsageError(msg)
    from sealock.scan.reporting import read_token  # noqa: PLC0415  loads HTTP

    return read_token(arguments.token_file)


def send(report: Report, arguments: Namespace, token: str) -> None:
    """Send the report; TransportError where the service does not take it."""
    from sealock.scan.reporting import send_report  # noqa: PLC0415  loads HTTP

    targets = arguments.targets
    whole = "container:*" in targets or ("host" in targets and arguments.containers)
    send_report(report, arguments.report_to, token, complete=whole)
