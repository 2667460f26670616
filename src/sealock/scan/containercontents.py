"""What a container holds: the packages of its image and of what it changed since, and the files that its processes use.

The image is read as the engine saves it, from the cache where its layers are known. The engine exports the container's
own files only where it changed some that may be packages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.image.fromcontainer import list_changes
from sealock.model.finding import InputError, Skipped
from sealock.model.imagediff import PathChange
from sealock.model.location import Location
from sealock.runtime.containers import ObservedContainer
from sealock.runtime.engine import connect
from sealock.runtime.kernel.tree import ProcTree
from sealock.runtime.kernel.usedfiles import used_files
from sealock.scan.documents import ReadTarget, unread_packages
from sealock.scan.images import read_inventories
from sealock.scan.inventories import image_options
from sealock.scan.profileuse import with_profile
from sealock.scan.settings import Settings
from sealock.scan.useevidence import UseEvidence
from sealock.vulnerabilities.database.location import NAME, database_directory

_NO_DATABASE: Final = (
    "Packages of containers were not matched with advisories, since there is no advisory database: `sealock db update`"
    " builds one."
)
_OF_THE_ENGINE: Final = frozenset({"/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"})
_OF_ITS_RUN: Final = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/", "/var/log/", "/var/run/", "/var/tmp/")  # noqa: S108  paths within the container


def with_contents(
    read: ReadTarget,
    observed: ObservedContainer,
    settings: Settings,
    note: Callable[[str], None],
    progress: Callable[[str], None],
) -> ReadTarget:
    """Add the inventory of a container's image to what was read of it, and the files that are in use."""
    if not Path(database_directory(), NAME).exists():
        note(_NO_DATABASE)
        return read
    subject = f"image of container {observed.listed.name}"
    try:
        with connect(settings.engine) as engine:
            changed = list_changes(engine, observed.listed.id)
        target = f"container:{observed.listed.id}" if _matter(changed) else f"docker:{observed.image}"
        options = replace(image_options(settings, read.policy), changed=changed)
        (inventory,) = read_inventories(target, options, progress)
    except TargetError as error:
        return _failed(read, f"its packages were not read: {error}")
    unevaluated = list(unread_packages(inventory))
    used = used_files(ProcTree(), observed.pids) if observed.pids else None
    if used is not None:
        unevaluated += (Skipped("", "files in use", f"not seen: {why}") for why in used.unseen)
    read = replace(
        read,
        document=replace(read.document, errors=(*read.document.errors, *inventory.errors)),
        inventories=((subject, inventory),),
        unevaluated=(*read.unevaluated, *unevaluated),
        evidence=UseEvidence(used.paths) if used is not None else None,
    )
    return with_profile(read, settings.profile, (observed.image,)) if settings.profile else read


def _failed(read: ReadTarget, why: str) -> ReadTarget:
    error = InputError(why, Location(read.name))
    return replace(read, document=replace(read.document, errors=(*read.document.errors, error)))


def _matter(changed: Sequence[PathChange]) -> bool:
    """Whether the container changed files beside those of its run and those that the engine writes."""
    paths = tuple(change.path for change in changed)
    above = {path.rpartition("/")[0] for path in paths}
    return any(
        path not in above and path not in _OF_THE_ENGINE and not f"{path}/".startswith(_OF_ITS_RUN) for path in paths
    )
