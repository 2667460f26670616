"""Maps files to packages, sums package sizes, and finds the packages that the started programs need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Need, Share
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package

_FOLDERS: Final = {"gem": ".gemspec", "npm": "/package.json"}
"""Package types that are whole directories, by the file in them that describes the package."""
SHOWN: Final = 12


Key = tuple[str, str, str]


class Owners:
    """The packages of an image and their files."""

    def __init__(self, inventory: Inventory, files: ImageFiles) -> None:
        self.files = files
        self.packages = [package for package in inventory.packages if not package.removed and package.files]
        self.of: dict[str, Package] = {}
        """The owner of each file and each link, with the links among its directories resolved; a distribution's
        package wins over others."""
        for package in self.packages:
            system = package.type in OF_DISTRIBUTIONS
            for path in package.files:
                place = files.place(path)
                if place in files.content.nodes and (system or place not in self.of):
                    self.of[place] = package
        self.directories = self._directories(inventory)

    def _directories(self, inventory: Inventory) -> dict[str, Package]:
        """The directories that belong to one package."""
        owned: dict[str, Package] = {}
        for package in inventory.packages:
            ending = _FOLDERS.get(package.type)
            if ending and not package.removed and package.path.endswith(ending):
                if package.type == "gem":
                    home, _, name = package.path.removesuffix(ending).rpartition("/")
                    owned[f"{home.removesuffix('specifications')}gems/{name}"] = package
                else:
                    owned[package.path.removesuffix(ending)] = package
            elif package.type == "maven" and not package.removed and "!/" not in package.path:
                owned[package.path] = package
        return owned

    def owner(self, path: str) -> Package | None:
        """The package that owns a real path."""
        if (package := self.of.get(path)) is not None:
            return package
        while path:
            if (package := self.directories.get(path)) is not None:
                return package
            path = path.rpartition("/")[0]
        return None

    def system(self, path: str) -> Package | None:
        """The distribution's package that owns a real path."""
        package = self.of.get(path)
        return package if package is not None and package.type in OF_DISTRIBUTIONS else None

    def shares(self) -> tuple[list[tuple[Package, Share]], list[Share]]:
        """Each owner with its size, largest first, and the files without an owner."""
        sizes: dict[Key, list[int]] = {}
        known: dict[Key, Package] = {}
        unowned: list[Share] = []
        for path, node in self.files.content.nodes.items():
            if node.kind != "file" or node.same:
                continue
            package = self.owner(path)
            if package is None:
                unowned.append(Share(path, node.size, 1, node.layer))
            else:
                key = _key(package)
                known.setdefault(key, package)
                size = sizes.setdefault(key, [0, 0])
                size[0] += node.size
                size[1] += 1
        ordered = sorted(sizes, key=lambda key: (-sizes[key][0], key))
        shares = [
            (known[key], Share(_name(known[key]), sizes[key][0], sizes[key][1], known[key].layer)) for key in ordered
        ]
        return shares, unowned

    def needed(self, paths: Iterable[str]) -> set[Key]:
        """The distribution's packages that own these real paths, and their dependencies."""
        by_name: dict[str, list[Package]] = {}
        for package in self.packages:
            if package.type in OF_DISTRIBUTIONS:
                for name in (package.name, *package.provides):
                    by_name.setdefault(name, []).append(package)
        todo = [owner for path in paths if (owner := self.system(path)) is not None]
        reached: set[Key] = set()
        while todo:
            package = todo.pop()
            if _key(package) not in reached:
                reached.add(_key(package))
                todo += [provider for name in package.needs for provider in by_name.get(name, ())]
                # An rpm can depend on a file of any package.
                paths = (self.files.real(name) for name in package.needs if name.startswith("/"))
                todo += [owner for path in paths if (owner := self.system(path)) is not None]
        return reached

    def need(self, paths: Iterable[str], shares: list[tuple[Package, Share]], *, known: bool) -> Need:
        """Sum the packages that these paths need, and the spare ones."""
        reached = self.needed(paths)
        system = [(package, share) for package, share in shares if package.type in OF_DISTRIBUTIONS]
        # Without known dependencies (rpm, pacman), no package is known to be spare.
        known = known and any(package.needs for package, _ in system)
        spare = [share for package, share in system if _key(package) not in reached]
        return Need(
            packages=len(reached),
            size=sum(share.size for package, share in system if _key(package) in reached),
            others=tuple(spare[:SHOWN]) if known else (),
            spare=sum(share.size for share in spare) if known else 0,
            known=known,
        )


def _key(package: Package) -> Key:
    return package.type, package.name, package.version


def _name(package: Package) -> str:
    return f"{package.namespace}/{package.name}" if package.namespace else package.name
