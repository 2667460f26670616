"""The images that a build or container uses."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import Build
from sealock.model.container import Container
from sealock.model.imagename import parse
from sealock.rules.build._images import base_images
from sealock.rules.images import NamedImage


def named_images(noun: Build | Container) -> Iterator[NamedImage]:
    """Yield the base images of a build, or the image of a container unless the same file builds it."""
    match noun:
        case Build():
            yield from base_images(noun)
        case Container(image=str() as text, image_role="run"):
            yield NamedImage(text, parse(text), None, ("image",))
