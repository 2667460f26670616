"""Each value of a request in turn is null, zero, empty, of another type or gone: the guard decides what its record has."""

from __future__ import annotations

import pytest

from support.sweptreaders import changes_of, sections_of


@pytest.mark.repeats
@pytest.mark.parametrize(("group", "number"), sections_of("guard"))
def test_odd_requests_are_decided_as_their_record_says(group: str, number: int) -> None:
    changes = changes_of("guard", group, number)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"
