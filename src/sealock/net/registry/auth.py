"""Who gives tokens, and who may see credentials.

A registry that wants to know who asks answers 401 and says how: Basic, or Bearer with a realm that gives tokens. That
realm is the registry's word, so credentials go to it only where it belongs to the registry: the same host, a host under
the same domain (auth.docker.io for registry-1.docker.io), or one that the policy names. Elsewhere a token is asked for
without them. A token goes to the host that it was given for alone. We ask for the scope that we need, not for the one
that the registry names.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from threading import Lock
from time import monotonic
from typing import Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from sealock.errors import TransportError
from sealock.model.registries import Registries
from sealock.net.registry.credentials import Credentials, RegistryLogin
from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.net.registry.redaction import secrets_of, without
from sealock.net.transport import Transport, read_json, shown

_CHALLENGE: Final = re.compile(r"[\s,]*([A-Za-z][\w!#$%&'*+.^`|~-]*)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*)))?")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,32768}")
_ANSWER: Final = 256 << 10
"""Bytes of a token's answer at the most."""
_LEAST_LIFE, _MOST_LIFE = 60, 3600
"""Seconds: the specification lets no token live shorter than the first."""
_MARGIN: Final = 10.0
_MOST_HEADER: Final = 16 << 10


class Challenge(Struct, frozen=True):
    """How a registry wants to be asked: "basic", or "bearer" with who gives tokens."""

    scheme: str
    realm: str = ""
    service: str = ""


class _Token(Struct, frozen=True):
    value: str
    until: float


class Authorizer:
    """Keeps challenges and tokens, and gives the Authorization header for a request."""

    def __init__(self, transport: Transport, credentials: Credentials, settings: Registries) -> None:
        self._transport, self._credentials, self._settings = transport, credentials, settings
        self._lock = Lock()
        self._challenges: dict[str, tuple[str, Challenge]] = {}
        self._tokens: dict[tuple[str, Challenge, tuple[str, ...]], _Token] = {}
        self._secrets: set[str] = set()
        self.withheld: dict[str, str] = {}
        """Hosts whose credentials were not sent to the realm that they named, and that realm."""

    def learn(self, host: str, url: str, header: str, scopes: tuple[str, ...]) -> bool:
        """Take a host's WWW-Authenticate to heart; whether it says how to go on. `url` is where it was said."""
        challenge = parse_challenge(header)
        if challenge is None:
            return False
        with self._lock:
            self._challenges[host] = (url, challenge)
            self._tokens.pop((host, challenge, scopes), None)
        return True

    def authorization(self, host: str, repository: str, scopes: tuple[str, ...]) -> str:
        """The header's value for a request to a host; "" as long as that asked for none, or we are nobody there."""
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
            known = self._ask(host, url, challenge, repository, scopes)
            with self._lock:
                self._tokens[key] = known
                self._secrets.add(known.value)
        return f"Bearer {known.value}"

    def clean(self, text: str) -> str:
        """A server's words without any secret that we told it."""
        with self._lock:
            secrets = tuple(self._secrets)
        return without(text, secrets)

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

    def _ask(self, host: str, url: str, challenge: Challenge, repository: str, scopes: tuple[str, ...]) -> _Token:
        """Ask the realm for a token, with credentials if it may see them."""
        login = self._login(host, repository)
        if login is not None and not self._may_see(host, challenge.realm):
            self.withheld[host] = urlsplit(challenge.realm).netloc.rpartition("@")[2]
            login = None
        query = [("service", challenge.service)] if challenge.service else []
        query += [("scope", scope) for scope in scopes]
        headers: dict[str, str] = {"accept": "application/json"}
        if login is not None and login.identity:
            form = [("grant_type", "refresh_token"), ("client_id", "sealock"), ("refresh_token", login.identity)]
            # One scope parameter, its parts separated by spaces: so has OAuth 2 it.
            form += [pair for pair in query if pair[0] != "scope"] + [("scope", " ".join(scopes))]
            headers["content-type"] = "application/x-www-form-urlencoded"
            method, target, body = "POST", challenge.realm, urlencode(form).encode()
        else:
            if basic := self._basic(login):
                headers["authorization"] = basic
                query.append(("account", login.user if login else ""))
            mark = "&" if urlsplit(challenge.realm).query else "?"
            method, body = "GET", None
            target = f"{challenge.realm}{mark}{urlencode(query)}" if query else challenge.realm
        with self._transport.request(method, target, headers=headers, body=body, named_by=url) as answer:
            if answer.status in {401, 403}:
                raise TransportError(self._denied(host, challenge, login))
            if answer.status != 200:
                message = f"{shown(answer.url)}, which gives tokens for {host}, answers {answer.status}"
                raise TransportError(message)
            return _token(read_json(answer, _ANSWER), shown(answer.url))

    def _may_see(self, host: str, realm: str) -> bool:
        parts = urlsplit(realm)
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
            return withheld_words(host, self.withheld[host])
        if login is None:
            return f"{host} wants to know who asks: run `docker login {host}` (its tokens come from {realm})"
        return f"{realm} refuses the login that is kept for {host}: run `docker login {host}` anew"


def withheld_words(host: str, realm: str) -> str:
    """Why credentials were not sent, and what to do about it."""
    return (
        f"{host} wants its credentials sent to {realm[:100]}, another domain, which was not done. If that is right,"
        f' allow it in sealock.toml: [registry] token-hosts = {{ "{host}" = ["{realm[:100]}"] }}'
    )


def parse_challenge(header: str) -> Challenge | None:
    """Read WWW-Authenticate: bearer if it is offered, else basic; None for what we do not speak."""
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    header = header[:_MOST_HEADER]
    while at < len(header) and (match := _CHALLENGE.match(header, at)):
        at = match.end()
        name, quoted, plain = match.groups()
        if quoted is None and plain is None:
            found.append((name.lower(), {}))
        elif found:
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            found[-1][1].setdefault(name.lower(), value)
    offers = dict(reversed(found))
    bearer = offers.get("bearer")
    if bearer is not None and bearer.get("realm"):
        return Challenge("bearer", bearer["realm"], bearer.get("service", ""))
    return Challenge("basic") if "basic" in offers else None


def _token(body: bytes, where: str) -> _Token:
    """The token of a realm's answer; TransportError where there is none that could stand in a header."""
    try:
        table = strict_json(body)
    except ManifestError as error:
        message = f"{where} gives something else than a token: {error}"
        raise TransportError(message) from None
    value = (table.get("token") or table.get("access_token")) if isinstance(table, Mapping) else None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        message = f"{where} gives something else than a token"
        raise TransportError(message)
    life = table.get("expires_in")
    seconds = life if isinstance(life, int) and not isinstance(life, bool) else _LEAST_LIFE
    return _Token(value, monotonic() + min(max(seconds, _LEAST_LIFE), _MOST_LIFE) - _MARGIN)
