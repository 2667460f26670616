"""Sends references to a service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sealock.cli.output import write
from sealock.errors import TransportError, UsageError
from sealock.net.http import HttpTransport
from sealock.net.registry.names import reference
from sealock.net.scanningservice import service_address, token_of

_ANSWER: Final = 64 << 10


def submit(name: str, to: str, environment: Mapping[str, str]) -> int:
    """Have a service scan an image; the exit status is 0 when it took the request."""
    if not name:
        msg = "serve submit needs an image: sealock serve submit REF --to URL"
        raise UsageError(msg)
    address, token = service_of(to, environment)
    reference(name)
    post(address, token, "submissions", {"images": [name]})
    write(f"{name} waits for its scan at {address}\n")
    return 0


def service_of(to: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The address of the service without a slash at its end, and the token; UsageError where one is missing."""
    address = to or environment.get("SEALOCK_SERVE_URL", "")
    if not address:
        msg = "the service is not named: give --to URL, or set SEALOCK_SERVE_URL"
        raise UsageError(msg)
    return service_address(address), token_of(environment, "submit")


def post(address: str, token: str, what: str, body: object) -> None:
    """Send JSON to an endpoint; TransportError with the service's words where it refuses."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    url = f"{address}/api/v1/{what}"
    with HttpTransport().request("POST", url, headers=headers, body=json.dumps(body).encode()) as answer:
        data = answer.read(_ANSWER)
        if 200 <= answer.status < 300:
            return
        try:
            words = str(json.loads(data)["error"])
        except (ValueError, KeyError, TypeError):
            words = "it answers with something else than a sealock service: is the address right?"
        msg = f"{address} refuses the request ({answer.status}): {words}"
        raise TransportError(msg)
