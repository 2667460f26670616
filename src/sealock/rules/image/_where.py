"""Where the files of an image came from, and how many of them are told of at once, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.inventory import FileFact, Inventory, instruction
from sealock.model.location import Place

LENGTH: Final = 80
"""Characters of an instruction that a message quotes at the most."""

FEW: Final = 5
"""Files of one layer that are told of one by one; more of them make one finding, which names so many."""


def origin(image: Inventory, layer: int) -> str:
    """The layer and the instruction that made it: "layer 3 (RUN chmod u+s /x)"."""
    found = next((one for one in image.layers if one.index == layer), None)
    if found is None:
        return "the image"
    made = instruction(found.created_by)
    short = made if len(made) <= LENGTH else made[: LENGTH - 1] + "…"
    return f"layer {layer + 1}" + (f" ({short})" if short else "")


def place(fact: FileFact) -> Place | None:
    """The file within the image, as a pointer; None where a list of files was read, which has a text."""
    return None if fact.layer < 0 else Place(pointer="/" + fact.path)


def present(image: Inventory, *kinds: str) -> list[FileFact]:
    """The facts of these kinds that a container would see: each path once, from the layer that first has it."""
    found: dict[tuple[str, str], FileFact] = {}
    for fact in image.files:
        if fact.kind in kinds and not fact.removed:
            found.setdefault((fact.kind, fact.path), fact)
    return list(found.values())


def batches(facts: Iterable[FileFact]) -> Iterator[list[FileFact]]:
    """Divide facts by layer: each by itself where a layer has few of them, all together where it has many."""
    by_layer: dict[int, list[FileFact]] = {}
    for fact in facts:
        by_layer.setdefault(fact.layer, []).append(fact)
    for held in by_layer.values():
        if len(held) > FEW:
            yield sorted(held, key=lambda fact: fact.path)
        else:
            yield from ([fact] for fact in held)


def listed(batch: list[FileFact], many: str) -> str:
    """Name the files of a batch: "/etc/x", or "214 <many> (/a, /b, /c, /d, /e and 209 more)"."""
    if len(batch) == 1:
        return "/" + batch[0].path
    more = f" and {len(batch) - FEW} more" if len(batch) > FEW else ""
    return f"{len(batch)} {many} ({', '.join('/' + fact.path for fact in batch[:FEW])}{more})"


def whose(fact: FileFact) -> str:
    """The package that brings the file, as an insertion: ", from the package bsdutils,"."""
    return f", from the package {fact.owner}," if fact.owner else ""


TESTS: Final = frozenset({
    "test", "tests", "testdata", "testing", "fixtures", "example", "examples", "sample", "samples", "spec", "__tests__",
    "mock", "mocks", "__mocks__", "demo", "testcases",
})  # fmt: skip
"""Folders of keys and passwords that were made up to be seen."""


def is_for_tests(path: str) -> bool:
    """Whether a file is one that tests or examples come with."""
    return not TESTS.isdisjoint(path.lower().split("/")[:-1])


def hidden(fact: FileFact, last: int) -> str:
    """What a later layer does to a file that it hides; `last` is the last layer that has such a file."""
    later = f"layer {fact.removed_in + 1}" if fact.removed_in >= 0 else "a later layer"
    return f"{later} {'replaces' if last > fact.layer else 'removes'} it"
