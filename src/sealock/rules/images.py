"""What an image's name promises."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.model.finding import Confidence, Severity
from sealock.model.imagename import family, is_official, parse

_MOVING: Final = frozenset(
    {"edge", "nightly", "main", "master", "dev", "develop", "devel", "canary", "rolling", "unstable"}
)


class Promise(Struct, frozen=True, gc=False):
    """Why a name promises too little, and how sure and bad that is."""

    message: str
    severity: Severity = Severity.MEDIUM
    confidence: Confidence = Confidence.HIGH


def moves(image: str) -> Promise | None:
    """Say why this name is another image tomorrow; None where a version or digest is named, or it is unclear."""
    name = parse(image)
    if name is None or name.digest is not None:
        return None
    tag = (name.tag or "").lower()
    if not tag and "/" not in image and not is_official(image):
        message = f"runs {image} without a tag, unless that is built on the spot"
        return Promise(message, Severity.LOW, Confidence.LOW)
    if not tag:
        return Promise(f"runs {image} without a tag: whatever was pushed last")
    if tag == "latest" or tag.startswith("latest-") or tag.endswith("-latest"):
        return Promise(f"runs {image}: whatever was pushed last")
    if tag in _MOVING:
        return Promise(f"runs {image}, a tag that moves by design", Severity.LOW)
    return None


def unpinned(image: str) -> str | None:
    """Say that a name with a version has no digest; None where it has one, has no version, or is unclear."""
    name = parse(image)
    if name is None or name.digest is not None or moves(image) is not None:
        return None
    return f"runs {image} by a tag that can be moved"


# Official images that have curl although what they are built on has not.
_HAVE_CURL: Final = frozenset(
    {"nginx", "php", "solr", "elasticsearch", "kibana", "sonarqube", "nextcloud", "wordpress"}
)
# On Debian these have neither curl nor wget.
_HAVE_NEITHER: Final = frozenset(
    {"postgres", "redis", "mariadb", "memcached", "debian", "ubuntu", "haproxy", "httpd", "rabbitmq", "mongo"}
)


def lacks(image: str, program: str) -> bool:
    """Whether an image is known not to have curl or wget."""
    name, base = parse(image), family(image)
    if name is None or name.familiar in _HAVE_CURL:
        return False
    if base == "alpine":
        return program == "curl"
    if base == "none":
        return True
    return base == "debian" and ("slim" in (name.tag or "") or name.familiar in _HAVE_NEITHER)
