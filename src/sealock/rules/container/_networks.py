"""Which network a container joins."""

from __future__ import annotations

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.container import Container
from sealock.model.windows import is_for_windows


def on_default_bridge(container: Container) -> bool:
    """Whether it joins docker0, or Windows' nat. A compose service without networks joins its project's.

    Only run lines and engines know `auto_remove`, so that field distinguishes the two defaults.
    """
    networks = given(container.networks, ())
    if container.network_mode in {"bridge", "default"}:
        return True
    if container.network_mode == "nat" or any(network.name == "nat" for network in networks):
        return is_for_windows(container)
    return container.network_mode is UNSET and not networks and container.auto_remove is not UNKNOWN
