"""Describes the origin of files in an image, and groups them into findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.inventory import FileFact, Inventory, instruction
from sealock.model.location import Place

LENGTH: Final = 80
"""Most characters of an instruction that a message quotes."""

FEW: Final = 5
"""Most files of a layer with a finding each; more make one finding, which names this many."""


def origin(image: Inventory, layer: int) -> str:
    """The layer and the instruction that made it: "layer 3 (RUN chmod u+s /x)"."""
    entry = next((entry for entry in image.layers if entry.index == layer), None)
    if entry is None:
        return "the image"
    text = instruction(entry.created_by)
    short = text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
    return f"layer {layer + 1}" + (f" ({short})" if short else "")


def place(fact: FileFact) -> Place | None:
    """The file in the image, as a pointer; None for a list of files, which has a text."""
    return None if fact.layer < 0 else Place(pointer="/" + fact.path)


def present(image: Inventory, *kinds: str) -> list[FileFact]:
    """The facts of these kinds that a container sees: each path once, from the first layer that has it."""
    facts: dict[tuple[str, str], FileFact] = {}
    for fact in image.files:
        if fact.kind in kinds and not fact.removed:
            facts.setdefault((fact.kind, fact.path), fact)
    return list(facts.values())


def batches(facts: Iterable[FileFact]) -> Iterator[list[FileFact]]:
    """Group facts by layer: a batch for each if the layer has few, one batch if it has many."""
    by_layer: dict[int, list[FileFact]] = {}
    for fact in facts:
        by_layer.setdefault(fact.layer, []).append(fact)
    for batch in by_layer.values():
        if len(batch) > FEW:
            yield sorted(batch, key=lambda fact: fact.path)
        else:
            yield from ([fact] for fact in batch)


def listed(batch: list[FileFact], many: str) -> str:
    """Name the files of a batch: "/etc/x", or "214 <many> (/a, /b, /c, /d, /e and 209 more)"."""
    if len(batch) == 1:
        return "/" + batch[0].path
    more = f" and {len(batch) - FEW} more" if len(batch) > FEW else ""
    return f"{len(batch)} {many} ({', '.join('/' + fact.path for fact in batch[:FEW])}{more})"


def whose(fact: FileFact) -> str:
    """The package of the file, as an insertion: ", from the package bsdutils,"."""
    return f", from the package {fact.owner}," if fact.owner else ""


TESTS: Final = frozenset({
    "test", "tests", "testdata", "testing", "fixtures", "example", "examples", "sample", "samples", "spec", "__tests__",
    "mock", "mocks", "__mocks__", "demo", "testcases",
})  # fmt: skip
"""Directories of test keys and passwords, which are meant to be public."""


def is_for_tests(path: str) -> bool:
    """Whether a file belongs to tests or examples."""
    return not TESTS.isdisjoint(path.lower().split("/")[:-1])


def hidden(fact: FileFact, last: int) -> str:
    """How a later layer hides a file; `last` is the last layer that has the file."""
    later = f"layer {fact.removed_in + 1}" if fact.removed_in >= 0 else "a later layer"
    return f"{later} {'replaces' if last > fact.layer else 'removes'} it"
