"""The requests that sealock sends to an engine: several connections, one request at a time on each, all bounded.

Docker's Engine API from 1.24 on, and Podman's compatible one (https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError, decoding_fault
from sealock.runtime.engine.requests import LARGEST, EngineRequests

if TYPE_CHECKING:
    from concurrent.futures import Future

OLDEST: Final = (1, 24)
NEWEST: Final = (1, 47)
"""The API versions that sealock supports; it uses the engine's own if that is between them."""
AT_ONCE: Final = 8
"""Concurrent requests."""
AT_ONCE_SSH: Final = 3
"""Concurrent requests over ssh, where each connection is a login."""
_PONG: Final = 4
"""Chunks of a ping's answer that are read, so that its connection can be reused."""
MOST: Final = 20_000
"""The most containers of one engine."""
LIST: Final = 32 << 20
"""The largest list of containers, in bytes."""
CONTAINER: Final = 4 << 20
"""The largest description of a container, in bytes."""

_T = TypeVar("_T")
_K = TypeVar("_K")


class Listed(Struct, frozen=True):
    """A container in the engine's list. `state` is "running", "exited" …; "" from an engine that does not report it."""

    id: str
    names: tuple[str, ...] = ()
    image: str = ""
    state: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the slash; names from legacy links contain another slash."""
        own = [name.lstrip("/") for name in self.names]
        return next((name for name in own if "/" not in name), self.id[:12])


class _Row(Struct):
    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(default=None, name="Names")
    image: str = msgspec.field(default="", name="Image")
    state: str = msgspec.field(default="", name="State")


class ChangedPath(Struct, frozen=True):
    """A path that a container changed: 0 for changed, 1 for added, 2 for removed."""

    path: str = msgspec.field(name="Path")
    kind: Annotated[int, Meta(ge=0, le=2)] = msgspec.field(name="Kind")


class Engine(EngineRequests):
    """One engine. It reuses connections; close it, or use it as a context manager."""

    def negotiate(self) -> None:
        """Choose the newest API version that both support; EngineError where there is none."""
        self.api = ""
        with self.answer("GET", "/_ping") as answer:
            header = answer.getheader("Api-Version") or ""
            deque(islice(self.chunks(answer, "/_ping"), _PONG), 0)
        version = header or self._version_of_old_engine()
        theirs = _version(version)
        if theirs is None:
            message = f"the server at {self.endpoint} is no engine: it reports no API version"
            raise EngineError(message)
        if theirs < OLDEST:
            message = f"the engine at {self.endpoint} has API {version}; sealock needs 1.24 (Docker 1.12) or newer"
            raise EngineError(message)
        self.api = ".".join(map(str, min(theirs, NEWEST)))

    def _version_of_old_engine(self) -> str:
        """Engines before 1.25 report it only in /version."""
        try:
            return str(self._decoded(self.get("/version"), dict[str, Any]).get("ApiVersion", ""))
        except EngineRefusedError as refusal:
            if refusal.status == 404:
                return ""
            raise

    def _decoded(self, body: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except UNDECODABLE as error:
            message = f"the server at {self.endpoint} does not answer like an engine: {decoding_fault(error)}"
            raise EngineError(message) from None

    def containers(self, *, stopped: bool = True) -> tuple[Listed, ...]:
        """List the containers, by name."""
        query = {"all": "1"} if stopped else {}
        rows = self._decoded(self.get("/containers/json", query, limit=LIST), list[_Row])
        if len(rows) > MOST:
            message = f"the engine at {self.endpoint} lists {len(rows)} containers, more than sealock's limit of {MOST}"
            raise EngineError(message)
        containers = (Listed(row.id, tuple(row.names or ()), row.image, row.state) for row in rows)
        return tuple(sorted(containers, key=lambda container: (container.name, container.id)))

    def container(self, name: str) -> str:
        """Return one container as JSON; by name, id, or the start of an id."""
        return self._text(f"/containers/{quote(name, safe='')}/json", CONTAINER)

    def changes(self, name: str) -> tuple[ChangedPath, ...]:
        """Return the paths that a container changed since its image, directories included."""
        body = self.get(f"/containers/{quote(name, safe='')}/changes", limit=LIST)
        return () if body.strip() == b"null" else tuple(self._decoded(body, list[ChangedPath]))

    def exported(self, name: str) -> Iterator[bytes]:
        """Yield a container's file system as a tar archive, without its volumes. The caller bounds its size."""
        return self.stream(f"/containers/{quote(name, safe='')}/export")

    def info(self) -> str:
        """Return what the engine reports on itself and its machine, as JSON."""
        return self._text("/info")

    def version(self) -> str:
        """Return the versions of the engine and its components, as JSON."""
        return self._text("/version")

    def networks(self) -> str:
        """Return all networks as a JSON list, without their containers, which only `network` has."""
        return self._text("/networks")

    def network(self, name: str) -> str:
        """Return one network with the containers on it, as JSON."""
        return self._text(f"/networks/{quote(name, safe='')}")

    def images(self) -> str:
        """Return all images as a JSON list."""
        return self._text("/images/json")

    def image(self, name: str) -> str:
        """Return one image as JSON."""
        return self._text(f"/images/{quote(name, safe='/')}/json")

    def saved(self, name: str) -> Iterator[bytes]:
        """Yield an image as `docker save` writes it. The caller bounds its size."""
        return self.stream(f"/images/{quote(name, safe='/')}/get")

    def _text(self, path: str, limit: int = LARGEST) -> str:
        return self.get(path, limit=limit).decode("utf-8", "replace")

    def each(self, request: Callable[[_K], _T], keys: Iterable[_K]) -> Iterator[tuple[_K, _T | EngineRefusedError]]:
        """Send a request for each key, several at a time; yield each key in order with its answer or the refusal.

        What is removed meanwhile gives a refusal with status 404.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  4 ms, which `sealock run` saves

        def answer(key: _K) -> tuple[_K, _T | EngineRefusedError]:
            try:
                return key, request(key)
            except EngineRefusedError as refusal:
                return key, refusal

        workers = AT_ONCE_SSH if self.endpoint.kind == "ssh" else AT_ONCE
        pool = ThreadPoolExecutor(workers)
        # Pending answers stay in memory, so it sends no more requests than this.
        pending: deque[Future[tuple[_K, _T | EngineRefusedError]]] = deque()
        try:
            for key in keys:
                pending.append(pool.submit(answer, key))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.strip()[:20].partition(".")
    return (int(major), int(minor)) if (major + minor).isascii() and major.isdigit() and minor.isdigit() else None
