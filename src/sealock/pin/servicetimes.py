"""When a scanning service (`sealock serve`) first saw a tag name a digest: an age that no publisher can backdate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from sealock.errors import UNDECODABLE, TransportError
from sealock.model.imagename import ImageName
from sealock.net.http import HttpTransport
from sealock.net.scanningservice import VARIABLE, service_address
from sealock.text import visible

_ANSWER: Final = 64 << 10
_LAST: Final = 253402300799
"""The last second of the year 9999."""


class _Seen(Struct):
    first_seen: Annotated[float, Meta(ge=0, le=_LAST)]


class ServiceTimes:
    """Asks a service for times, with a token of the role read; UsageError for an address that is none."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = service_address(address), token

    def first_seen(self, name: ImageName) -> datetime | None:
        """When it first saw the digest; None where it did not, or this token may not know.

        TransportError where it does not answer as a service: an age that is unknown must not look like one.
        """
        url = f"{self._address}/api/v1/first-seen?digest={name.digest}"
        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        with HttpTransport().request("GET", url, headers=headers) as answer:
            data = answer.read(_ANSWER)
            if answer.status == 404 and b'"error"' in data:
                return None
            try:
                if answer.status == 200:
                    return datetime.fromtimestamp(msgspec.json.decode(data, type=_Seen).first_seen, UTC)
                why = f"answers with status {answer.status}"
            except UNDECODABLE:
                why = "answers with something else"
        hint = f"is it a sealock service, and does the token in ${VARIABLE} hold?"
        msg = f"{visible(self._address)} {why} when asked for the age of {name.digest}: {hint}"
        raise TransportError(msg)
