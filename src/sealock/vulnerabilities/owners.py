"""Files that a distribution's package owns: what is in them is the distribution's to judge."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.model.inventory import OF_DISTRIBUTIONS, Package


def owners(paths: Iterable[str], packages: Iterable[Package]) -> dict[str, Package]:
    """Map each path that a distribution's package owns to that package; paths within an archive to the archive's."""
    wanted: dict[str, list[str]] = {}
    for path in paths:
        on_disk = path.partition("!/")[0]
        # Lists of packages made before /bin became usr/bin name it without the usr.
        for spelling in {on_disk, on_disk.removeprefix("usr/")}:
            wanted.setdefault(spelling, []).append(path)
    found: dict[str, Package] = {}
    if not wanted:
        return found
    for package in packages:
        if package.files and package.type in OF_DISTRIBUTIONS and not package.removed:
            for owned in wanted.keys() & package.files:
                found.update(dict.fromkeys(wanted[owned], package))
    return found
