"""Where an image reference stands in a text, and where its digest does or would."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.model.imagename import ImageName, parse
from sealock.model.location import Place

DIGEST: Final = re.compile(r"@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?![0-9A-Za-z])")


class ReferenceSpot(Struct, frozen=True):
    """A reference in a text.

    `written` is what stands there, variables and all, at `place`; `reference` is what it stands for, "" where that
    hangs on what nobody knows here. `seat` is the stretch that a digest takes the place of, or an empty one where
    ":TAG@DIGEST" or "@DIGEST" is to be inserted; None where the text cannot be pinned, for the reason in `stuck`.
    `user` names what runs it, where that has a name: a compose file's service.
    """

    written: str
    reference: str
    place: Place
    seat: Place | None = None
    stuck: str = ""
    user: str = ""
    runs: bool = True
    """Whether it is what the service runs, rather than what its build takes in."""

    @property
    def name(self) -> ImageName | None:
        """The reference taken apart; None where it is none."""
        return parse(self.reference) if self.reference else None


class FoundReferences(Struct, frozen=True):
    """The references of a text; `notes` are what could not be looked into (reason, place)."""

    spots: tuple[ReferenceSpot, ...] = ()
    broken: tuple[tuple[str, Place], ...] = ()
    """What is wrong with the text, so that references may have been missed."""
    built: frozenset[str] = frozenset()
    """Names of images that the text has built, which no registry need have."""
