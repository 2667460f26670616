"""Lists the packages of an image that a profile never saw in use, with their sizes and vulnerabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import ImageFiles
from sealock.errors import SealockError, TargetError
from sealock.image.opener import open_image
from sealock.inventory.content import content
from sealock.model.inventory import Inventory, Package
from sealock.model.unused import UnusedPackage, UnusedPackages
from sealock.scan.images import read_inventories
from sealock.scan.inuse import package_uses
from sealock.scan.inventories import options_for
from sealock.scan.profileuse import digests_of
from sealock.scan.settings import Settings
from sealock.scan.useevidence import file_gaps, profile_evidence
from sealock.scan.vulnerabilities import look_up_inventory
from sealock.targets.names import image_of
from sealock.targets.profiles import open_profile

_Key = tuple[str, str, str, str]


def unused_packages(
    target: str, settings: Settings, progress: Callable[[str], None] = lambda _name: None
) -> UnusedPackages:
    """What of an image the profile of the settings never saw in use; TargetError for a profile of another image."""
    profile = open_profile(settings.profile)
    image = image_of(target)
    options = options_for(settings)
    inventory, *_ = read_inventories(image, options, progress)
    if not profile.is_of(digests_of(inventory)):
        message = f"{settings.profile} was learned from another image than {target}: learn a profile of it"
        raise TargetError(message)
    evidence = profile_evidence(profile)
    uses = package_uses(inventory, evidence)
    # The inventory has verified the digests.
    opened, *_ = open_image(
        image,
        platform=options.platform,
        bounds=options.bounds,
        verify=False,
        access=options.access,
        engine=options.engine,
    )
    progress("the file system")
    sizes = _sizes(inventory, ImageFiles(content(opened.layers), inventory.container))
    flaws, matched = _vulnerabilities(inventory, progress, offline=settings.offline)
    unused = [_unused(key, sizes.get(key, (0, 0)), flaws[key]) for key, use in uses.items() if use == "present"]
    unused.sort(key=lambda package: (-package.size, package.name))
    used = sum(use in {"loaded", "reachable"} for use in uses.values())
    return UnusedPackages(
        target, len(uses), used, tuple(unused), evidence.exercise, file_gaps(profile), matched=matched
    )


def _unused(key: _Key, size: tuple[int, int], flaws: int) -> UnusedPackage:
    kind, name, version, _ = key
    return UnusedPackage(kind, name, version, *size, flaws)


def _sizes(inventory: Inventory, files: ImageFiles) -> dict[_Key, tuple[int, int]]:
    """The bytes and the number of files of each package."""
    shares, _ = Owners(inventory, files).shares()
    return {_key(package): (share.size, share.files) for package, share in shares}


def _vulnerabilities(
    inventory: Inventory, progress: Callable[[str], None], *, offline: bool
) -> tuple[Counter[_Key], bool]:
    """How many known vulnerabilities each package has, and whether all packages could be looked up."""
    try:
        flaws, unchecked = look_up_inventory(inventory, progress, lambda _note: None, offline=offline)
    except SealockError:
        return Counter(), False
    installed = (flaw.package for flaw in flaws)
    return Counter((each.type, each.name, each.version, each.path) for each in installed), not unchecked


def _key(package: Package) -> _Key:
    return package.type, package.name, package.version, package.path
