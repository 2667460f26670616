"""What the name of a target stands for, and which images it can name.

It loads no format: who lists an image needs none of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from sealock.errors import TargetError
from sealock.targets.imagelayouts import is_image_directory

if TYPE_CHECKING:
    from sealock.model.imagename import ImageName

MACHINE: Final = "host"
"""The target that is this machine."""
SELF: Final = "self"
"""The target that is this process, in the container that it runs in."""
IMAGES: Final = ("archive", "rootfs")
RUNNING: Final = ("container", "pid")


def ambiguity(target: str) -> str:
    """Why a target is not clear, "" where it is: a file may have the name of something else.

    Hooks and scripts pass the names of files on, which are the text of whoever sent them.
    """
    prefix, colon, _ = target.partition(":")
    special = target in {MACHINE, SELF} or (colon and prefix in {"run", "image", "docker", *IMAGES, *RUNNING})
    if not special or not os.path.lexists(target):
        return ""
    return f"there is a file of this name here: write ./{target} for it, or run sealock in another directory"


def image_of(target: str) -> str:
    """What opens the image that a target names: a path, image:REF, or docker:NAME; TargetError if that is not clear."""
    if why := ambiguity(target):
        msg = f"{target}: {why}"
        raise TargetError(msg)
    if why := why_unfit(target):
        msg = f"{target}: {why}"
        raise TargetError(msg)
    for prefix in IMAGES:
        if target.startswith(f"{prefix}:"):
            return target.removeprefix(f"{prefix}:")
    if target.startswith(("image:", "docker:")) or os.path.lexists(target) or not is_reference(target):
        return target
    return f"image:{target}"


def why_unfit(target: str) -> str:
    """Why "archive:PATH" or "rootfs:PATH" cannot name an image, "" where it can.

    A directory that should be an OCI layout would be a root file system without a package, which passes every check.
    """
    prefix, colon, path = target.partition(":")
    if not colon or prefix not in IMAGES:
        return ""
    if not path:
        return (
            f"write {prefix}:PATH, with the path of {'an archive or OCI layout' if prefix == 'archive' else 'a root'}"
        )
    if prefix == "archive" and os.path.isdir(path) and not is_image_directory(path):
        return (
            f"this directory is no OCI layout, since it has no file oci-layout: for a root file system, rootfs:{path}"
        )
    return ""


def is_reference(target: str) -> bool:
    """Whether a target that is no file is an image: it has a tag or digest, since "compose.yml" is a valid name too."""
    name = reference_of(target)
    return name is not None and (":" in target.rpartition("/")[2] or name.digest is not None)


def reference_of(target: str) -> ImageName | None:
    """The target as an image reference; None where it is not one."""
    from sealock.net.registry.names import reference  # noqa: PLC0415  files and directories need no registry

    try:
        return reference(target)
    except TargetError:
        return None
