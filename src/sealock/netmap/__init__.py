"""Works out who can reach whom, from networks and containers: values in, values out."""

from sealock.reach.drawing import draw
from sealock.reach.reasons import reason
from sealock.reach.stations import declared, seen

__all__ = ["declared", "draw", "reason", "seen"]
