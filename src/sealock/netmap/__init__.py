"""Works out who can reach whom, from networks and containers: values in, values out."""

from sealock.netmap.graph import draw
from sealock.netmap.reasons import reason
from sealock.netmap.stations import declared, seen

__all__ = ["declared", "draw", "reason", "seen"]
