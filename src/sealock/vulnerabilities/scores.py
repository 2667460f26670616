"""How likely each CVE is to be exploited, in blocks of CVEs whose numbers are close."""

from __future__ import annotations

from array import array
from typing import Final

from msgspec import Struct

PER_BLOCK: Final = 250
"""Numbers of CVEs in one block."""


class Scores(Struct):
    """Scores of one block of CVEs, in columns: the number within the block, both figures in hundred thousandths."""

    numbers: array[int]
    scores: array[int]
    percentiles: array[int]


def block_of(year: int, number: int) -> tuple[int, int]:
    """The block that a CVE's score is in, and its number within."""
    return year * 1_000_000 + number // PER_BLOCK, number % PER_BLOCK
