"""Which network a container joins."""

from __future__ import annotations

from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container


def on_default_bridge(container: Container) -> bool:
    """Whether it joins docker0. A compose service without networks joins its project's.

    Only run lines and engines know `auto_remove`, so that field distinguishes the two defaults.
    """
    if container.network_mode in {"bridge", "default"}:
        return True
    return container.network_mode is UNSET and not container.networks and container.auto_remove is not UNKNOWN
