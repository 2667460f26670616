"""What an image's name says: whether it moves, and which programs the image lacks."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from sealock.model.finding import Confidence, Severity
from sealock.model.imagename import ImageName, family, is_official, parse
from sealock.model.knownimages import HAVE_CURL, HAVE_NEITHER
from sealock.model.location import At, Place

_MOVING: Final = frozenset({
    "edge", "nightly", "main", "master", "dev", "devel", "develop", "unstable", "rolling", "canary", "next",
    "snapshot", "sid", "rawhide", "tip", "head", "stable", "oldstable", "testing", "lts", "mainline", "current", "beta",
    "experimental",
})  # fmt: skip


class NamedImage(NamedTuple):
    """An image that a noun names; `image` is None where the text is no reference or depends on an unknown ARG."""

    text: str
    image: ImageName | None
    place: Place | None
    at: At
    use: str = "runs"
    """What happens with it, for messages."""

    @property
    def unclear(self) -> str:
        """Why there is no image name."""
        if self.use == "runs":
            return f"{self.text} is not a valid image name"
        return f"the image {self.text} depends on a build argument"


class MovingName(Struct, frozen=True, gc=False):
    """Why a name can be another image tomorrow."""

    message: str
    severity: Severity = Severity.MEDIUM
    confidence: Confidence = Confidence.HIGH


def moves(named: NamedImage) -> MovingName | None:
    """Say why this name can be another image tomorrow; None where it has a version or digest, or is unclear."""
    name = named.image
    if name is None or name.digest is not None:
        return None
    start, tag = f"{named.use} {named.text}", (name.tag or "").lower()
    if not tag and named.use == "runs" and "/" not in named.text and not is_official(named.text):
        message = f"{start} without a tag, unless it is built here"
        return MovingName(message, Severity.LOW, Confidence.LOW)
    if not tag:
        return MovingName(f"{start} without a tag, so it pulls whatever was pushed last")
    if tag == "latest" or tag.startswith("latest-") or tag.endswith("-latest"):
        return MovingName(f"{start}, which is whatever was pushed last")
    if tag in _MOVING:
        return MovingName(f"{start}, a tag that moves by design", Severity.LOW)
    return None


def lacks(image: str, program: str) -> bool:
    """Whether an image is known not to have curl or wget."""
    name, base = parse(image), family(image)
    if name is None or name.familiar in HAVE_CURL:
        return False
    if base == "alpine":
        return program == "curl"
    if base == "none":
        return True
    return base == "debian" and ("slim" in (name.tag or "") or name.familiar in HAVE_NEITHER)
