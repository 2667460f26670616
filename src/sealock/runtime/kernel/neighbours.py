"""The kernel's tables of neighbours (ARP for IPv4, NDP for IPv6): one of each for all network namespaces of a machine.

Whoever connects to an address on its own network gets an entry, and so does the other end. Where a table is full the
kernel resolves no new neighbour for anybody, until entries are old enough (up to a minute) to be dropped.
https://docs.kernel.org/networking/ip-sysctl.html (neigh/default/gc_thresh3)
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.runtime.kernel.procfiles import whole
from sealock.runtime.kernel.tree import ProcTree

_FAMILIES: Final = (("ipv4", "arp_cache"), ("ipv6", "ndisc_cache"))
_LIMIT, _KEPT = 1024, 512
"""The kernel's defaults of gc_thresh3 and gc_thresh2; only the host's network namespace shows them."""
_FULLS: Final = "table_fulls"


class NeighbourTable(Struct, frozen=True):
    """The fuller one of both tables."""

    limit: int = _LIMIT
    """The most entries (gc_thresh3)."""
    kept: int = _KEPT
    """The entries above which the kernel drops old ones (gc_thresh2)."""
    used: int = _KEPT
    overflows: int = 0
    """How often a table was full since the machine started."""

    @property
    def room(self) -> int:
        """How many entries may be added now, so that the kernel drops none and others find room."""
        return max(self.kept - self.used, 0)


def neighbour_table(tree: ProcTree) -> NeighbourTable:
    """Read both tables' bounds and usage; the one with less room counts."""
    tables = []
    for family, name in _FAMILIES:
        sysctls = tree.texts(f"proc/sys/net/{family}/neigh/default", ("gc_thresh2", "gc_thresh3"))
        kept, limit = (whole(sysctls.get(sysctl, "").strip()) for sysctl in ("gc_thresh2", "gc_thresh3"))
        titles, *rows = tree.read_text(f"proc/net/stat/{name}").split("\n")
        columns = [dict(zip(titles.split(), row.split(), strict=False)) for row in rows]
        counts = [count for row in columns if (count := whole(row.get("entries"), 16)) is not None]
        used = max(counts, default=_KEPT)
        overflows = sum(whole(row.get(_FULLS), 16) or 0 for row in columns)
        limit = _LIMIT if limit is None else limit
        tables.append(NeighbourTable(limit, min(_KEPT if kept is None else kept, limit), used, overflows))
    fuller = min(tables, key=lambda table: table.room)
    return NeighbourTable(fuller.limit, fuller.kept, fuller.used, sum(table.overflows for table in tables))
