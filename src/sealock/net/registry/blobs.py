"""Blobs as they come: hashed on the way, gone on with after a break, their end held back until the digest matches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.names import is_digest
from sealock.net.registry.requests import Asker, RegistryError
from sealock.net.transport import BrokenOffError, Response

MOST_BYTES: Final = 64 << 30
"""Of one blob."""
_BREAKS: Final = 8
"""Breaks in a row without a byte between them; each byte that comes gives new patience."""
_MOST_BREAKS: Final = 100


class BlobStream:
    """One blob of a repository, from the first of `hosts` that has it ("" is the registry itself)."""

    def __init__(self, asker: Asker, name: ImageName, digest: str, size: int, hosts: tuple[str, ...] = ("",)) -> None:
        self._asker, self._name, self._digest, self._size = asker, name, digest, size
        self._hosts = hosts
        self._what = f"{name.registry}/{name.repository}@{digest[:19]}"
        if not is_digest(digest):
            message = f"{name.registry}/{name.repository}: {digest[:40]!r} is not a digest that can be checked"
            raise ManifestError(message)
        if not 0 <= size <= MOST_BYTES:
            message = f"{self._what} has {size} bytes, more than the {MOST_BYTES} that are read"
            raise ManifestError(message)

    def chunks(self) -> Iterator[bytes]:
        """Yield it. Each of `hosts` is tried as long as none has given a byte."""
        *mirrors, own = self._hosts
        for mirror in mirrors:
            given = 0
            try:
                for chunk in self._from(mirror):
                    given += len(chunk)
                    yield chunk
            except TransportError:
                if given:
                    raise
            else:
                return
        yield from self._from(own)

    def _from(self, host: str) -> Iterator[bytes]:
        counted = hashlib.new(self._digest.partition(":")[0])
        got, breaks, in_a_row, held = 0, 0, 0, b""
        while True:
            try:
                for chunk in self._rest(host, got):
                    got += len(chunk)
                    in_a_row = 0
                    counted.update(chunk)
                    if held:
                        yield held
                    held = chunk
            except BrokenOffError:
                breaks, in_a_row = breaks + 1, in_a_row + 1
                if in_a_row >= _BREAKS or breaks >= _MOST_BREAKS:
                    raise
                self._asker.rest(in_a_row - 1)
                continue
            break
        if got != self._size:
            message = f"{self._what} has {got} bytes, and should have {self._size}. It is not used"
            raise ManifestError(message)
        if counted.hexdigest() != self._digest.partition(":")[2]:
            message = f"{self._what}: what came has another digest, {counted.hexdigest()[:16]}.... It is not used"
            raise ManifestError(message)
        if held:
            yield held

    def _rest(self, host: str, start: int) -> Iterator[bytes]:
        """Yield what comes from an offset on."""
        if start >= self._size and start > 0:
            return
        headers = {"range": f"bytes={start}-"} if start else {}
        with self._asker.ask(
            self._name, "GET", f"blobs/{self._digest}", headers=headers, accepted=(200, 206), host=host
        ) as answer:
            skip = start
            if answer.status == 206:
                self._check_range(answer, start)
                skip = 0
            # A server that knows no ranges begins anew.
            for chunk in answer.chunks(self._size - start + skip):
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:] if skip else chunk
                skip = 0

    def _check_range(self, answer: Response, start: int) -> None:
        told = answer.headers.get("content-range", "")
        if not start or not told.startswith(f"bytes {start}-") or told.rpartition("/")[2] not in {str(self._size), "*"}:
            message = f"{self._what}: asked from byte {start} on, the server gives {told[:60]!r}"
            raise RegistryError(message, 206)
