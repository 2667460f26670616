"""The images that a noun starts from."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import Build
from sealock.model.container import Container
from sealock.model.imagename import parse
from sealock.rules.build._images import base_images
from sealock.rules.images import NamedImage


def named_images(noun: Build | Container) -> Iterator[NamedImage]:
    """Find the images that a build is based on, or the one that a container runs and that is not built here first."""
    match noun:
        case Build():
            yield from base_images(noun)
        case Container(image=str() as text, image_role="run"):
            yield NamedImage(text, parse(text), None, ("image",))
