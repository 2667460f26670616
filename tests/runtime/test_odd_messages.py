"""Each value of a message in turn is null, zero, empty, of another type or gone: its reader says what its record has."""

from __future__ import annotations

import pytest

from support.sweptreaders import changes_of, sections_of


@pytest.mark.parametrize(("group", "number"), sections_of("runtime"))
def test_odd_messages_are_read_as_their_record_says(group: str, number: int) -> None:
    changes = changes_of("runtime", group, number)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"
