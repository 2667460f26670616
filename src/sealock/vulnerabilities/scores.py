"""EPSS scores, in blocks of CVEs with neighbouring numbers."""

from __future__ import annotations

from array import array
from typing import Final

from msgspec import Struct

PER_BLOCK: Final = 250
"""CVE numbers per block."""


class Scores(Struct):
    """The scores of one block, in columns: the number within the block; both figures in units of 1/100,000."""

    numbers: array[int]
    scores: array[int]
    percentiles: array[int]


def block_of(year: int, number: int) -> tuple[int, int]:
    """The block of a CVE's score, and the CVE's number within it."""
    return year * 1_000_000 + number // PER_BLOCK, number % PER_BLOCK
