"""How often a blob or an upload that breaks off is begun again."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sealock.model.imagename import ImageName
from sealock.net.registry.blobs import BlobStream
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.upload import repeat_upload
from sealock.net.transport import BrokenOffError

NAME = ImageName("r.example", "app", "1")


class Requests:
    """Sends so many bytes of a blob before each break, then the rest."""

    def __init__(self, data: bytes, *given: int, more: bytes = b"") -> None:
        self.data, self.given, self.more = data, list(given), more
        self.rests: list[int] = []
        self.asked: list[str] = []

    def rest(self, attempt: int) -> None:
        self.rests.append(attempt)

    def send(self, _name: ImageName, _method: str, _path: str, options: Any) -> Any:
        asked = options.headers.get("range", "")
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        headers = {"content-range": f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"}
        answer = SimpleNamespace(status=206 if asked else 200, headers=headers, chunks=lambda _: self.chunks(start))
        return _Opened(answer)

    def chunks(self, start: int) -> Iterator[bytes]:
        if self.given:
            if count := self.given.pop(0):
                yield self.data[start : start + count]
            message = "it broke off"
            raise BrokenOffError(message)
        yield self.data[start:] + self.more


class _Opened:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __enter__(self) -> Any:
        return self.answer

    def __exit__(self, *_: object) -> None:
        pass


def read(requests: Requests, data: bytes) -> bytes:
    digest = f"sha256:{sha256(data).hexdigest()}"
    return b"".join(BlobStream(cast("Any", requests), NAME, digest, len(data)).chunks())


DATA = bytes(range(200))


@pytest.mark.parametrize(
    ("given", "rests"),
    [
        pytest.param([], [], id="no break"),
        pytest.param([5], [0], id="one break"),
        pytest.param([0] * 7, [0, 1, 2, 3, 4, 5, 6], id="as many in a row as may be"),
        pytest.param([0, 0, 5, 0, 0], [0, 1, 0, 1, 2], id="bytes between them"),
        pytest.param([1] * 99, [0] * 99, id="as many with bytes between them as may be"),
    ],
)
def test_a_blob_goes_on_after_breaks(given: list[int], rests: list[int]) -> None:
    requests = Requests(DATA, *given)
    assert read(requests, DATA) == DATA
    assert requests.rests == rests
    assert len(requests.asked) == len(given) + 1


@pytest.mark.parametrize(("given", "asked"), [([0] * 8, 8), ([1] * 100, 100), ([5, *[0] * 9], 8)])
def test_a_blob_that_breaks_off_too_often_is_given_up(given: list[int], asked: int) -> None:
    requests = Requests(DATA, *given)
    with pytest.raises(BrokenOffError):
        read(requests, DATA)
    assert len(requests.asked) == asked


@pytest.mark.parametrize(
    ("data", "more", "words"),
    [(DATA, b"x", "has 201 bytes, and should have 200"), (DATA[:-1] + b"x", b"", "the content has another digest")],
)
def test_other_content_is_refused(data: bytes, more: bytes, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        read(Requests(data, more=more), DATA)


@pytest.mark.parametrize(("breaks", "rests", "done"), [(0, [], True), (2, [0, 1], True), (3, [0, 1], False)])
def test_an_upload_is_begun_three_times_at_most(breaks: int, rests: list[int], *, done: bool) -> None:
    requests = Requests(b"")
    left = [BrokenOffError("it broke off")] * breaks
    uploads: list[int] = []

    def upload() -> None:
        uploads.append(1)
        if left:
            raise left.pop()

    registry: Any = SimpleNamespace(requests=requests)
    if done:
        repeat_upload(registry, upload)
    else:
        with pytest.raises(BrokenOffError):
            repeat_upload(registry, upload)
    assert (requests.rests, len(uploads)) == (rests, breaks + done)
