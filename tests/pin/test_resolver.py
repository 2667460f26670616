"""What registries answer on references: each is asked once, several at a time, and what fails is an answer too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from sealock.errors import TargetError, TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Index, Manifest, Platform
from sealock.net.registry.client import Fetched, ReferenceClaim, Registry, Resolved
from sealock.net.registry.requests import RegistryError
from sealock.pin import resolver
from sealock.pin.resolver import AT_ONCE, Known, Resolver
from support.waiting import wait_until

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
CONFIG = Descriptor("application/vnd.oci.image.config.v1+json", B, 2)
ENTRY = Descriptor(IMAGE, B, 7, platform=Platform("linux", "amd64"))


class Answers:
    """A registry that answers by the repository's name, and notes what it was asked."""

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.asked: list[str] = []
        self.wait = wait

    def claim(self, name: ImageName) -> ReferenceClaim:
        self.asked.append(f"claim {name.repository}")
        self.wait()
        match name.repository:
            case "library/gone":
                message = "it does not exist"
                raise RegistryError(message, 404)
            case "library/private":
                message = "not allowed"
                raise RegistryError(message, 401)
            case "library/away":
                message = "no answer"
                raise TransportError(message)
        return ReferenceClaim(A, IMAGE, 7)

    def manifest(self, name: ImageName) -> Fetched:
        self.asked.append(f"manifest {name.repository}")
        if name.repository == "library/gone":
            message = "it does not exist"
            raise RegistryError(message, 404)
        if name.repository == "library/index":
            return Fetched(b"", A, INDEX, Index(INDEX, (ENTRY,)))
        return Fetched(b"", C, IMAGE, Manifest(IMAGE, CONFIG, ()))

    def resolve(self, name: ImageName, platform: str) -> Resolved:
        self.asked.append(f"resolve {name.repository}@{name.digest} {platform}")
        image = Fetched(b"", B, IMAGE, Manifest(IMAGE, CONFIG, ()))
        return Resolved(image, image, platform)

    def platform_of(self, name: ImageName, _: Manifest) -> Platform:
        self.asked.append(f"platform of {name.repository}")
        return Platform() if name.repository == "library/bare" else Platform("linux", "arm64", "v8")


def resolving(answers: Answers, platform: str = "", progress: Callable[[str], None] = lambda _: None) -> Resolver:
    return Resolver(cast("Registry", cast("Any", answers)), platform, progress)


@pytest.mark.parametrize(
    ("reference", "platform", "known", "asked"),
    [
        ("app:1", "", Known(A, IMAGE), ["claim library/app"]),
        ("gone:1", "", Known(error="it does not exist", gone=True), ["claim library/gone"]),
        ("private:1", "", Known(error="not allowed"), ["claim library/private"]),
        ("away:1", "", Known(error="no answer"), ["claim library/away"]),
        (f"app@{A}", "linux/amd64", Known(A, IMAGE), ["claim library/app"]),
        ("gone:1", "linux/amd64", Known(error="it does not exist", gone=True), ["manifest library/gone"]),
        (
            "index:1", "linux/amd64", Known(B, IMAGE),
            ["manifest library/index", f"resolve library/index@{A} linux/amd64"],
        ),
        ("app:1", "linux/arm64", Known(C, IMAGE), ["manifest library/app", "platform of library/app"]),
        (
            "app:1", "linux/amd64", Known(error="app:1 is only for linux/arm64/v8"),
            ["manifest library/app", "platform of library/app"],
        ),
        (
            "bare:1", "linux/amd64", Known(error="bare:1 is only for an unnamed platform"),
            ["manifest library/bare", "platform of library/bare"],
        ),
    ],
)  # fmt: skip
def test_a_reference_has_an_answer(reference: str, platform: str, known: Known, asked: list[str]) -> None:
    answers = Answers()
    found = resolving(answers, platform)
    found.resolve([reference])
    assert (found.known, answers.asked) == ({reference: known}, asked)


def test_what_is_no_reference_is_an_answer_too() -> None:
    answers = Answers()
    found = resolving(answers)
    found.resolve(["A:1"])
    assert found.known["A:1"].error.startswith("'A:1'")
    assert (found.known["A:1"].gone, answers.asked) == (False, [])


def test_each_reference_is_asked_for_once_and_told_of_before() -> None:
    answers, told = Answers(), list[str]()
    found = resolving(answers, progress=told.append)
    found.resolve(["a:1", "b:1", "a:1"])
    found.resolve(["b:1", "c:1"])
    found.resolve([])
    assert told == ["a:1", "b:1", "c:1"]
    assert sorted(answers.asked) == ["claim library/a", "claim library/b", "claim library/c"]
    assert list(found.known) == told
    found.expand(["index:1", "index:1", "gone:1", "app:1"])
    found.expand(["index:1"])
    assert found.children == {"index:1": (("linux/amd64", B),), "gone:1": (), "app:1": ()}
    assert sorted(answers.asked)[3:] == ["manifest library/app", "manifest library/gone", "manifest library/index"]


def test_a_run_has_a_largest_number_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "MOST", 2)
    answers = Answers()
    found = resolving(answers)
    found.resolve(["a:1"])
    with pytest.raises(TargetError, match="the files name more than 2 images"):
        found.resolve(["b:1", "c:1"])
    assert answers.asked == ["claim library/a"]
    found.resolve(["a:1", "b:1"])
    assert list(found.known) == ["a:1", "b:1"]


def test_an_interruption_waits_for_no_answer_and_asks_no_more() -> None:
    answered = threading.Event()
    answers = Answers(answered.wait)

    def interrupt(_: str) -> None:
        wait_until(lambda: len(answers.asked) == AT_ONCE)
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        resolving(answers, progress=interrupt).resolve([f"a{number}:1" for number in range(3 * AT_ONCE)])
    answered.set()
    wait_until(lambda: threading.active_count() <= before)
    assert len(answers.asked) == AT_ONCE


@pytest.mark.parametrize(
    ("kind", "several"),
    [
        (INDEX, True),
        ("application/vnd.docker.distribution.manifest.list.v2+json", True),
        (IMAGE, False),
        ("application/vnd.docker.distribution.manifest.v2+json", False),
        ("", False),
    ],
)
def test_an_index_is_known_by_its_media_type(kind: str, several: bool) -> None:  # noqa: FBT001  a column
    assert Known(A, kind).is_index is several
