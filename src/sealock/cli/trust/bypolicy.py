"""The policy's part of `sealock trust verify`: images in references and in files, by the [trust] table."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from sealock.cli.registries import policy_of
from sealock.cli.trust.common import name_of
from sealock.errors import TargetError, UsageError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.patterns import compile_lazily
from sealock.pin.texts import PinText, gather
from sealock.policy.settings import Policy
from sealock.trust.bypolicy import verify_images

_TAGGED: Final = compile_lazily(r":[^/]*\Z|@")
"""A tag or a digest at the end of a word."""


def policy_for(arguments: Namespace) -> Policy | None:
    """The policy, if it has a [trust] table."""
    nearest = policy_of(arguments.policy, none=arguments.no_policy)
    return nearest[1] if nearest is not None and nearest[1].trust.given else None


def refuse_files(words: Iterable[str]) -> None:
    """Raise UsageError for a file or directory: only a policy says how the images in it are verified."""
    for word in words:
        if _is_file(word):
            msg = (
                f"{word} is a file: the images in files are verified by the [trust] table of sealock.toml, and none"
                f" applies here (for an image of this name, write {word}:latest)"
            )
            raise UsageError(msg)


def _is_file(word: str) -> bool:
    """Whether a word means a file or directory.

    A word with a tag or a digest is always a reference, even if a file has that name: files in a checkout must not
    replace the image to verify.
    """
    return word[:1] in {".", "/"} or (not _TAGGED.search(word) and Path(word).exists())


class NamedImages(Struct):
    """The images to verify, by their reference; what could not be read; and the files that are not read."""

    images: dict[str, ImageName] = {}
    errors: list[str] = []
    skipped: list[str] = []


def verify(arguments: Namespace, policy: Policy) -> tuple[list[TrustResult], NamedImages]:
    """Verify every reference, and every image that a file names."""
    named = _named(arguments.references)
    return list(verify_images(named.images, policy)), named


def _named(words: list[str]) -> NamedImages:
    """Collect the images: references as they are, and all that files and directories name."""
    named = NamedImages()
    for word in words:
        if not _is_file(word):
            named.images[word] = name_of(word)
        elif not _add(gather([word]), named) and not named.errors:
            named.errors.append(f"{word} names no image, so nothing was verified")
    return named


def _add(texts: Iterable[PinText], named: NamedImages) -> bool:
    """Add what files name; whether there are images.

    An image that a file builds is not pulled, except by Compose, which builds it only where it cannot pull it.
    """
    images = False
    for text in texts:
        named.errors += [f"{text.path}: {text.error}"] if text.error else []
        named.errors += [f"{text.path}: {why}" for why, _ in text.references.broken]
        named.skipped += [f"{text.path}: {text.skipped}"] if text.skipped and not text.error else []
        for spot in text.references.spots:
            if not spot.reference or spot.name is None:
                why = f" ({spot.stuck})" if spot.stuck else ""
                named.errors.append(f"{text.path}: {spot.written} could not be resolved to an image{why}")
                continue
            images = True
            if spot.reference in text.references.built - text.references.pulled or spot.reference in named.images:
                continue
            try:
                named.images[spot.reference] = name_of(spot.reference)
            except TargetError as error:
                named.errors.append(f"{text.path}: {error}")
    return images
