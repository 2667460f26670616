"""When an image was built, as it claims itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sealock.errors import SealockError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Manifest
from sealock.model.vex import moment
from sealock.net.registry.client import Registry

_FIRST: Final = datetime(2013, 3, 1, tzinfo=UTC)
"""Before Docker existed: builds that can be repeated set dates such as 1970-01-01."""


def created(registry: Registry, name: ImageName) -> datetime | None:
    """The date in an image's configuration, of an index's image for this machine.

    None where it has none, where that cannot be the day of a build, and where the image cannot be had.
    """
    try:
        image = registry.resolve(name).image
        text = registry.created(name, image.noun) if isinstance(image.noun, Manifest) else ""
    except SealockError:
        return None
    time = moment(text) if text else None
    return time if time is not None and time >= _FIRST else None
