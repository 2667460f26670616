"""Tables of sockets are read where there are sockets; where the numbers are not shown they are read all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.model.absent import given
from sealock.runtime.kernel.processes import ProcReader

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"


@pytest.mark.parametrize(
    ("numbers", "ports"),
    [
        pytest.param("sockets: used 1\nTCP: inuse 0 orphan 0 tw 0 alloc 1 mem 4\nUDP: inuse 0 mem 0\n", [], id="none there"),
        pytest.param("sockets: used 1\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 4\n", [80], id="one there"),
        pytest.param("TCP: inuse 01\n", [80], id="a number that only begins so"),
        pytest.param("TCPX: inuse 0\nUDPLITE: inuse 0\n", [80], id="numbers of others"),
        pytest.param("", [80], id="no numbers"),
    ],
)  # fmt: skip
def test_sockets_that_listen(tmp_path: Path, numbers: str, ports: list[int]) -> None:
    folder = tmp_path / "proc" / "7" / "net"
    folder.mkdir(parents=True)
    (folder / "sockstat").write_text(numbers)
    (folder / "tcp").write_text(HEAD + ROW)
    found = given(ProcReader(str(tmp_path)).listening(7), ())
    assert [one.port for one in found] == ports
