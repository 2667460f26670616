"""The policy's part of `sealock trust verify`: images in references and in files, by the [trust] table."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path
from typing import Final

from sealock.cli.registries import policy_of
from sealock.cli.trust.common import name_of
from sealock.errors import TargetError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.pin.texts import gather
from sealock.policy.settings import Policy
from sealock.trust.bypolicy import verify_images

_TAGGED: Final = re.compile(r":[^/]*\Z|@")
"""A tag or a digest at the end of a word."""


def policy_for(arguments: Namespace) -> Policy | None:
    """The policy, if it has a [trust] table."""
    nearest = policy_of(arguments.policy, none=arguments.no_policy)
    return nearest[1] if nearest is not None and nearest[1].trust.given else None


def verify(arguments: Namespace, policy: Policy) -> tuple[list[TrustResult], list[str]]:
    """Verify every reference, and every image that a file names; return the results, and the files' errors."""
    named, errors = _named(arguments.references)
    return list(verify_images(named, policy)), errors


def _named(words: list[str]) -> tuple[dict[str, ImageName], list[str]]:
    """Collect the images: references as they are, and all that files and directories name.

    A word with a tag or a digest is always a reference, even if a file has that name: files in a checkout must not
    replace the image to verify.
    """
    named: dict[str, ImageName] = {}
    errors: list[str] = []
    for word in words:
        if word[:1] not in {".", "/"} and (_TAGGED.search(word) or not Path(word).exists()):
            named[word] = name_of(word)
            continue
        images = 0
        for text in gather([word]):
            errors += [f"{text.path}: {text.error}"] if text.error else []
            errors += [f"{text.path}: {why}" for why, _ in text.references.broken]
            for spot in text.references.spots:
                if spot.name is None:
                    errors.append(f"{text.path}: {spot.written} could not be resolved to an image")
                    continue
                images += 1
                if spot.reference in text.references.built or spot.reference in named:
                    continue
                try:
                    named[spot.reference] = name_of(spot.reference)
                except TargetError as error:
                    errors.append(f"{text.path}: {error}")
        if not images and not errors:
            errors.append(f"{word} names no image, so nothing was verified")
    return named, errors
