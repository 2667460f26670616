"""The simulated server takes part as the real one does in tests/live/test_notary.py: the same rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sealock.net.http import HttpTransport
from support.notaryrows import ROWS, Make, parties
from support.simulators.notary import notary


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_simulated(row: Callable[[Make], None], tmp_path: Path) -> None:
    transport = HttpTransport(environment={})
    try:
        with notary() as server:
            row(parties(transport, server.address, tmp_path))
    finally:
        transport.close()
