"""Sends the messages of the outbox: signed, to public addresses, without following redirects."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from sealock.errors import SealockError
from sealock.net.http import AddressGuard
from sealock.net.transport import Transport
from sealock.service.delivery.outbox import OutgoingMessage, collect, delivered, failed, take
from sealock.service.delivery.signatures import sign
from sealock.service.delivery.webhooks import open_transport
from sealock.service.state.database import Database
from sealock.service.views.nouns import EventRow

_LOG: Final = logging.getLogger("sealock.service")
_ANSWER: Final = 16 << 10
_PAUSE: Final = 5.0
"""Seconds between looks at the outbox."""


class Unsealer(Protocol):
    """Decrypts what the state has encrypted."""

    def unseal(self, data: bytes, /) -> str:
        """The text; SealockError where the key is another."""


class _Data(Struct, frozen=True):
    events: tuple[EventRow, ...]


class _Payload(Struct, frozen=True):
    """The form of Standard Webhooks: a type, a time of RFC 3339, and the data."""

    type: str
    timestamp: str
    data: _Data


class Sender:
    """Sends what is due. `unsealer` decrypts the secrets of webhooks; `clock` gives seconds since 1970."""

    def __init__(
        self,
        database: Database,
        unsealer: Unsealer,
        guard: AddressGuard,
        *,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._unsealer, self._clock = database, unsealer, clock
        self._transport = transport or open_transport(guard)

    def run(self, stop: Event, pause: float = _PAUSE) -> None:
        """Send until `stop` is set. What fails is logged, and tried again."""
        while not stop.wait(pause):
            try:
                self.send_due(stop)
            except Exception as error:  # noqa: BLE001  without this thread no message would be sent any more
                _LOG.warning("messages to webhooks wait: %s", " ".join(str(error).split())[:300])

    def send_due(self, stop: Event | None = None) -> int:
        """Send all that is due now; give the number of messages that arrived."""
        collect(self._database, self._clock())
        arrived = 0
        while (stop is None or not stop.is_set()) and (waiting := take(self._database, self._clock())) is not None:
            arrived += self._send(waiting)
        return arrived

    def _send(self, waiting: OutgoingMessage) -> bool:
        try:
            body = _body(waiting)
            secret = self._unsealer.unseal(waiting.secret)
            headers = sign(secret, waiting.uid, int(self._clock()), body) | {"content-type": "application/json"}
            with self._transport.request("POST", waiting.url, headers=headers, body=body) as answer:
                status = answer.status
                answer.read(_ANSWER)
        except SealockError as error:
            failed(self._database, waiting, str(error)[:500], self._clock())
            return False
        if 200 <= status < 300:
            delivered(self._database, waiting, self._clock())
            return True
        why = f"the receiver answered {status}"
        if 300 <= status < 400:
            why += ", a redirect, which is not followed: write the final address"
        failed(self._database, waiting, why, self._clock(), gone=status == 410)
        return False


def _body(waiting: OutgoingMessage) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(waiting.made))
    payload: Any = _Payload("sealock.events", at, _Data(waiting.events))
    return msgspec.json.encode(payload)
