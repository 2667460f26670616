"""Symbolic links over all layers: which a container sees, and where paths lead through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sealock.image.paths import MOST_LINKS, normalize, resolve
from sealock.inventory.facts import LayerFacts
from sealock.inventory.names import HARD
from sealock.inventory.view import ByteView, with_directories


class _Known(Mapping[str, str]):
    """The symbolic links that were looked up; others that are asked for are noted."""

    def __init__(self) -> None:
        self.targets: dict[str, str | None] = {}
        self.missing: set[str] = set()

    def __getitem__(self, path: str) -> str:
        """The target of a link; KeyError where there is none, or it was not looked up yet."""
        if path not in self.targets:
            self.missing.add(path)
        target = self.targets.get(path)
        if target is None:
            raise KeyError(path)
        return target

    def __iter__(self) -> Iterator[str]:
        """Iterate over the known paths."""
        return iter(self.targets)

    def __len__(self) -> int:
        """The number of known paths."""
        return len(self.targets)


class Resolver:
    """Follows the symbolic links that a container sees; those that were looked up are `known`."""

    def __init__(self, layers: Sequence[LayerFacts], view: ByteView) -> None:
        self.layers, self.view, self.known = layers, view, _Known()

    def resolve_all(self, paths: Sequence[str]) -> dict[str, str | None]:
        """Each path after following every symbolic link in it; None for a loop."""
        known, results = self.known, {}
        pending: Iterable[str] = paths
        while pending:
            again: list[str] = []
            asked: set[str] = set()
            for path in pending:
                known.missing = set()
                results[path] = resolve(path, known)
                if known.missing:
                    again.append(path)
                    asked |= known.missing
            links = self.look_up(asked)
            # Where none of the paths on the way is a link, nothing would change.
            pending = again if links else ()
        return results

    def look_up(self, paths: set[str]) -> bool:
        """Look up which paths are symbolic links, and those on the way of their targets; whether any is."""
        targets, some = self.known.targets, False
        for _ in range(MOST_LINKS + 1):
            paths = paths - targets.keys()
            if not paths:
                break
            targets.update(dict.fromkeys(paths))
            ahead: set[str] = set()
            for path, target in self.visible_links(paths).items():
                some = True
                targets[path] = target
                above = "" if target.startswith("/") else path.rpartition("/")[0]
                ahead |= with_directories((normalize(f"{above}/{target}")[0],)) - {""}
            paths = ahead
        return some

    def visible_links(self, paths: set[str]) -> dict[str, str]:
        """The targets of those paths at which a container sees a symbolic link."""
        last: dict[str, tuple[int, str]] = {}
        for place, layer in enumerate(self.layers):
            for part in layer.links.parts():
                names = part[::2]
                if common := paths.intersection(names):
                    last |= {
                        path: (place, target) for path, target in zip(names, part[1::2], strict=True) if path in common
                    }
        if not last:
            return {}
        view = self.view if last.keys() <= self.view.interest else ByteView(self.layers, last)
        return {
            path: target[1:]
            for path, (place, target) in last.items()
            if target[:1] != HARD and is_seen(view, path, place)
        }


def is_seen(view: ByteView, path: str, place: int) -> bool:
    """Whether a container sees a path as this layer has it."""
    return not view.hidden(path, place) and view.directories.get(path, -1) <= place
