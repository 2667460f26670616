"""The images that a build or container uses."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.build import Build
from sealock.model.container import Container
from sealock.model.imagename import parse
from sealock.rules.build._images import base_images
from sealock.rules.images import NamedImage


def named_images(noun: Build | Container) -> Iterator[NamedImage]:
    """Yield the base images of a build, or the images that a container mounts and runs, unless its file builds it.

    What runs before it has an image of its own where the file names one.
    """
    match noun:
        case Build():
            yield from base_images(noun)
        case Container():
            if isinstance(noun.image, str) and noun.image_role == "run":
                yield NamedImage(noun.image, parse(noun.image), None, ("image",))
            for index, mount in enumerate(given(noun.mounts, ())):
                if mount.kind == "image" and mount.source:
                    yield NamedImage(mount.source, parse(mount.source), None, ("mounts", index), use="mounts")
            for index, hook in enumerate(given(noun.hooks, ())):
                if hook.image is not None:
                    yield NamedImage(hook.image, parse(hook.image), None, ("hooks", index))
