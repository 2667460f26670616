"""The table of neighbours is one for the whole machine: how much of it may be used is read, and what is unknown is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.runtime.kernel.neighbours import NeighbourTable, neighbour_table
from sealock.runtime.kernel.tree import ProcTree

TITLES = "entries  allocs   table_fulls\n"


def files(family: str, limit: int, kept: int) -> dict[str, str]:
    base = f"proc/sys/net/{family}/neigh/default"
    return {f"{base}/gc_thresh3": f"{limit}\n", f"{base}/gc_thresh2": f"{kept}\n"}


def counts(name: str, used: int, *overflows: int) -> dict[str, str]:
    return {f"proc/net/stat/{name}": TITLES + "".join(f"{used:08x} 00000001 {number:08x}\n" for number in overflows)}


IPV4 = files("ipv4", 1024, 512) | counts("arp_cache", 12, 1, 2)
IPV6 = files("ipv6", 1024, 512) | counts("ndisc_cache", 9, 0, 4)


@pytest.mark.parametrize(
    ("texts", "table", "room"),
    [
        pytest.param(IPV4 | IPV6, NeighbourTable(1024, 512, 12, 7), 500, id="the fuller one counts, and every overflow"),
        pytest.param(IPV4 | IPV6 | files("ipv6", 128, 64), NeighbourTable(128, 64, 9, 7), 55, id="IPv6 may have less room"),
        pytest.param(IPV4 | IPV6 | files("ipv4", 8192, 4096), NeighbourTable(1024, 512, 9, 7), 503, id="a raised limit of one"),
        pytest.param(IPV4 | IPV6 | counts("arp_cache", 700, 0), NeighbourTable(1024, 512, 700, 4), 0, id="others use what there is"),
        pytest.param({}, NeighbourTable(1024, 512, 512, 0), 0, id="what is not shown is taken for full"),
        pytest.param(files("ipv4", 10, 512), NeighbourTable(10, 10, 512, 0), 0, id="a bound above the limit"),
        pytest.param({"proc/net/stat/arp_cache": "x\n\x1b\n"}, NeighbourTable(1024, 512, 512, 0), 0, id="nonsense"),
    ],
)  # fmt: skip
def test_how_many_neighbours_may_be_added(
    tmp_path: Path, texts: dict[str, str], table: NeighbourTable, room: int
) -> None:
    for path, text in texts.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    tree = ProcTree(str(tmp_path))
    read = neighbour_table(tree)
    tree.close()
    assert (read.limit, read.kept, read.used, read.overflows) == (table.limit, table.kept, table.used, table.overflows)
    assert read.room == room
