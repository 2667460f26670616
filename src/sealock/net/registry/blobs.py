"""Streams blobs: hashes them, resumes after a break, and holds the last chunk back until the digest matches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.names import is_digest
from sealock.net.registry.requests import RegistryError, RegistryRequests, RequestOptions
from sealock.net.transport import BrokenOffError, Response

MOST_BYTES: Final = 64 << 30
"""Most bytes of one blob."""
_BREAKS: Final = 8
"""Most breaks in a row without a byte between them."""
_MOST_BREAKS: Final = 100


class BlobStream:
    """One blob of a repository, from the first of `hosts` that has it ("" is the registry itself)."""

    def __init__(
        self, requests: RegistryRequests, name: ImageName, digest: str, size: int, hosts: tuple[str, ...] = ("",)
    ) -> None:
        self._requests, self._name, self._digest, self._size = requests, name, digest, size
        self._hosts = hosts
        self._what = f"{name.registry}/{name.repository}@{digest[:19]}"
        if not is_digest(digest):
            message = f"{name.registry}/{name.repository}: {digest[:40]!r} is not a supported digest"
            raise ManifestError(message)
        if not 0 <= size <= MOST_BYTES:
            message = f"{self._what} has {size} bytes, more than {MOST_BYTES}, the maximum"
            raise ManifestError(message)

    def chunks(self) -> Iterator[bytes]:
        """Yield the blob. The next of `hosts` is tried only if none has sent a byte."""
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
        got, breaks, in_a_row, last = 0, 0, 0, b""
        while True:
            try:
                for chunk in self._rest(host, got):
                    got += len(chunk)
                    in_a_row = 0
                    counted.update(chunk)
                    if last:
                        yield last
                    last = chunk
            except BrokenOffError:
                breaks, in_a_row = breaks + 1, in_a_row + 1
                if in_a_row >= _BREAKS or breaks >= _MOST_BREAKS:
                    raise
                self._requests.rest(in_a_row - 1)
            else:
                break
        if got != self._size:
            message = f"{self._what} has {got} bytes, and should have {self._size}: refused"
            raise ManifestError(message)
        if counted.hexdigest() != self._digest.partition(":")[2]:
            message = f"{self._what}: the content has another digest, {counted.hexdigest()[:16]}...: refused"
            raise ManifestError(message)
        if last:
            yield last

    def _rest(self, host: str, start: int) -> Iterator[bytes]:
        """Yield the bytes from an offset."""
        if start >= self._size and start > 0:
            return
        headers = {"range": f"bytes={start}-"} if start else {}
        options = RequestOptions(headers=headers, accepted=(200, 206), host=host)
        with self._requests.send(self._name, "GET", f"blobs/{self._digest}", options) as answer:
            skip = start
            if answer.status == 206:
                self._check_range(answer, start)
                skip = 0
            # A server without range requests sends everything again.
            for chunk in answer.chunks(self._size - start + skip):
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:] if skip else chunk
                skip = 0

    def _check_range(self, answer: Response, start: int) -> None:
        given = answer.headers.get("content-range", "")
        total = given.rpartition("/")[2]
        if not start or not given.startswith(f"bytes {start}-") or total not in {str(self._size), "*"}:
            message = f"{self._what}: requested from byte {start}, the server sends {given[:60]!r}"
            raise RegistryError(message, 206)
