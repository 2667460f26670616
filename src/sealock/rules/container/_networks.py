"""Which network a container lands on."""

from __future__ import annotations

from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container


def on_default_bridge(container: Container) -> bool:
    """Whether it lands on docker0. A compose service that names no network joins its project's.

    Only run lines and engines can say `auto_remove`: that tells which of the two defaults holds.
    """
    if container.network_mode in {"bridge", "default"}:
        return True
    return container.network_mode is UNSET and not container.networks and container.auto_remove is not UNKNOWN
