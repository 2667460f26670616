"""What the library for certificates and keys warns of: what it will refuse one day. Our own checks decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from warnings import catch_warnings, simplefilter


@contextmanager
def ignore_warnings() -> Iterator[None]:
    """Read untrusted certificates without a line on standard error for what is odd in them."""
    with catch_warnings():
        simplefilter("ignore")
        yield
