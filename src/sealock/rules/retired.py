"""Ids of rules that were merged into others.

An id is for ever: ignores, policies, `--only` and baselines may still hold an old one. This is one table, not a field
of each rule, so that an old id in a file is understood without loading all rules.
"""

from __future__ import annotations

from functools import cache
from typing import Final

RETIRED: Final = {
    **dict.fromkeys(("B001", "B002", "P020"), "C080"),
    **dict.fromkeys(("B003", "P021"), "C081"),
    **dict.fromkeys(("B004", "P022"), "C086"),
    "B066": "C072",
    "B067": "C070",
    **dict.fromkeys(("F013", "K015"), "C036"),
    "P010": "N001",
    **dict.fromkeys(("B026", "B027", "B028"), "B024"),
    **dict.fromkeys(("B031", "B032", "B033"), "B030"),
    "B107": "B106",
    **dict.fromkeys(("B111", "B112", "B113", "B114"), "B110"),
    **dict.fromkeys(("B133", "B145", "B146"), "B147"),
}
"""Old id to the id of the rule that replaces it."""


@cache
def replaced_by(rule: str) -> tuple[str, ...]:
    """List the old ids that a rule replaces."""
    return tuple(old for old, current in RETIRED.items() if current == rule)
