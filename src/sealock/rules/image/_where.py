"""Words on where the files of an image came from, and how findings on many files are grouped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.inventory import FileFact, Inventory, instruction
from sealock.model.location import Place

LENGTH: Final = 80
"""Characters of an instruction that a message quotes at most."""

FEW: Final = 5
"""The largest number of files of one layer that get a finding each; more of them share one, which names this many."""


def origin(image: Inventory, layer: int) -> str:
    """The layer and the instruction that made it: "layer 3 (RUN chmod u+s /x)"."""
    source = next((candidate for candidate in image.layers if candidate.index == layer), None)
    if source is None:
        return "the image"
    text = instruction(source.created_by)
    short = text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
    return f"layer {layer + 1}" + (f" ({short})" if short else "")


def place(fact: FileFact) -> Place | None:
    """The file in the image, as a pointer; None where it comes from a written list, which has a text."""
    return None if fact.layer < 0 else Place(pointer="/" + fact.path)


def present(image: Inventory, *kinds: str) -> list[FileFact]:
    """The facts of these kinds that a container would see: each path once, from the layer that first has it."""
    visible: dict[tuple[str, str], FileFact] = {}
    for fact in image.files:
        if fact.kind in kinds and not fact.removed:
            visible.setdefault((fact.kind, fact.path), fact)
    return list(visible.values())


def batches(facts: Iterable[FileFact]) -> Iterator[list[FileFact]]:
    """Divide facts by layer: each by itself where a layer has few of them, all together where it has many."""
    by_layer: dict[int, list[FileFact]] = {}
    for fact in facts:
        by_layer.setdefault(fact.layer, []).append(fact)
    for layer_facts in by_layer.values():
        if len(layer_facts) > FEW:
            yield sorted(layer_facts, key=lambda fact: fact.path)
        else:
            yield from ([fact] for fact in layer_facts)


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
"""Directories of keys and passwords that were made for tests and examples."""


def is_for_tests(path: str) -> bool:
    """Whether a file belongs to tests or examples."""
    return not TESTS.isdisjoint(path.lower().split("/")[:-1])


def hidden(fact: FileFact, last: int) -> str:
    """What a later layer does to a file that it hides; `last` is the last layer that has such a file."""
    later = f"layer {fact.removed_in + 1}" if fact.removed_in >= 0 else "a later layer"
    return f"{later} {'replaces' if last > fact.layer else 'removes'} it"
