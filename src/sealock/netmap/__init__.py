"""The network reachability map, from networks and containers: values in, values out, except for `sources`."""

from sealock.netmap.graph import build_map
from sealock.netmap.nodes import declared_nodes, running_node
from sealock.netmap.reasons import explain

__all__ = ["build_map", "declared_nodes", "explain", "running_node"]
