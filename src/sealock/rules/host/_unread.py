"""Paths of a machine that were there and could not be read: what hangs on them is not judged."""

from __future__ import annotations

from sealock.model.absent import given
from sealock.model.host import Host


def unread(host: Host, *parts: str) -> str:
    """The first path with one of these parts in it that could not be read, "" for none."""
    return next((path for path in given(host.unread, ()) if any(part in path for part in parts)), "")
