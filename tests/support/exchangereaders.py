"""Readers of what comes over the network: scripts of a registry's answers, and single words: for `support.edgerecords`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

from sealock.errors import SealockError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Manifest
from sealock.model.registries import Registries
from sealock.net.forwardproxy import ProxyRequestError, read_request
from sealock.net.http.connections import ServerPlace, proxy_for, reach_of
from sealock.net.http.guard import AddressGuard, address_of, is_allowable
from sealock.net.registry import upload
from sealock.net.registry.auth import parse_challenge
from sealock.net.registry.client import Registry
from sealock.net.registry.credentials import DockerCredentials, RegistryLogin
from sealock.net.registry.manifests import digest_of, read_manifest
from sealock.net.registry.names import reference
from sealock.net.registry.redaction import redact
from sealock.net.scanningservice import is_token, service_address
from sealock.net.transport import BrokenOffError, NotListeningError, NoTlsError
from support.sweeps import Reader, rows

_MOST: Final = 12
"""Requests of an exchange."""
_BROKEN: Final = {"broken off": BrokenOffError, "no TLS": NoTlsError, "nothing listens": NotListeningError}


class _ScriptedAnswer:
    """An answer after its head, as a script has it."""

    def __init__(self, url: str, table: dict[str, Any]) -> None:
        body = table.get("body", "")
        self.body = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "surrogateescape")
        self.url, self.breaks = str(table.get("url", url)), table.get("breaks")
        self.status = status if isinstance(status := table.get("status"), int) else 200
        given = table.get("headers")
        self.headers: Mapping[str, str] = {
            str(name).lower(): _filled(str(text), self.body)
            for name, text in (given.items() if isinstance(given, dict) else ())
        }

    def chunks(self, limit: int, /) -> Iterator[bytes]:
        """The body in two parts; it may break off after the first."""
        half = len(self.body) // 2
        for part in (self.body[:half], self.body[half:]):
            limit -= len(part)
            if limit < 0:
                message = "the body is larger than allowed"
                raise BrokenOffError(message)
            yield part
            if self.breaks and part is not self.body:
                message = "it breaks off"
                raise BrokenOffError(message)

    def read(self, limit: int, /) -> bytes:
        """The whole body."""
        return b"".join(self.chunks(limit))

    def close(self) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


class _ScriptedTransport:
    """Gives the answers of a script in their order, the last one again, and keeps what was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = [table if isinstance(table, dict) else {} for table in answers] or [{}]
        self.asked: list[str] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> _ScriptedAnswer:
        """The next answer; TransportError where the script has a failure."""
        shown = {name: text for name, text in (headers or {}).items() if name != "accept"}
        self.asked.append(f"{method} {url} {shown or ''} {repr(body) if body else ''} {named_by}".rstrip())
        if len(self.asked) > _MOST:
            message = "the script ends"
            raise SealockError(message)
        table = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if (failure := _BROKEN.get(str(table.get("fails", "")))) is not None:
            message = "it fails"
            raise failure(message)
        return _ScriptedAnswer(url, table)


class _OneLogin:
    """A login for every registry."""

    def __init__(self, text: str) -> None:
        user, _, password = text.partition(":")
        self.made = RegistryLogin(user, password) if user else RegistryLogin(identity=password)

    def login(self, host: str, repository: str, /) -> RegistryLogin | None:
        """The login."""
        del host, repository
        return self.made


def exchanges(text: str) -> list[str]:
    """What a client asks a registry for that gives these answers, and what comes of it."""
    table = json.loads(text)
    answers = table.get("answers")
    transport = _ScriptedTransport(answers if isinstance(answers, list) else [])
    first = _ScriptedAnswer("", transport.answers[0]).body
    settings = Registries(
        insecure=tuple(map(str, table.get("insecure") or ())),
        mirrors={str(host): tuple(map(str, all_)) for host, all_ in (table.get("mirrors") or {}).items()},
        token_hosts={str(host): tuple(map(str, all_)) for host, all_ in (table.get("token-hosts") or {}).items()},
    )
    state = random.getstate()
    random.seed(0)
    login = _OneLogin(table["login"]) if table.get("login") else None
    registry = Registry(transport, login, settings, pause=lambda left: transport.asked.append(f"waits {left:.2f}"))
    lines: list[str] = []
    do = _VERBS.get(str(table.get("do")))
    for _ in range(2 if table.get("twice") else 1):
        try:
            name = reference(_filled(str(table.get("name", "r.example/a:1")), first))
            lines += [] if do is None else rows(do(registry, name, _Script(table, first)))
        except SealockError as error:
            lines.append(f"{type(error).__name__}: {error}")
    random.setstate(state)
    lines += (f"limit of {host}: {limit}" for host, limit in registry.requests.limits.items())
    return [*transport.asked, *lines]


