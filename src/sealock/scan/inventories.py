"""The contents of images, as the public API and the command line ask for them."""

from __future__ import annotations

from collections.abc import Callable

from sealock.image.entry import Bounds
from sealock.model.inventory import Inventory
from sealock.model.registries import Registries
from sealock.scan.images import ImageOptions, read_inventories
from sealock.scan.settings import Settings
from sealock.targets.policyfile import find_policy, load_policy
from sealock.targets.resolve import image_of


def inventory(
    target: str,
    *,
    settings: Settings | None = None,
    files: bool = True,
    progress: Callable[[str], None] = lambda _name: None,
) -> tuple[Inventory, ...]:
    """List the contents of an image: one Inventory for each image that the target holds.

    The target is a path, an image reference, image:REF, archive:PATH, rootfs:DIR or docker:NAME. `files` False lists
    packages only, in half the time. TargetError where there is no image, TransportError where a registry cannot be
    reached; what could not be read inside an image is in `Inventory.errors`.
    """
    image = image_of(target)
    return read_inventories(image, options_for(image, settings or Settings(), files=files), progress)


def options_for(image: str, settings: Settings, *, files: bool = True) -> ImageOptions:
    """How to read an image by these settings; a registry is accessed as the policy of the working directory says."""
    access = Registries()
    if image.startswith("image:") and settings.policy_file != "":
        path = settings.policy_file or find_policy()
        access = load_policy(path, named=bool(settings.policy_file)).access if path else access
    return image_options(settings, access, files=files)


def image_options(settings: Settings, access: Registries, *, files: bool = True) -> ImageOptions:
    """How to read images by these settings, with access to registries."""
    return ImageOptions(
        settings.platform,
        settings.verify,
        Bounds(**settings.limits),
        access,
        settings.cache,
        settings.engine,
        files,
    )
