"""The place of an image reference in a text, and of its digest."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.model.imagename import ImageName, parse
from sealock.model.location import Place
from sealock.patterns import compile_lazily

DIGEST: Final = compile_lazily(r"@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?![0-9A-Za-z])")


class ReferenceSpot(Struct, frozen=True):
    """A reference in a text.

    `written` is the text at `place`, with its variables; `reference` is its value, "" where that is unknown. `seat` is
    the span that a digest replaces, or an empty one where ":TAG@DIGEST" or "@DIGEST" is inserted; None where the text
    cannot be pinned, for the reason in `stuck`. `user` names what runs it, such as a compose file's service.
    """

    written: str
    reference: str
    place: Place
    seat: Place | None = None
    stuck: str = ""
    user: str = ""
    runs: bool = True
    """Whether the service runs it, rather than its build using it."""

    @property
    def name(self) -> ImageName | None:
        """The parsed reference; None where it is invalid."""
        return parse(self.reference) if self.reference else None


def placed(written: str, reference: str, place: Place, seat: Place | str, user: str = "") -> ReferenceSpot:
    """Make a spot; `seat` is the digest's span, or the reason why there is none."""
    if isinstance(seat, str):
        return ReferenceSpot(written, reference, place, None, seat, user)
    return ReferenceSpot(written, reference, place, seat, "", user)


class FoundReferences(Struct, frozen=True):
    """The references of a text."""

    spots: tuple[ReferenceSpot, ...] = ()
    broken: tuple[tuple[str, Place], ...] = ()
    """Errors of the text (reason, place): references may be missing."""
    built: frozenset[str] = frozenset()
    """Names of images that the text builds, which need not exist in a registry."""
    pulled: frozenset[str] = frozenset()
    """Those of them that Compose pulls if a registry has them."""
