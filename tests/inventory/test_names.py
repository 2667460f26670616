"""The first names of hard links, which an archive lists in parts: each behind the link or the file that it leads to."""

from __future__ import annotations

import pytest

from sealock.inventory.names import Gathering, first_names

PATHS = {"a", "b", "c", "d", "lost", "self", "soft"}


@pytest.mark.parametrize("together", [True, False], ids=["in one part", "in a part each"])
@pytest.mark.parametrize(
    ("links", "names"),
    [
        ([], {}),
        ([("b", "=a")], {"b": "a"}),
        ([("b", "=a"), ("c", "=b"), ("d", "=c")], {"b": "a", "c": "a", "d": "a"}),
        ([("b", "=a"), ("c", "=a")], {"b": "a", "c": "a"}),
        ([("b", "=x")], {"b": "x"}),
        ([("soft", ">a")], {"soft": ""}),
        ([("b", "=soft"), ("soft", ">a")], {"b": "soft", "soft": ""}),
        ([("soft", ">a"), ("b", "=soft")], {"b": "", "soft": ""}),
        ([("b", "=a"), ("self", "=self"), ("soft", ">a")], {"b": "a", "self": "", "soft": ""}),
        ([("other", "=a"), ("b", "=other")], {"b": "a"}),
    ],
)
def test_a_hard_link_has_the_first_name_of_its_file(
    links: list[tuple[str, str]], names: dict[str, str], *, together: bool
) -> None:
    gathering = Gathering()
    for path, target in links:
        gathering.add(path)
        gathering.add(target)
        if not together:
            gathering.settle()
    assert first_names(gathering.names(), PATHS) == {path: path for path in PATHS} | names
