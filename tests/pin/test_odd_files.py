"""Each word of a file in turn is gone, or a number another: `pin` makes of it what its record has."""

from __future__ import annotations

import pytest

from support.sweptreaders import changes_of, sections_of


@pytest.mark.repeats
@pytest.mark.parametrize(("group", "number"), sections_of("pin"))
def test_a_changed_file_is_pinned_as_its_record_says(group: str, number: int) -> None:
    changes = changes_of("pin", group, number)
    assert not changes, f"if this is meant, run ./dev records and review the diff:\n{changes}"
