"""Evidence about images: their digests from the engine, trust and exploited vulnerabilities from what was stored.

To verify a signature or to list an image takes longer than a client waits. So `sealock guard evidence IMAGE` does both
beforehand and stores the answer by the image's digest; what is not stored, or too old, is denied, and the denial says
how to get it.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, UsageError, reason_of
from sealock.guard.decision.exchange import ImageAnswer, ImageQuestion, NoAnswer
from sealock.model.imagename import parse
from sealock.patterns import compile_lazily

_SKEW: Final = timedelta(minutes=5)
OLDEST: Final = timedelta(hours=24)
"""How long evidence counts: vulnerabilities become exploited, and signatures are revoked."""
_DIRECTORY: Final = "evidence"
_SIZE: Final = 1 << 20
_DIGEST: Final = compile_lazily(r"sha256:([0-9a-f]{64})", re.ASCII)


class StoredImage(Struct, frozen=True):
    """What is known about an image by its digest. `distrusted` is None where trust was not evaluated.

    `exploited` is None where its vulnerabilities were not looked up.
    """

    digest: str
    image: str
    at: datetime
    distrusted: str | None = None
    exploited: tuple[str, ...] | None = None


class StoredEvidence:
    """Reads evidence from a directory that only root and the guard's user can write."""

    def __init__(self, state: str) -> None:
        self._directory = os.path.join(state, _DIRECTORY)

    def answer(self, question: ImageQuestion, known: dict[str, Any] | None) -> ImageAnswer | NoAnswer:
        """Answer a question; `known` is what the engine knows of the image."""
        digest = digest_of(question.image, known)
        if question.needs == ("digest",):
            return ImageAnswer(digest) if digest else self._unknown(question)
        stored = self._stored(digest) if digest else None
        if stored is None:
            return self._unknown(question)
        # Evidence from the future is of a clock that was wrong, so that nobody knows how old it is.
        if not -_SKEW <= datetime.now(UTC) - stored.at <= OLDEST:
            return self._missing(question, f"what is known about {question.image} is not of the last 24 hours")
        if "trust" in question.needs and stored.distrusted is None:
            return self._missing(question, f"whether {question.image} is trusted was not evaluated")
        if "vulnerabilities" in question.needs and stored.exploited is None:
            return self._missing(question, f"the vulnerabilities of {question.image} were not looked up")
        return ImageAnswer(digest, stored.distrusted or "", stored.exploited or ())

    def _unknown(self, question: ImageQuestion) -> NoAnswer:
        return self._missing(question, f"nothing is known about {question.image}")

    def _missing(self, question: ImageQuestion, why: str) -> NoAnswer:
        return NoAnswer(why, f"pull the image and run `sealock guard evidence {question.image}` on the engine's host")

    def _stored(self, digest: str) -> StoredImage | None:
        try:
            with open(self._path(digest), "rb") as file:
                stored = msgspec.json.decode(file.read(_SIZE), type=StoredImage)
        except (OSError, *UNDECODABLE):
            return None
        return stored if stored.digest == digest and stored.at.tzinfo is not None else None

    def _path(self, digest: str) -> str:
        match = _DIGEST.fullmatch(digest)
        return os.path.join(self._directory, f"{match[1] if match else 'none'}.json")

    def store(self, stored: StoredImage) -> None:
        """Store what is known; UsageError where the directory cannot be written."""
        path = self._path(stored.digest)
        made = f"{path}.{os.getpid()}"
        try:
            os.makedirs(self._directory, 0o755, exist_ok=True)
            with open(made, "wb") as file:
                file.write(msgspec.json.encode(stored))
            os.rename(made, path)
        except OSError as error:
            message = f"{path} cannot be written: {reason_of(error)}; run this as root"
            raise UsageError(message) from None


def digest_of(image: str, known: dict[str, Any] | None) -> str:
    """The digest that a reference names now: its own, else that of its repository in the engine; "" for none."""
    name = parse(image)
    if name is None:
        return ""
    if name.digest:
        return name.digest
    for reference in (known or {}).get("RepoDigests") or ():
        other = parse(reference) if isinstance(reference, str) else None
        if other is not None and (other.registry, other.repository) == (name.registry, name.repository):
            return other.digest or ""
    return ""
