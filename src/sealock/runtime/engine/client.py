"""Asks an engine: one request at a time a connection, several connections at a time, everything within bounds.

Docker's Engine API from 1.24 on, and Podman's compatible one (https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from sealock.errors import EngineError, EngineRefusedError
from sealock.runtime.engine.requests import LARGEST, EngineRequests

if TYPE_CHECKING:
    from concurrent.futures import Future

OLDEST: Final = (1, 24)
NEWEST: Final = (1, 47)
"""The versions of the API that sealock speaks; it takes the engine's own where that lies between."""
AT_ONCE: Final = 8
"""Requests at the same time."""
AT_ONCE_SSH: Final = 3
"""The same over ssh, where each connection is a login."""
_PONG: Final = 4
"""Pieces of an answer to a ping that are read, so that its connection can be used again."""
MOST: Final = 20_000
"""Containers of one engine."""
LIST: Final = 32 << 20
"""Bytes of the list of them."""
CONTAINER: Final = 4 << 20
"""Bytes of what is said of one container."""

_T = TypeVar("_T")
_K = TypeVar("_K")


class Listed(Struct, frozen=True):
    """A container as a list shows it. `state` is "running", "exited" …; "" from an engine that does not say."""

    id: str
    names: tuple[str, ...] = ()
    image: str = ""
    state: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the slash; names of links that lead to it have more than one."""
        own = [name.lstrip("/") for name in self.names]
        return next((name for name in own if "/" not in name), self.id[:12])


class _Row(Struct):
    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(default=None, name="Names")
    image: str = msgspec.field(default="", name="Image")
    state: str = msgspec.field(default="", name="State")


class Engine(EngineRequests):
    """One engine, and what it can be asked. Connections are kept and used again; close it, or use it as a context."""

    def negotiate(self) -> None:
        """Ask for the newest version of the API that both speak; EngineError where there is none."""
        self.api = ""
        with self.answer("GET", "/_ping") as answer:
            said = answer.getheader("Api-Version") or ""
            deque(islice(self.chunks(answer, "/_ping"), _PONG), 0)
        theirs = _version(said or self._said_version())
        if theirs is None:
            message = f"what listens at {self.endpoint} is no engine: it says no version of its API"
            raise EngineError(message)
        if theirs < OLDEST:
            message = f"the engine at {self.endpoint} speaks API {said}, and sealock needs 1.24 (Docker 1.12) or newer"
            raise EngineError(message)
        self.api = ".".join(map(str, min(theirs, NEWEST)))

    def _said_version(self) -> str:
        """Engines before 1.25 say it in /version alone."""
        try:
            return str(self._decoded(self.get("/version"), dict[str, Any]).get("ApiVersion", ""))
        except EngineRefusedError as refusal:
            if refusal.status == 404:
                return ""
            raise

    def _decoded(self, body: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            message = f"what listens at {self.endpoint} does not answer as an engine does: {error}"
            raise EngineError(message) from None

    def containers(self, *, stopped: bool = True) -> tuple[Listed, ...]:
        """List the containers, by name."""
        query = {"all": "1"} if stopped else {}
        rows = self._decoded(self.get("/containers/json", query, limit=LIST), list[_Row])
        if len(rows) > MOST:
            message = (
                f"the engine at {self.endpoint} lists {len(rows)} containers, more than the {MOST} that are looked at"
            )
            raise EngineError(message)
        found = (Listed(row.id, tuple(row.names or ()), row.image, row.state) for row in rows)
        return tuple(sorted(found, key=lambda one: (one.name, one.id)))

    def container(self, name: str) -> str:
        """Give what the engine says of one container, as JSON; by name, id, or the beginning of an id."""
        return self._text(f"/containers/{quote(name, safe='')}/json", CONTAINER)

    def info(self) -> str:
        """Give what the engine says of itself and its machine, as JSON."""
        return self._text("/info")

    def version(self) -> str:
        """Give the versions of the engine and of its parts, as JSON."""
        return self._text("/version")

    def networks(self) -> str:
        """Give all networks, as JSON: a list. Who is on them is told by `network` alone."""
        return self._text("/networks")

    def network(self, name: str) -> str:
        """Give one network with the containers on it, as JSON."""
        return self._text(f"/networks/{quote(name, safe='')}")

    def images(self) -> str:
        """Give all images, as JSON: a list."""
        return self._text("/images/json")

    def image(self, name: str) -> str:
        """Give what the engine says of one image, as JSON."""
        return self._text(f"/images/{quote(name, safe='/')}/json")

    def saved(self, name: str) -> Iterator[bytes]:
        """Yield an image as `docker save` writes it. The caller bounds its size."""
        return self.stream(f"/images/{quote(name, safe='/')}/get")

    def _text(self, path: str, limit: int = LARGEST) -> str:
        return self.get(path, limit=limit).decode("utf-8", "replace")

    def each(self, ask: Callable[[_K], _T], of: Iterable[_K]) -> Iterator[tuple[_K, _T | EngineRefusedError]]:
        """Ask the same of several things, some at the same time; in order, each with its answer or the refusal.

        What was removed meanwhile is such a refusal, with status 404.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  seldom needed

        def one(thing: _K) -> tuple[_K, _T | EngineRefusedError]:
            try:
                return thing, ask(thing)
            except EngineRefusedError as refusal:
                return thing, refusal

        workers = AT_ONCE_SSH if self.endpoint.kind == "ssh" else AT_ONCE
        pool = ThreadPoolExecutor(workers)
        # Answers that nobody has taken yet are held, so no more are asked for.
        asked: deque[Future[tuple[_K, _T | EngineRefusedError]]] = deque()
        try:
            for thing in of:
                asked.append(pool.submit(one, thing))
                if len(asked) > 2 * workers:
                    yield asked.popleft().result()
            while asked:
                yield asked.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.strip()[:20].partition(".")
    return (int(major), int(minor)) if (major + minor).isascii() and major.isdigit() and minor.isdigit() else None
