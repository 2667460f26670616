"""An archive that the engine sends is kept in a nameless file, up to the limit on layers."""

from __future__ import annotations

import pytest

from sealock.errors import EngineError
from sealock.image.entry import Bounds
from sealock.image.fromengine import spooled


@pytest.mark.parametrize("chunks", [[], [b"12345"], [b"12", b"345"]], ids=["nothing", "at once", "in parts"])
def test_as_much_as_the_limit_allows_is_kept(chunks: list[bytes]) -> None:
    shown: list[str] = []
    kept = spooled(chunks, Bounds(total=5), shown.append)
    assert kept.size == sum(map(len, chunks))
    assert len(shown) == bool(chunks), "progress is shown at the start, and then every some megabytes"


def test_more_is_an_error_that_names_the_option() -> None:
    with pytest.raises(EngineError, match=r"^the engine sends more than 5 bytes \(limit: --max-layer-size\)"):
        spooled([b"123", b"456"], Bounds(total=5), lambda _text: None)
