"""Signs in to registries: tokens, and which servers may see credentials.

A registry that requires authentication answers 401 with a challenge: Basic, or Bearer with a realm that issues tokens.
The registry names the realm, so credentials go there only if it belongs to the registry: the same host, a host of the
same domain (auth.docker.io for registry-1.docker.io), or one that the policy names. Otherwise the token is requested
without them. A token goes only to the host that it was issued for. We request the scope that we need, not the one that
the registry names.
"""

from __future__ import annotations

import re
from base64 import b64encode
from threading import Lock
from time import monotonic
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct, ValidationError, convert

from sealock.errors import TransportError
from sealock.model.registries import Registries
from sealock.net.registry.credentials import Credentials, RegistryLogin
from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.net.registry.redaction import redact, secrets_of
from sealock.net.transport import Transport, parts_of, read_json, shown
from sealock.patterns import compile_lazily

_CHALLENGE: Final = compile_lazily(
    r"[\s,]*([A-Za-z][\w!#$%&'*+.^`|~-]*)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*)))?"
)
_TOKEN: Final = compile_lazily(r"[\x21-\x7e]{1,32768}")
_ANSWER: Final = 256 << 10
"""Most bytes of a token answer."""
_LEAST_LIFE, _MOST_LIFE = 60, 3600
"""Seconds; the first is the specification's minimum."""
_MARGIN: Final = 10.0
_MOST_HEADER: Final = 16 << 10


class Challenge(Struct, frozen=True):
    """A registry's challenge: "basic", or "bearer" with the realm that issues tokens."""

    scheme: str
    realm: str = ""
    service: str = ""


class _Token(Struct, frozen=True):
    value: str
    until: float


