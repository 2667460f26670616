"""Shares the texts of a large run with other processes, since one interpreter uses one CPU. The report is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct, field

from sealock.formats.buildcontexts import NamedBuild
from sealock.model.report import TargetReport
from sealock.policy.ignores import Ignore
from sealock.targets.inputs import FileInput, Input

ALONE: Final = 16
"""Inputs that this process takes before others help, so that these find the rules loaded."""
_BATCH: Final = 128
"""Most inputs that are shared at once, whose results wait for each other: 512 take 9 MB more."""
_CHARACTERS: Final = 4 << 20
"""Characters of their texts from which on a batch takes no more."""
_WORTH: Final = 32
"""Texts from which on it pays to start processes."""
_KINDS: Final = frozenset(
    {"dockerfile", "compose", "kubernetes", "quadlet", "pipeline", "devcontainer", "bake", "run", "daemon"}
)
"""Kinds of texts for which a run opens neither a database nor a connection."""


class IgnoreRecord(Struct):
    """Which ignores suppressed a finding, and by root the rules that were skipped or off."""

    used: set[Ignore] = field(default_factory=set)
    undecided: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: IgnoreRecord) -> None:
        """Add what another process recorded."""
        self.used |= other.used
        for root, rules in other.undecided.items():
            self.undecided.setdefault(root, set()).update(rules)


class TakenInput(Struct):
    """The reports on an input, and what it changes of the run."""

    reports: tuple[TargetReport, ...]
    notes: tuple[str, ...]
    ignores: IgnoreRecord
    lacking: dict[str, str]
    builds: tuple[NamedBuild, ...]


def share_inputs(
    inputs: Iterable[Input], take: Callable[[Input], TakenInput], may_share: Callable[[FileInput], bool]
) -> Iterator[tuple[Input, TakenInput | None]]:
    """Yield each input in order, with what `take` returns for it in one of several processes.

    None where this process is to take it: among the first, where it is no text, or where there are no other processes.
    """
    left = iter(inputs)
    for input_ in islice(left, ALONE):
        yield input_, None
    while batch := list(_read_batch(left)):
        from sealock.scan import processes  # noqa: PLC0415  4 ms, for large runs only

        texts = [
            input_
            for input_ in batch
            if isinstance(input_, FileInput) and input_.kind in _KINDS and not input_.lock and may_share(input_)
        ]
        helpers = processes.count_children() if len(texts) >= _WORTH else 0
        taken: dict[int, TakenInput] = {}
        if helpers:
            # The functions are called at once.
            processes.share(
                lambda at: take(texts[at]),  # noqa: B023
                len(texts),
                helpers,
                lambda at, result: taken.update({id(texts[at]): result}),  # noqa: B023
            )
        for input_ in batch:
            yield input_, taken.pop(id(input_), None)


def _read_batch(inputs: Iterator[Input]) -> Iterator[Input]:
    characters = 0
    for input_ in islice(inputs, _BATCH):
        yield input_
        if isinstance(input_, FileInput):
            characters += sum(len(source.text) for source in (input_.source, *input_.more))
        if characters > _CHARACTERS:
            return
