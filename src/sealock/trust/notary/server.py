"""Speaks with a notary server: fetches metadata, asks for the server's keys, publishes, rotates, deletes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from secrets import token_hex
from time import monotonic
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from sealock.errors import TransportError
from sealock.net.registry.redaction import redact, secrets_of
from sealock.net.transport import Response, Transport, shown
from sealock.trust.notary.metadata import NotaryKey, read_key
from sealock.trust.refusal import MetadataRefusedError

_SAID: Final = 64 << 10
"""Bytes of an error, or of a key, that are read."""
_SLACK: Final = 512 << 10
"""More than one piece of a body, so that what is too large shows itself here, where it is a refusal."""
HUB: Final = "https://notary.docker.io"
_CLOSING: Final = "Docker shuts this server down on 2026-12-08, and images on Docker Hub are signed there no longer"
_LONGEST: Final = 120.0
"""Seconds from the first request to the last one at the most, however many roots a server has us follow."""


class SignIn(Protocol):
    """Makes the headers that authenticate a client, from the server's challenge."""

    def __call__(self, challenge: str, url: str, repository: str, actions: str, /) -> Mapping[str, str]:
        """Answer a WWW-Authenticate header that came from `url`; no headers where there are no credentials."""


def address_of(registry: str, override: str = "") -> str:
    """The notary server of a registry: the one that is named, else Docker's own for docker.io, else the registry's."""
    if override:
        given = override if "://" in override else f"https://{override}"
        if urlsplit(given).scheme not in {"https", "http"}:
            msg = f"{shown(given)} is not the address of a notary server: https://HOST[:PORT] is"
            raise TransportError(msg)
        return given.rstrip("/")
    return HUB if registry == "docker.io" else f"https://{registry}"


class Server:
    """One repository's trust data at one server. `requests` counts what was asked."""

    def __init__(self, transport: Transport, address: str, gun: str, sign_in: SignIn | None = None) -> None:
        self.address, self.gun, self.requests = address, gun, 0
        self._transport, self._sign_in = transport, sign_in
        self._base = f"{address}/v2/{quote(gun, safe='/:')}/_trust/tuf/"
        self._headers: Mapping[str, str] = {}
        self._begun = 0.0

    def get(self, name: str, role: str, limit: int, /) -> bytes | None:
        """Fetch a file of metadata; see workflow.Source. What is declared, or comes, beyond `limit` is refused."""
        with self._ask("GET", f"{name}.json") as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise self._failed(answer)
            declared = answer.headers.get("content-length", "")
            if declared.isdecimal() and (len(declared) > 12 or int(declared) > limit):
                raise self._too_large(role, limit, f"is said to have {declared[:12]} bytes")
            parts: list[bytes] = []
            size = 0
            for chunk in answer.chunks(limit + _SLACK):
                size += len(chunk)
                if size > limit:
                    raise self._too_large(role, limit, "does not end")
                parts.append(chunk)
            raw = b"".join(parts)
            if raw.lstrip()[:1] == b"<":
                msg = (
                    f"{shown(answer.url)} answers with a web page where trust data should be: is the address right, and"
                    " does a proxy or a sign-in page stand between?"
                )
                raise TransportError(msg)
            return raw

    def _too_large(self, role: str, limit: int, how: str) -> MetadataRefusedError:
        why = f"the {role} metadata of {self.gun} {how}; {limit} are taken at the most"
        return MetadataRefusedError(check="size", why=why)

    def key(self, role: str) -> NotaryKey:
        """Give the server's public key for a role (timestamp, snapshot), which it makes if it has none."""
        return self._key("GET", role)

    def rotate(self, role: str) -> NotaryKey:
        """Have the server make a new key for a role, and give its public half."""
        return self._key("POST", role)

    def _key(self, method: str, role: str) -> NotaryKey:
        with self._ask(method, f"{role}.key", pushing=True) as answer:
            if answer.status != 200:
                raise self._failed(answer)
            return read_key(answer.read(_SAID), f"the server's {role} key for {self.gun}")

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Send metadata, all at once; the server takes all of it or none."""
        border = f"sealock-{token_hex(16)}"
        parts: list[bytes] = []
        for role, raw in files.items():
            head = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{role}"\r\n'
            parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", raw, b"\r\n"]
        parts.append(f"--{border}--\r\n".encode())
        headers = {"content-type": f"multipart/form-data; boundary={border}"}
        with self._ask("POST", "", headers=headers, body=b"".join(parts), pushing=True) as answer:
            if answer.status != 200:
                raise self._failed(answer)

    def delete(self) -> None:
        """Delete all trust data of the repository."""
        with self._ask("DELETE", "", pushing=True) as answer:
            if answer.status != 200:
                raise self._failed(answer)

    def _ask(
        self,
        method: str,
        name: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        pushing: bool = False,
    ) -> Response:
        """Send a request; where the server wants to know who asks, sign in and send it once more."""
        answer = self._send(method, name, headers or {}, body)
        if answer.status != 401 or self._sign_in is None:
            return answer
        answer.close()
        actions = "push,pull" if pushing else "pull"
        self._headers = self._sign_in(answer.headers.get("www-authenticate", ""), answer.url, self.gun, actions)
        return self._send(method, name, headers or {}, body)

    def _send(self, method: str, name: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        self.requests += 1
        self._begun = self._begun or monotonic()
        if monotonic() - self._begun > _LONGEST:
            msg = f"{shown(self.address)} takes more than {_LONGEST:.0f} s to tell of {self.gun}: try again later"
            raise TransportError(msg)
        try:
            return self._transport.request(method, self._base + name, headers={**headers, **self._headers}, body=body)
        except TransportError as error:
            if self.address != HUB:
                raise
            msg = f"{error}; {_CLOSING}"
            raise TransportError(msg) from None

    def _failed(self, answer: Response) -> TransportError:
        """What the server's answer means, and what to do."""
        status, where = answer.status, shown(self.address)
        if status in {401, 403}:
            return TransportError(f"{where} does not let you in to {self.gun} (status {status}): docker login first")
        if status >= 500 or status == 429:
            return TransportError(f"{where} cannot answer now (status {status}): try again later, or look at its log")
        return TransportError(f"{where} refused it (status {status}){self._words(answer)}")

    def _words(self, answer: Response) -> str:
        """What the server gives as its reason."""
        try:
            table = json.loads(answer.read(_SAID))
            error = table["errors"][0]
            said = [str(error["message"])]
            detail = error.get("detail")
            if isinstance(detail, dict) and isinstance(detail.get("Error"), dict):
                said += [str(one) for one in detail["Error"].values()]
        except (TransportError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return ""
        secrets = tuple(secrets_of(self._headers.get("authorization", "")))
        return f": {'; '.join(redact(one, secrets)[:300] for one in said)}"