class _TokenAnswer(Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: object = None


class Authorizer:
    """Stores challenges and tokens, and gives the Authorization header for a request."""

    def __init__(self, transport: Transport, credentials: Credentials, settings: Registries) -> None:
        self._transport, self._credentials, self._settings = transport, credentials, settings
        self._lock = Lock()
        self._challenges: dict[str, tuple[str, Challenge]] = {}
        self._tokens: dict[tuple[str, Challenge, tuple[str, ...]], _Token] = {}
        self._secrets: set[str] = set()
        self.withheld: dict[str, str] = {}
        """Hosts whose credentials were not sent to their realm, and that realm."""

    def learn(self, host: str, url: str, header: str, scopes: tuple[str, ...]) -> bool:
        """Store a host's challenge (WWW-Authenticate) from `url`; whether it is usable."""
        challenge = parse_challenge(header)
        if challenge is None:
            return False
        with self._lock:
            self._challenges[host] = (url, challenge)
            self._tokens.pop((host, challenge, scopes), None)
        return True

    def authorization(self, host: str, repository: str, scopes: tuple[str, ...]) -> str:
        """The header's value for a request to a host; "" without a challenge or without a login."""
        with self._lock:
            url, challenge = self._challenges.get(host, ("", None))
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            return self._basic(self._login(host, repository))
        key = (host, challenge, scopes)
        with self._lock:
            known = self._tokens.get(key)
        if known is None or known.until < monotonic():
            known = self._request_token(host, url, challenge, repository, scopes)
            with self._lock:
                self._tokens[key] = known
                self._secrets.add(known.value)
        return f"Bearer {known.value}"

    def redact(self, text: str) -> str:
        """A server's message without the secrets that we sent to it."""
        with self._lock:
            secrets = tuple(self._secrets)
        return redact(text, secrets)

    def _login(self, host: str, repository: str) -> RegistryLogin | None:
        login = self._credentials.login(host, repository)
        if login is not None:
            with self._lock:
                self._secrets.update(login.secrets, secrets_of(self._basic(login)))
        return login

    @staticmethod
    def _basic(login: RegistryLogin | None) -> str:
        if login is None or not login.password:
            return ""
        return "Basic " + b64encode(f"{login.user}:{login.password}".encode()).decode()

    def _request_token(
        self, host: str, url: str, challenge: Challenge, repository: str, scopes: tuple[str, ...]
    ) -> _Token:
        """Request a token from the realm, with credentials if it may see them."""
        login = self._login(host, repository)
        if login is not None and not self._may_see(host, challenge.realm):
            self.withheld[host] = parts_of(challenge.realm).netloc.rpartition("@")[2]
            login = None
        query = [("service", challenge.service)] if challenge.service else []
        query += [("scope", scope) for scope in scopes]
        headers: dict[str, str] = {"accept": "application/json"}
        if login is not None and login.identity:
            form = [("grant_type", "refresh_token"), ("client_id", "sealock"), ("refresh_token", login.identity)]
            # OAuth 2 has one scope parameter with parts separated by spaces.
            form += [pair for pair in query if pair[0] != "scope"] + [("scope", " ".join(scopes))]
            headers["content-type"] = "application/x-www-form-urlencoded"
            method, target, body = "POST", challenge.realm, urlencode(form).encode()
        else:
            if basic := self._basic(login):
                headers["authorization"] = basic
                query.append(("account", login.user if login else ""))
            mark = "&" if parts_of(challenge.realm).query else "?"
            method, body = "GET", None
            target = f"{challenge.realm}{mark}{urlencode(query)}" if query else challenge.realm
        with self._transport.request(method, target, headers=headers, body=body, named_by=url) as answer:
            if answer.status in {401, 403}:
                raise TransportError(self._denied(host, challenge, login))
            if answer.status != 200:
                message = f"{shown(answer.url)}, which issues tokens for {host}, answers {answer.status}"
                raise TransportError(message)
            return _token(read_json(answer, _ANSWER), shown(answer.url))

    def _may_see(self, host: str, realm: str) -> bool:
        parts = parts_of(realm)
        server, registry = (parts.hostname or "").lower(), host.rpartition(":")[0] or host
        named = "docker.io" if host == "registry-1.docker.io" else host
        if server == registry or parts.netloc in self._settings.token_hosts.get(named, ()):
            return True
        domain = registry.partition(".")[2]
        return (
            "." in domain
            and not domain.replace(".", "").isdigit()
            and (server == domain or server.endswith("." + domain))
        )

    def _denied(self, host: str, challenge: Challenge, login: RegistryLogin | None) -> str:
        realm = shown(challenge.realm)
        if host in self.withheld:
            return withheld_message(host, self.withheld[host])
        if login is None:
            return f"{host} requires authentication: run `docker login {host}` (its tokens come from {realm})"
        return f"{realm} refuses the stored login for {host}: run `docker login {host}` again"


def withheld_message(host: str, realm: str) -> str:
    """Why credentials were not sent, and how to allow it."""
    return (
        f"{host} wants its credentials sent to another domain, {realm[:100]}: they were not sent. To allow it, write"
        f' in sealock.toml: [registry] token-hosts = {{ "{host}" = ["{realm[:100]}"] }}'
    )


def parse_challenge(header: str) -> Challenge | None:
    """Read WWW-Authenticate: bearer if it is offered, else basic; None for other schemes."""
    challenges: list[tuple[str, dict[str, str]]] = []
    at = 0
    header = header[:_MOST_HEADER]
    while at < len(header) and (match := _CHALLENGE.match(header, at)):
        at = match.end()
        name, quoted, plain = match.groups()
        if quoted is None and plain is None:
            challenges.append((name.lower(), {}))
        elif challenges:
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            challenges[-1][1].setdefault(name.lower(), value)
    offers = dict(reversed(challenges))
    bearer = offers.get("bearer")
    if bearer is not None and bearer.get("realm"):
        return Challenge("bearer", bearer["realm"], bearer.get("service", ""))
    return Challenge("basic") if "basic" in offers else None


def _token(body: bytes, where: str) -> _Token:
    """The token of a realm's answer; TransportError where there is none that fits a header."""
    try:
        answer = convert(strict_json(body), _TokenAnswer)
    except (ManifestError, ValidationError) as error:
        message = f"{where} does not answer with a token: {error}"
        raise TransportError(message) from None
    value = answer.token or answer.access_token or ""
    if not _TOKEN.fullmatch(value):
        message = f"{where} does not answer with a token"
        raise TransportError(message)
    seconds = answer.expires_in if type(answer.expires_in) is int else _LEAST_LIFE
    return _Token(value, monotonic() + min(max(seconds, _LEAST_LIFE), _MOST_LIFE) - _MARGIN)
