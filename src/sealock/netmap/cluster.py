"""Builds the map of a cluster from its manifests: who reaches whom by NetworkPolicies, Services and Ingresses.

The rules of NetworkPolicy (networking.k8s.io/v1): a pod that no policy selects for a direction is open in it, any other
only as far as a rule of one of its policies admits; a connection has to be admitted at both ends. Pods on the network
of a node are outside of policies, and a pod is always open to its own node, which may be theirs. A block of addresses
admits what is outside of the cluster: which addresses pods have, manifests do not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.clusternetwork import (
    ALL_PORTS,
    NAMESPACE_NAME,
    ClusterIngress,
    ClusterNetwork,
    ClusterPod,
    ClusterService,
    NetworkPolicy,
    PolicyPeer,
    PolicyRule,
    ServicePort,
)
from sealock.model.container import Port
from sealock.model.netmap import HOST, OUTSIDE, Attachment, Edge, Map, MapNode, Way
from sealock.model.network import ANY_IPV4, LOOPBACK, EngineNetwork, NetworkEndpoint, bracketed
from sealock.netmap.clusterremarks import cluster_remarks

Span: TypeAlias = tuple[str, int, int]
"""Ports of a protocol, from the first to the last."""
_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_EVERY: Final = frozenset((protocol, *ALL_PORTS) for protocol in _PROTOCOLS)


def build_cluster_map(network: ClusterNetwork) -> Map:
    """Build the map of the pods of manifests."""
    network = replace(network, pods=tuple(_named(network.pods)))
    finder = _ClusterEdges(network)
    edges = tuple(dict.fromkeys(edge for pod in network.pods for edge in finder.to(pod)))
    nodes = tuple(
        MapNode(
            pod.name,
            () if pod.on_host else (Attachment(pod.namespace, names=finder.names_of(pod)),),
            on_host=pod.on_host,
            published=finder.opened(pod),
            ingress_policies=finder.policies_of(pod, "ingress"),
            egress_policies=finder.policies_of(pod, "egress"),
        )
        for pod in network.pods
    )
    spaces = dict.fromkeys(pod.namespace for pod in network.pods if not pod.on_host)
    networks = tuple(
        EngineNetwork(
            name=space,
            driver="namespace",
            endpoints=tuple(NetworkEndpoint(pod.name) for pod in network.pods if pod.namespace == space),
        )
        for space in spaces
    )
    return Map(nodes, networks, edges, tuple(cluster_remarks(network, finder.selecting)), declared=True, cluster=True)


def _named(pods: Iterable[ClusterPod]) -> Iterator[ClusterPod]:
    """The pods with names that no other has: with their namespace where there are several, and a number."""
    pods = tuple(pods)
    several = len({pod.namespace for pod in pods}) > 1
    taken: dict[str, int] = {}
    for pod in pods:
        name = f"{pod.namespace}/{pod.name}" if several else pod.name
        taken[name] = taken.get(name, 0) + 1
        yield replace(pod, name=name if taken[name] == 1 else f"{name} ({taken[name]})")


class _OutsideWay(Struct, frozen=True):
    """A way from outside to a port of a pod: where one connects, and the addresses that it admits, () for all."""

    at: str
    protocol: str
    port: int
    sources: tuple[str, ...] = ()


class _ClusterEdges:
    """Finds edges, with the policies of each pod at hand."""

    def __init__(self, network: ClusterNetwork) -> None:
        self.network = network
        self.selecting = {
            pod.name: tuple(policy for policy in network.policies if _selects(policy, pod)) for pod in network.pods
        }
        self.spaces = {
            name: {NAMESPACE_NAME: name, **network.labels.get(name, {})}
            for name in {pod.namespace for pod in network.pods} | {policy.namespace for policy in network.policies}
        }
        self.services = {
            pod.name: tuple(service for service in network.services if _leads(service, pod)) for pod in network.pods
        }

    def names_of(self, pod: ClusterPod) -> tuple[str, ...]:
        """The names of the Services that lead to a pod."""
        return tuple(f"{service.name}.{service.namespace}" for service in self.services[pod.name])

    def policies_of(self, pod: ClusterPod, direction: str) -> tuple[str, ...]:
        """The names of the policies that select a pod for a direction."""
        return tuple(policy.name for policy in self.selecting[pod.name] if getattr(policy, direction) is not None)

    def to(self, target: ClusterPod) -> Iterator[Edge]:
        """Every edge to a pod, and those from it to the outside."""
        yield Edge(HOST, target.name, "host")
        for source in self.network.pods:
            if source.name == target.name:
                continue
            if source.on_host or target.on_host:
                way: Way = "same namespace" if source.on_host and target.on_host else "host network"
                yield Edge(source.name, target.name, way, target.namespace)
            elif spans := self.between(source, target):
                names = self.named(target, spans)
                yield Edge(source.name, target.name, "network", target.namespace, _written(spans), names)
        yield from self.from_outside(target)
        yield from self.to_outside(target)

    def between(self, source: ClusterPod, target: ClusterPod) -> frozenset[Span]:
        """The ports of a pod that another may connect to."""
        leaving = entering = _EVERY
        if (rules := self.rules(source, "egress")) is not None:
            leaving = _ports((rule for rule in rules if self.admits(rule, source.namespace, target)), target)
        if (rules := self.rules(target, "ingress")) is not None:
            entering = _ports((rule for rule in rules if self.admits(rule, target.namespace, source)), target)
        return _common(leaving, entering)

    def rules(self, pod: ClusterPod, direction: str) -> Iterable[PolicyRule] | None:
        """The rules of the policies that select a pod for a direction; None where none does."""
        several = [getattr(policy, direction) for policy in self.selecting[pod.name]]
        chosen = [rules for rules in several if rules is not None]
        return [rule for rules in chosen for rule in rules] if chosen else None

    def admits(self, rule: PolicyRule, namespace: str, pod: ClusterPod) -> bool:
        """Whether a rule of a policy in a namespace is about a pod: one of its peers is, or it has none."""
        return not rule.peers or any(self._includes(peer, namespace, pod) for peer in rule.peers)

    def _includes(self, peer: PolicyPeer, namespace: str, pod: ClusterPod) -> bool:
        if peer.block:
            return False
        if peer.namespaces is None:
            return pod.namespace == namespace and peer.pods is not None and peer.pods.fits(pod.labels)
        here = peer.namespaces.fits(self.spaces[pod.namespace])
        return here and (peer.pods is None or peer.pods.fits(pod.labels))

    def named(self, target: ClusterPod, spans: frozenset[Span]) -> tuple[str, ...]:
        """The names and ports of the Services through which a pod is reached at these ports."""
        return tuple(
            f"{service.name}.{service.namespace}:{port.port}"
            for service in self.services[target.name]
            for port in service.ports
            if (number := _target(port, target)) is not None and _holds(spans, port.protocol, number)
        )

    # The outside

    def blocks(self, pod: ClusterPod, direction: str) -> Iterator[tuple[frozenset[Span], tuple[str, ...]]]:
        """The ports at which a pod connects with the outside in a direction, and the addresses there."""
        rules = self.rules(pod, direction)
        if pod.on_host or rules is None:
            yield _EVERY, ()
            return
        for rule in rules:
            blocks = tuple(_block(peer) for peer in rule.peers if peer.block)
            if blocks or not rule.peers:
                yield _ports((rule,), pod if direction == "ingress" else None), blocks

    def to_outside(self, pod: ClusterPod) -> Iterator[Edge]:
        """The edges from a pod to the outside."""
        for spans, blocks in self.blocks(pod, "egress"):
            if spans:
                yield Edge(pod.name, OUTSIDE, "egress", "", _written(spans), addresses=blocks)

    def from_outside(self, pod: ClusterPod) -> Iterator[Edge]:
        """The edges from the outside to a pod: through its node, through Services and Ingresses."""
        if pod.on_host:
            yield Edge(OUTSIDE, pod.name, "outside")
            return
        ways = [
            _OutsideWay(f"{bracketed(port.address or ANY_IPV4)}:{port.host}", port.protocol, int(port.container))
            for port in pod.host_ports
            if not (port.address or "").startswith(LOOPBACK)
        ]
        for service in self.services[pod.name]:
            ways += _through(service, pod)
        for way in ways:
            for spans, blocks in self.blocks(pod, "ingress"):
                if _holds(spans, way.protocol, way.port):
                    ports = (f"{way.port}/{way.protocol}",)
                    yield Edge(OUTSIDE, pod.name, "service", way.at, ports, addresses=blocks or way.sources)
        yield from self.through_ingresses(pod)

    def through_ingresses(self, pod: ClusterPod) -> Iterator[Edge]:
        """The edges through Ingresses: their controller is a pod, of which manifests need not say anything."""
        rules = self.rules(pod, "ingress")
        spans = _EVERY if rules is None else _ports(rules, pod)
        for ingress in self.network.ingresses:
            for number, protocol in self._led(ingress, pod):
                if _holds(spans, protocol, number):
                    way = f"Ingress {ingress.name} ({ingress.host}{ingress.path}):80"
                    yield Edge(OUTSIDE, pod.name, "service", way, (f"{number}/{protocol}",))

    def _led(self, ingress: ClusterIngress, pod: ClusterPod) -> Iterator[tuple[int, str]]:
        for service in self.services[pod.name]:
            if (service.name, service.namespace) != (ingress.service, ingress.namespace):
                continue
            for port in service.ports:
                if ingress.port in {port.port, port.name} and (number := _target(port, pod)) is not None:
                    yield number, port.protocol

    def opened(self, pod: ClusterPod) -> tuple[Port, ...]:
        """The ports at which the outside reaches a pod, as ports of the host are shown."""
        if pod.on_host:
            return ()
        ports = [
            (edge.via.rpartition(":"), port.partition("/")) for edge in self.from_outside(pod) for port in edge.ports
        ]
        return tuple(Port(own, host, address, protocol) for (address, _, host), (own, _, protocol) in ports)


def _selects(policy: NetworkPolicy, pod: ClusterPod) -> bool:
    return policy.namespace == pod.namespace and not pod.on_host and policy.pods.fits(pod.labels)


def _leads(service: ClusterService, pod: ClusterPod) -> bool:
    wanted = service.selector
    return service.namespace == pod.namespace and all(pod.labels.get(key) == value for key, value in wanted.items())


def _block(peer: PolicyPeer) -> str:
    return f"{peer.block} except {', '.join(peer.excluded)}" if peer.excluded else peer.block


def _through(service: ClusterService, pod: ClusterPod) -> Iterator[_OutsideWay]:
    """How the outside reaches a pod through a Service."""
    for port in service.ports:
        number = _target(port, pod)
        if number is None:
            continue
        if service.kind == "LoadBalancer":
            yield _OutsideWay(f"LoadBalancer {service.name}:{port.port}", port.protocol, number, service.sources)
        if service.kind in {"LoadBalancer", "NodePort"}:
            yield _OutsideWay(f"node:{port.node_port or 'any port'}", port.protocol, number)
        for address in service.external:
            yield _OutsideWay(f"{bracketed(address)}:{port.port}", port.protocol, number)


def _target(port: ServicePort, pod: ClusterPod) -> int | None:
    """The port of a pod that a Service's port leads to; None where the pod has none of that name."""
    return port.target if isinstance(port.target, int) else pod.ports.get((port.target, port.protocol))


