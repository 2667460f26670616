"""What a layer writes through a symbolic link of a layer below, where engines differ.

Docker with overlay2, and containerd, unpack a layer by itself: a directory takes the place of the link. Docker with vfs
or btrfs unpacks over the layers below, and follows the link. Where that decides what packages there are, it is an
error. tests/live/test_written_through.py asks Docker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sealock.image.paths import resolve
from sealock.inventory.facts import FileFault, LayerFacts
from sealock.inventory.names import HARD, pairs
from sealock.inventory.selection import Selection
from sealock.inventory.view import ByteView, with_directories


def find_ambiguous(layers: Sequence[LayerFacts], selection: Selection) -> Iterator[tuple[int, FileFault]]:
    """Yield an error for each link of a layer below through which a layer writes files of analyzers, with its place."""
    below: dict[str, int] = {}
    """The symbolic links of the layers so far, with the place of the last that has each."""
    for place, layer in enumerate(layers):
        for link, path in _written_through(layers, place, below, selection).items():
            message = (
                f"it lies below /{link}, a symbolic link of layer {below[link] + 1}: engines differ in whether they"
                " follow it, so what a container sees here is not known; check a container made from the image"
            )
            yield place, FileFault(path, message)
        if place + 1 < len(layers):
            below |= {path: place for path, target in pairs(layer.links) if target[:1] != HARD}


def _written_through(
    layers: Sequence[LayerFacts], place: int, below: Mapping[str, int], selection: Selection
) -> dict[str, str]:
    """The links below that paths of a layer pass, each with the first path that means something where it leads."""
    layer, passed = layers[place], dict[str, list[str]]()
    links = {link for part in (layer.holders() if below else ()) for link in with_directories(part) & below.keys()}
    for part in layer.paths.parts() if links else ():
        for path in part:
            for link in with_directories((path.rpartition("/")[0],)) & links:
                passed.setdefault(link, []).append(path)
    if not passed:
        return {}
    view = ByteView(layers[: place + 1], passed)
    seen = [link for link in passed if not view.hidden(link, below[link]) and view.directories.get(link, -1) < 0]
    targets = {
        path: target[1:]
        for other in (layers[:place] if seen else ())
        for path, target in pairs(other.links)
        if target[:1] != HARD
    }
    decisive: dict[str, str] = {}
    for link in sorted(seen):
        for path in passed[link]:
            above, _, name = path.rpartition("/")
            real = resolve(above, targets)
            if real is not None and selection.claims(f"{real}/{name}") - selection.claims(path):
                decisive[link] = path
                break
    return decisive
