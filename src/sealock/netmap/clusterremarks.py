"""What stands out on the map of a cluster: pods without a policy, Services and policies that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sealock.model.clusternetwork import ClusterNetwork, NetworkPolicy
from sealock.model.netmap import Remark
from sealock.text import list_first

_SHOWN: Final = 6
_OPEN: Final = (("ingress", "every pod of the cluster reaches"), ("egress", "every address is open to"))
"""What holds for a pod that no policy selects, by direction."""


def cluster_remarks(network: ClusterNetwork, selecting: Mapping[str, tuple[NetworkPolicy, ...]]) -> Iterator[Remark]:
    """The remarks on namespaces, pods, Services and policies."""
    deny = "add a NetworkPolicy that selects all pods and admits nothing, then one for each connection that is needed"
    for space in dict.fromkeys(pod.namespace for pod in network.pods):
        pods = [pod.name for pod in network.pods if pod.namespace == space and not pod.on_host]
        for direction, effect in _OPEN:
            bare = [name for name in pods if all(getattr(policy, direction) is None for policy in selecting[name])]
            if bare:
                names = list_first(bare, _SHOWN)
                yield Remark(f"namespace {space}", f"has no NetworkPolicy for {direction}: {effect} {names}", deny)
    for pod in network.pods:
        if pod.on_host:
            yield Remark(pod.name, "is on the node's network: no NetworkPolicy applies to it", "remove hostNetwork")
    for service in network.services:
        own = [pod for pod in network.pods if pod.namespace == service.namespace]
        if not any(all(pod.labels.get(key) == value for key, value in service.selector.items()) for pod in own):
            yield Remark(f"Service {service.name}", "selects no pod of these manifests")
        if service.external:
            text = f"takes the traffic of the whole cluster to {list_first(service.external, _SHOWN)}"
            yield Remark(f"Service {service.name}", text, "use a load balancer instead of externalIPs")
    chosen = {(policy.namespace, policy.name) for several in selecting.values() for policy in several}
    for policy in network.policies:
        if (policy.namespace, policy.name) not in chosen:
            yield Remark(f"NetworkPolicy {policy.name}", "selects no pod of these manifests")
    for name in network.unread:
        yield Remark(name, "is not evaluated, and may open or close more than the map shows")