class _Script:
    """What a script says besides the answers."""

    def __init__(self, table: dict[str, Any], first: bytes) -> None:
        self.table, self.first = table, first

    def text(self, key: str, default: str = "") -> str:
        """A text, with the digest of the first answer's body for {digest}."""
        return _filled(str(self.table.get(key, default)), self.first)

    @property
    def size(self) -> int:
        """A size, by default that of the first answer's body."""
        return size if isinstance(size := self.table.get("size"), int) else len(self.first)


_VERBS: Final[dict[str, Callable[[Registry, ImageName, _Script], Any]]] = {
    "claim": lambda registry, name, _: registry.claim(name),
    "manifest": lambda registry, name, _: registry.manifest(name),
    "platform": lambda registry, name, _: _built(registry, name),
    "resolve": lambda registry, name, script: registry.resolve(name, script.text("platform", "linux/amd64")),
    "blob": lambda registry, name, script: list(registry.blob(name, script.text("digest", "{digest}"), script.size)),
    "read": lambda registry, name, script: registry.read_blob(name, Descriptor("", script.text("digest", "{digest}"), script.size), 4000),
    "has": lambda registry, name, script: registry.has_blob(name, script.text("digest", "{digest}")),
    "referrers": lambda registry, name, script: registry.referrers(name, script.text("digest", "{digest}"), script.text("type")),
    "tags": lambda registry, name, _: list(registry.tags(name)),
    "mount": lambda registry, name, script: upload.mount(registry, name, script.text("digest", "{digest}"), "other/b"),
    "stream": lambda registry, name, script: upload.push_stream(registry, name, script.text("digest", "{digest}"), (b"ab", b"cd")),
    "artifact": lambda registry, name, script: upload.push_artifact(registry, name, script.text("type"), [(b"x", "text/plain", {"a": "b"})], subject=Descriptor("application/x", script.text("digest", "{digest}"), 5), tag=script.text("tag")),
}  # fmt: skip


def _built(registry: Registry, name: ImageName) -> Any:
    """What the configuration of an image says of its platform and its time."""
    noun = registry.manifest(name).noun
    return (registry.platform_of(name, noun), registry.created(name, noun)) if isinstance(noun, Manifest) else noun


def _filled(text: str, body: bytes) -> str:
    return text.replace("{digest}", digest_of(body))


def _guarded(words: list[str]) -> list[str]:
    host, port, address, *allowed = [*words, "", "", ""]
    guard = AddressGuard(tuple(filter(None, allowed)), "write {}")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 80
    return [
        f"as written: {guard.refusal_as_written(host, number)}",
        f"at {address}: {guard.refusal(host, number, address_of(address) or '10.0.0.1')}",
        f"allowable: {[is_allowable(entry) for entry in guard.allowed]}",
    ]


def _proxied(words: list[str]) -> list[str]:
    scheme, host, port, proxy, exempt, *more = [*words, "", "", "", "", ""]
    place = ServerPlace(scheme, host, int(port) if port.isascii() and port.isdigit() else 80)
    name = {"": "ALL_PROXY"}.get(scheme, f"{scheme}_proxy")
    environment = {name: unquote(proxy), "NO_PROXY": exempt} | dict(word.partition("=")[::2] for word in more)
    return list(rows(proxy_for(place, environment)))


def _logins(words: list[str]) -> list[str]:
    host, repository, *text = [*words, "", ""]
    credentials = DockerCredentials({"DOCKER_AUTH_CONFIG": " ".join(text), "DOCKER_CONFIG": "/nonexistent"})
    login = credentials.login(host, repository)
    return [f"{login and (login.user, login.password, login.identity, sorted(login.secrets))}"]


def _asked(text: str) -> list[str]:
    try:
        return list(rows(read_request(text.replace("\n", "\r\n").encode("latin-1", "replace") + b"\r\n\r\n")))
    except ProxyRequestError as error:
        return [f"{error.status}: {error}"]


_WORDS: Final[dict[str, Callable[[str], list[str]]]] = {
    "challenge": lambda text: list(rows(parse_challenge(text))),
    "manifest": lambda text: list(rows(read_manifest(text.partition("\n")[2].encode(), text.partition("\n")[0]))),
    "reference": lambda text: list(rows(reference(text))),
    "reach": lambda text: [reach_of(text), address_of(text)],
    "guard": lambda text: _guarded(text.split()),
    "proxy": lambda text: _proxied(text.split()),
    "login": lambda text: _logins(text.split(" ")),
    "redact": lambda text: [repr(redact(text.partition("\n")[0], text.split("\n")[1:]))],
    "request": _asked,
    "service": lambda text: [repr(service_address(text)), str(is_token(text))],
}


def words(text: str) -> list[str]:
    """A word or text of the kind in the first line."""
    kind, _, rest = text.partition("\n")
    read = _WORDS.get(kind)
    return ["no such kind"] if read is None else read(rest)


READERS: Final[dict[str, Reader]] = {"net-of-exchanges": exchanges, "net-of-words": words}
