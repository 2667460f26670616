"""Paths of a host that exist but could not be read, so that the checks on them are skipped."""

from __future__ import annotations

from sealock.model.absent import given
from sealock.model.host import Host


def unread(host: Host, *parts: str) -> str:
    """The first unreadable path that contains one of these parts, or ""."""
    return next((path for path in given(host.unread, ()) if any(part in path for part in parts)), "")
