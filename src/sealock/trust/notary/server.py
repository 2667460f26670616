"""A notary server's API: fetches metadata and server keys, publishes, rotates, deletes."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from time import monotonic
from typing import Final, Protocol
from urllib.parse import quote

from sealock.errors import TransportError
from sealock.formats.jsonobject import decode_object
from sealock.net.registry.redaction import redact, secrets_of
from sealock.net.transport import Response, Transport, parts_of, shown
from sealock.trust.notary.metadata import NotaryKey, read_key
from sealock.trust.refusal import MetadataRefusedError

_MOST_ANSWER: Final = 64 << 10
"""Maximum bytes of an error or a key."""
_SLACK: Final = 512 << 10
"""More than one chunk, so that an oversized body is refused here, as metadata."""
HUB: Final = "https://notary.docker.io"
_CLOSING: Final = "Docker shuts this server down on 2026-12-08, and no longer signs images on Docker Hub there"
_DIGITS: Final = 18
"""Maximum digits of a size that is read as a number."""
_LONGEST: Final = 120.0
"""Maximum seconds from the first request to the last, for any number of roots."""


class SignIn(Protocol):
    """Makes the headers that authenticate a client, from the server's challenge."""

    def __call__(self, challenge: str, url: str, repository: str, actions: str, /) -> Mapping[str, str]:
        """Answer a WWW-Authenticate header that came from `url`; no headers where there are no credentials."""


def address_of(registry: str, override: str = "") -> str:
    """The notary server of a registry: the named one, or Docker's own for docker.io, or the registry's."""
    if override:
        given = override if "://" in override else f"https://{override}"
        if parts_of(given).scheme not in {"https", "http"}:
            msg = f"{shown(given)} is not the address of a notary server: use https://HOST[:PORT]"
            raise TransportError(msg)
        return given.rstrip("/")
    return HUB if registry == "docker.io" else f"https://{registry}"


class Server:
    """One repository's trust data at one server. `requests` counts the requests."""

    def __init__(self, transport: Transport, address: str, gun: str, sign_in: SignIn | None = None) -> None:
        self.address, self.gun, self.requests = address, gun, 0
        self._transport, self._sign_in = transport, sign_in
        self._base = f"{address}/v2/{quote(gun, safe='/:')}/_trust/tuf/"
        self._headers: Mapping[str, str] = {}
        self._begun = 0.0

    def get(self, name: str, role: str, limit: int, /) -> bytes | None:
        """Fetch a file of metadata; see workflow.MetadataSource. A size beyond `limit` is refused."""
        with self._ask("GET", f"{name}.json") as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise self._failed(answer)
            declared = answer.headers.get("content-length", "")
            if declared.isdecimal() and (len(declared) > _DIGITS or int(declared) > limit):
                stated = f"{declared} bytes" if len(declared) <= _DIGITS else f"a size of {len(declared)} digits"
                raise self._too_large(role, limit, f"is said to have {stated}")
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
                    f"{shown(answer.url)} answers with a web page instead of trust data: is the address right, or is"
                    " there a proxy or a sign-in page in between?"
                )
                raise TransportError(msg)
            return raw

    def _too_large(self, role: str, limit: int, how: str) -> MetadataRefusedError:
        why = f"the {role} metadata of {self.gun} {how}; the limit is {limit}"
        return MetadataRefusedError(check="size", why=why)

    def key(self, role: str) -> NotaryKey:
        """Return the server's public key for a role (timestamp, snapshot), which it creates if necessary."""
        return self._key("GET", role)

    def rotate(self, role: str) -> NotaryKey:
        """Have the server create a new key for a role, and return its public half."""
        return self._key("POST", role)

    def _key(self, method: str, role: str) -> NotaryKey:
        with self._ask(method, f"{role}.key", pushing=True) as answer:
            if answer.status != 200:
                raise self._failed(answer)
            return read_key(answer.read(_MOST_ANSWER), f"the server's {role} key for {self.gun}")

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Publish metadata together; the server accepts all of it or none."""
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
        """Send a request; where the server requires authentication, sign in and send it again."""
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
            msg = f"{shown(self.address)} takes more than {_LONGEST:.0f} s to answer for {self.gun}: try again later"
            raise TransportError(msg)
        try:
            return self._transport.request(method, self._base + name, headers={**headers, **self._headers}, body=body)
        except TransportError as error:
            if self.address != HUB:
                raise
            msg = f"{error}; {_CLOSING}"
            raise TransportError(msg) from None

    def _failed(self, answer: Response) -> TransportError:
        """Explain an error status, and what to do."""
        status, where = answer.status, shown(self.address)
        if status in {401, 403}:
            return TransportError(f"{where} denies access to {self.gun} (status {status}): docker login first")
        if status >= 500 or status == 429:
            return TransportError(f"{where} cannot answer now (status {status}): try again later, or read its log")
        return TransportError(f"{where} refused it (status {status}){self._words(answer)}")

    def _words(self, answer: Response) -> str:
        """The reason in the server's answer."""
        try:
            table = decode_object(answer.read(_MOST_ANSWER).decode("utf-8", "replace"))
        except TransportError:
            return ""
        error = next(table.objects("errors"), table)
        if not (message := error.text("message")):
            return ""
        reasons = [message, *map(str, error.child("detail").child("Error").members.values())]
        secrets = tuple(secrets_of(self._headers.get("authorization", "")))
        return f": {'; '.join(redact(reason, secrets)[:300] for reason in reasons)}"
