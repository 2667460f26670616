"""Validates references by the specification's grammar, since they become paths of URLs, and finds registry hosts."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.imagename import DEFAULT_REGISTRY, ImageName, parse
from sealock.patterns import compile_lazily

_HOST: Final = compile_lazily(
    r"(?:\[[0-9a-fA-F:]{2,39}\]|[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*)(?::\d{1,5})?"
)
_REPOSITORY: Final = compile_lazily(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = compile_lazily(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST: Final = compile_lazily(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_MOST: Final = 255
"""Most characters of a repository's name."""


def is_tag(text: str) -> bool:
    """Whether it is a valid tag."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether it is a digest of a supported algorithm."""
    return _DIGEST.fullmatch(text) is not None


def reference(text: str) -> ImageName:
    """Parse a reference, with the tag "latest" if it has neither tag nor digest; TargetError where it is invalid."""
    name = parse(text)
    if name is None:
        message = f"{text[:300]!r} is not an image reference of the form [HOST[:PORT]/]NAME[:TAG][@DIGEST]"
        raise TargetError(message)
    if not _HOST.fullmatch(name.registry):
        message = f"{text[:300]!r}: {name.registry[:100]!r} is not a registry's HOST[:PORT]"
        raise TargetError(message)
    if len(name.repository) > _MOST or not _REPOSITORY.fullmatch(name.repository):
        message = (
            f"{text[:300]!r}: {name.repository[:100]!r} is not a repository's name: lower-case letters and digits, with"
            " single dots, dashes or underscores between"
        )
        raise TargetError(message)
    if name.digest is not None and not is_digest(name.digest):
        message = f"{text[:300]!r}: {name.digest[:40]!r} is not a supported digest, such as sha256:HEX"
        raise TargetError(message)
    return name if name.tag or name.digest else replace(name, tag="latest")


def host_of(name: ImageName) -> str:
    """The HOST[:PORT] of a name's registry API."""
    return "registry-1.docker.io" if name.registry == DEFAULT_REGISTRY else name.registry
