"""What is written of a caller reads back as TOML, whatever its texts are."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.guard.permits import caller_table

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    "name", ["web", "a'b", 'a"b', "a\\b", "näme", "\N{GRINNING FACE}", "\x1b[31m", "\U000e0001", "a\nb"]
)
def test_a_name_reads_back(name: str) -> None:
    assert tomllib.loads(caller_table(name, {}))["guard"]["caller"] == [{"name": name}]


@given(
    st.dictionaries(
        st.sampled_from(["allow", "image", "own", "limit"]), st.lists(TEXTS) | TEXTS | st.booleans() | st.integers(0, 9)
    )
)
def test_settings_read_back(settings: dict[str, Any]) -> None:
    (caller,) = tomllib.loads(caller_table("web", settings))["guard"]["caller"]
    assert caller == {"name": "web", **settings}
