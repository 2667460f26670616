"""Files that a distribution's package owns: the distribution's advisories decide on their content."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.model.inventory import OF_DISTRIBUTIONS, Package


def owners(paths: Iterable[str], packages: Iterable[Package]) -> dict[str, Package]:
    """Map each path that a distribution's package owns to that package; a path in an archive to the archive's owner."""
    owning = [
        package for package in packages if package.files and package.type in OF_DISTRIBUTIONS and not package.removed
    ]
    owned: dict[str, Package] = {}
    if not owning:
        return owned
    spellings: dict[str, list[str]] = {}
    for path in paths:
        on_disk = path.partition("!/")[0]
        # Package databases from before the /usr merge list usr/bin files under bin.
        for spelling in {on_disk, on_disk.removeprefix("usr/")}:
            spellings.setdefault(spelling, []).append(path)
    for package in owning:
        for spelling in spellings.keys() & package.files:
            owned.update(dict.fromkeys(spellings[spelling], package))
    return owned
