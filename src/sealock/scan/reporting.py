"""Sends the results of a check to the scanning service."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sealock.errors import TransportError, UsageError, reason_of
from sealock.model.report import Report
from sealock.net.http import HttpTransport
from sealock.net.scanningservice import VARIABLE, is_token, service_address
from sealock.net.transport import BrokenOffError, Transport, shown
from sealock.reports.hostreport import host_report, render_host_report

PATH: Final = "/api/v1/reports"
_ATTEMPTS: Final = 4
_ANSWER: Final = 64 << 10
_TOKEN: Final = 4096
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


def send_report(  # noqa: PLR0913  what tests put in place of the network
    report: Report,
    url: str,
    token: str,
    *,
    complete: bool,
    host: str = "",
    transport: Transport | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Send a report to the service at a URL; TransportError where it does not take it.

    `complete`: the containers are all that the host has. `host` is the name to report under, "" for the machine's.
    """
    address = f"{service_address(url)}{PATH}"
    body = render_host_report(host_report(report, host or platform.node() or "unknown", complete=complete))
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    sender = transport or HttpTransport()
    for attempt in range(_ATTEMPTS):
        last = attempt == _ATTEMPTS - 1
        try:
            with sender.request("POST", address, headers=headers, body=body) as answer:
                if answer.status in {200, 201, 202, 204}:
                    return
                why = " ".join(answer.read(_ANSWER).decode("utf-8", "replace").split())[:300]
                if last or answer.status not in _TRANSIENT:
                    msg = f"the report was not taken: {shown(address)} answers with status {answer.status}: {why}"
                    raise TransportError(msg)
        except BrokenOffError as error:
            if last:
                msg = f"the report could not be sent: {error}"
                raise TransportError(msg) from None
        pause(2.0**attempt)


def read_token(path: str, environment: Mapping[str, str] = os.environ) -> str:
    """The token in a file, or else in $SEALOCK_TOKEN; UsageError where there is none."""
    if path:
        try:
            text = Path(path).read_text(encoding="ascii", errors="replace")[:_TOKEN]
        except OSError as error:
            msg = f"the token in {path} cannot be read: {reason_of(error)}"
            raise UsageError(msg) from None
    else:
        text = environment.get(VARIABLE, "")
    token = text.strip()
    if not is_token(token):
        where = f"{path} holds" if path else f"${VARIABLE} holds"
        msg = (
            f"{where} no token: a report needs one that may submit (set ${VARIABLE}, or name a file with --token-file)"
        )
        raise UsageError(msg)
    return token
