"""The committed bar for secrets holds with any seed: what is found, and what is wrongly reported."""

from __future__ import annotations

import pytest
from secretcorpus import look_alikes, planted
from secretsearch import FEWEST, MOST, reported


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
def test_planted_secrets_are_found_and_look_alikes_are_not(seed: int) -> None:
    secrets, others = planted(seed), look_alikes(seed)
    assert len(reported(secrets)) >= FEWEST, {file.kind for file in secrets} - {f.kind for f in reported(secrets)}
    assert len(reported(others)) <= MOST, [file.kind for file in reported(others)]
