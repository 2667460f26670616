"""How many examples properties draw: `./dev quick` is content with fewer, as the whole of the tests draws them all."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import settings

USUAL: Final = 100
"""Examples of a property that names no number."""
_SHARE: Final = int(os.environ.get("SEALOCK_TEST_DRAWS", "1"))
"""One of so many examples is drawn."""
_LEAST: Final = 10


def draws(count: int, **other: Any) -> settings:
    """The settings of a property that draws so many examples; `other` is as in hypothesis."""
    return settings(max_examples=min(count, max(_LEAST, count // _SHARE)), **other)
