"""The first thing that runs in sealock.pyz: makes all of the file importable, and starts the command line.

Python imports sources out of a zip archive, and no extension modules, since the system's loader wants a file. Each is
given to it as a file in memory, so that nothing is written: a container may have no folder that can be.
"""

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from zipimport import zipimporter

# Python before 3.11 has to get as far as the message below, so nothing here is newer than 3.6.


class Extensions(MetaPathFinder):
    """Finds the extension modules in the archive; comes last, so that only what nobody else finds is asked for."""

    def __init__(self, archive: str) -> None:
        self.archive = archive
        self.importer = zipimporter(archive)

    def find_spec(self, fullname: str, *_: object) -> "ModuleSpec | None":
        """Give what loads the module for this Python; None where the archive has none of that name."""
        for suffix in EXTENSION_SUFFIXES:
            name = fullname.replace(".", "/") + suffix
            try:
                data = self.importer.get_data(os.path.join(self.archive, name))
            except OSError:
                continue
            return loaded(fullname, name, data)
        return None


def loaded(fullname: str, name: str, data: bytes) -> "ModuleSpec | None":
    """Put a module's bytes into memory, and say where the system's loader finds them."""
    try:
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
    except OSError as error:
        raise ImportError("no file in memory could be made for " + name + ": " + str(error)) from None
    where = "/proc/self/fd/" + str(descriptor)
    return spec_from_file_location(fullname, where, loader=ExtensionFileLoader(fullname, where))


def fits(archive: str) -> str:
    """Why this Python can make nothing of the archive's extension modules, "" where it can."""
    importer = zipimporter(archive)
    with_core = importer.get_data(os.path.join(archive, "sealock.pyz.txt")).decode().split()
    if any(tag in suffix for suffix in EXTENSION_SUFFIXES for tag in with_core):
        return ""
    mine = EXTENSION_SUFFIXES[0].split(".")[1]
    return "this sealock.pyz is for " + ", ".join(with_core) + ", and this Python is " + mine


def start() -> int:
    """Start the command line; 2 where that cannot be."""
    archive = sys.path[0]
    if sys.version_info < (3, 11):
        why = "sealock needs Python 3.11 or newer, and this is " + sys.version.split()[0]
    else:
        why = fits(archive)
    if why:
        sys.stderr.write("sealock: " + why + "\n")
        return 2
    sys.meta_path.append(Extensions(archive))
    from sealock.cli.main import start as sealock  # noqa: PLC0415  not before it can be imported

    return sealock()


if __name__ == "__main__":
    sys.exit(start())
