"""Why a statement of a VEX document does not apply to a finding of its vulnerability, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sealock.model.advisory import Installed
from sealock.model.purl import Url, parse_purl
from sealock.model.vex import VexProduct

_LONGEST = 200


def mismatch(
    products: Iterable[VexProduct], own: Url | None, package: Installed, is_subject: Callable[[str], bool]
) -> str:
    """What the nearest of a statement's products is, and what differs.

    `own` is the package URL of the finding's package, and `is_subject` says whether an id is the image.
    """
    reasons = sorted(_reasons(products, own, f"{package.name} {package.version}".strip(), is_subject))
    return reasons[0][1] if reasons else "names no product that is known here"


def _reasons(
    products: Iterable[VexProduct], own: Url | None, found: str, is_subject: Callable[[str], bool]
) -> Iterator[tuple[int, str]]:
    """Yield how near each product is, the nearest with the lowest number, and the reason."""
    for product in products:
        inside = not product.parts or any(map(is_subject, product.ids))
        for text in product.parts or product.ids:
            url = parse_purl(text) if text.startswith("pkg:") else None
            shown = text[:_LONGEST]
            if url is None or own is None or (url.type, url.name) != (own.type, own.name):
                neither = "is neither this image nor" if not product.parts else "is not"
                yield 4, f"is about {shown}, which {neither} {found}"
            elif url.namespace != own.namespace:
                yield 3, f"is about {shown}, and {found} is of {own.namespace or 'no namespace'}"
            elif url.version and url.version != own.version:
                yield 0, f"is about version {url.version[:_LONGEST]} of {own.name}, and {own.version} is installed"
            elif url.subpath:
                yield 1, f"is about {shown}, which is a part of {found}"
            elif differing := _differing(url, own):
                yield (
                    1,
                    f"is about {shown}, and the {differing} of {found} is {own.qualifiers.get(differing, 'unknown')}",
                )
            elif not inside:
                yield 2, f"is about {own.name} in {product.ids[0][:_LONGEST]}, which is not this image"


def _differing(pattern: Url, own: Url) -> str:
    """The first qualifier that differs, "" for none."""
    return next((key for key, value in pattern.qualifiers.items() if own.qualifiers.get(key) != value), "")
