"""Whether the archive of a layer writes through symbolic links of the same archive.

tests/live/test_written_through.py asks Docker what comes of it.
"""

from __future__ import annotations

from sealock.inventory.facts import LayerFacts
from sealock.inventory.names import HARD, pairs
from sealock.inventory.view import with_directories


def passes_own_links(facts: LayerFacts) -> bool:
    """Whether a path in the archive, or the target of a hard link, lies below a symbolic link of the same archive."""
    symbolic = {path for path, target in pairs(facts.links) if target[:1] != HARD}
    if not symbolic:
        return False
    for directories in facts.holders():
        if not symbolic.isdisjoint(with_directories(directories)):
            return True
    for part in facts.links.parts():
        above = {target[1:].rpartition("/")[0] for target in part[1::2] if target[:1] == HARD}
        if not symbolic.isdisjoint(with_directories(above)):
            return True
    return False