def _ports(rules: Iterable[PolicyRule], pod: ClusterPod | None) -> frozenset[Span]:
    """The ports that some of the rules admit; `pod` gives names their numbers."""
    spans: set[Span] = set()
    for rule in rules:
        if not rule.ports:
            return _EVERY
        for port in rule.ports:
            if not port.name:
                spans.add((port.protocol, port.first, port.last))
            elif pod is not None and (number := pod.ports.get((port.name, port.protocol))) is not None:
                spans.add((port.protocol, number, number))
    return frozenset(spans)


def _common(some: frozenset[Span], others: frozenset[Span]) -> frozenset[Span]:
    """The ports that are in both."""
    if some == _EVERY:
        return others
    return frozenset(
        (protocol, max(first, start), min(last, end))
        for protocol, first, last in some
        for other, start, end in others
        if protocol == other and max(first, start) <= min(last, end)
    )


def _holds(spans: Iterable[Span], protocol: str, number: int) -> bool:
    return any(name == protocol and first <= number <= last for name, first, last in spans)


def _written(spans: frozenset[Span]) -> tuple[str, ...]:
    """Ports as text, () for all."""
    if spans == _EVERY:
        return ()
    return tuple(
        f"{f'{first}-{last}' if first != last else first}/{protocol}" for protocol, first, last in sorted(spans)
    )
