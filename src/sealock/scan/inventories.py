"""The contents of images, as the public API and the command line ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sealock.image.entry import Bounds
from sealock.model.inventory import Inventory
from sealock.model.registries import Registries
from sealock.scan.images import ImageOptions, read_inventories
from sealock.scan.settings import Settings
from sealock.targets.names import image_of
from sealock.targets.projects import has_policy

if TYPE_CHECKING:
    from sealock.policy.settings import Policy


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
    policy = None
    if settings.policy_file or (settings.policy_file is None and has_policy(".")):
        from sealock.targets.policyfile import find_policy, load_policy  # noqa: PLC0415  most images have no policy

        policy = load_policy(settings.policy_file or find_policy(), named=bool(settings.policy_file))
    return image_options(settings, policy, files=files)


def image_options(settings: Settings, policy: Policy | None, *, files: bool = True) -> ImageOptions:
    """How to read images by these settings, and as a policy says if there is one."""
    return ImageOptions(
        settings.platform,
        settings.verify,
        Bounds(**settings.limits),
        policy.access if policy else Registries(),
        settings.cache,
        settings.engine,
        files,
        policy.images if policy else (),
    )
