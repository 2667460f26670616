"""Which package each file is of, how large packages are, and which of them what is started needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Need, Share
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package

_FOLDERS: Final = {"gem": ".gemspec", "npm": "/package.json"}
"""Types whose packages are whole folders, told of by a file in them."""
SHOWN: Final = 12


Key = tuple[str, str, str]


class Owners:
    """The packages of an image and their files."""

    def __init__(self, inventory: Inventory, files: ImageFiles) -> None:
        self.files = files
        self.packages = [package for package in inventory.packages if not package.removed and package.files]
        self.of: dict[str, Package] = {}
        """The owner of each real path; a distribution's package rather than another."""
        for package in self.packages:
            system = package.type in OF_DISTRIBUTIONS
            for path in package.files:
                real = files.real(path)
                if real and (system or real not in self.of):
                    self.of[real] = package
        self.folders = self._folders(inventory)

    def _folders(self, inventory: Inventory) -> dict[str, Package]:
        """Folders that belong to a package as a whole."""
        found: dict[str, Package] = {}
        for package in inventory.packages:
            ending = _FOLDERS.get(package.type)
            if ending and not package.removed and package.path.endswith(ending):
                if package.type == "gem":
                    home, _, name = package.path.removesuffix(ending).rpartition("/")
                    found[f"{home.removesuffix('specifications')}gems/{name}"] = package
                else:
                    found[package.path.removesuffix(ending)] = package
            elif package.type == "maven" and not package.removed and "!/" not in package.path:
                found[package.path] = package
        return found

    def owner(self, path: str) -> Package | None:
        """The package that a real path is of."""
        if (found := self.of.get(path)) is not None:
            return found
        while path:
            if (found := self.folders.get(path)) is not None:
                return found
            path = path.rpartition("/")[0]
        return None

    def system(self, path: str) -> Package | None:
        """The distribution's package that a real path is of."""
        found = self.of.get(path)
        return found if found is not None and found.type in OF_DISTRIBUTIONS else None

    def shares(self) -> tuple[list[tuple[Package, Share]], list[Share]]:
        """Each owner with its size, the largest first, and the files that nobody owns."""
        sizes: dict[Key, list[int]] = {}
        known: dict[Key, Package] = {}
        unowned: list[Share] = []
        for path, node in self.files.content.nodes.items():
            if node.kind != "file" or node.same:
                continue
            package = self.owner(path)
            if package is None:
                unowned.append(Share(path, node.size, 1, node.layer))
                continue
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
        """The distribution's packages that own these real paths, and all that those depend on."""
        by_name: dict[str, list[Package]] = {}
        for package in self.packages:
            if package.type in OF_DISTRIBUTIONS:
                for name in (package.name, *package.provides):
                    by_name.setdefault(name, []).append(package)
        todo = [found for path in paths if (found := self.system(path)) is not None]
        reached: set[Key] = set()
        while todo:
            package = todo.pop()
            if _key(package) not in reached:
                reached.add(_key(package))
                todo += [one for name in package.needs for one in by_name.get(name, ())]
                # rpm's packages may need a file, whoever brings it.
                paths = (self.files.real(name) for name in package.needs if name.startswith("/"))
                todo += [found for path in paths if (found := self.system(path)) is not None]
        return reached

    def need(self, paths: Iterable[str], shares: list[tuple[Package, Share]], *, known: bool) -> Need:
        """Count what these paths need, and what nothing of that needs."""
        reached = self.needed(paths)
        system = [(package, share) for package, share in shares if package.type in OF_DISTRIBUTIONS]
        # Whose dependencies are not known (rpm, pacman), of those nothing can be said to be spare.
        told = known and any(package.needs for package, _ in system)
        spare = [share for package, share in system if _key(package) not in reached]
        return Need(
            packages=len(reached),
            size=sum(share.size for package, share in system if _key(package) in reached),
            others=tuple(spare[:SHOWN]) if told else (),
            spare=sum(share.size for share in spare) if told else 0,
            known=told,
        )


def _key(package: Package) -> Key:
    return package.type, package.name, package.version


def _name(package: Package) -> str:
    return f"{package.namespace}/{package.name}" if package.namespace else package.name
