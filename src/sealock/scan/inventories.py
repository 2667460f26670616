"""The contents of images, as the public API and the command line ask for them."""

from __future__ import annotations

from collections.abc import Callable

from sealock.image.entry import Bounds
from sealock.model.inventory import Inventory
from sealock.policy.settings import Policy
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
    return read_inventories(image, options_for(settings or Settings(), files=files), progress)


def options_for(settings: Settings, *, files: bool = True) -> ImageOptions:
    """How to read an image by these settings, and by the policy of the working directory."""
    policy = Policy()
    if settings.policy_file != "" and (path := settings.policy_file or find_policy()):
        policy = load_policy(path, named=bool(settings.policy_file))
    return image_options(settings, policy, files=files)


def image_options(settings: Settings, policy: Policy, *, files: bool = True) -> ImageOptions:
    """How to read images by these settings, as a policy says."""
    return ImageOptions(
        settings.platform,
        settings.verify,
        Bounds(**settings.limits),
        policy.access,
        settings.cache,
        settings.engine,
        files,
        policy.images,
    )
