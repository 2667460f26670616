"""Reads what manifests say of a cluster's network; what is malformed is a fault with its place, and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Final, TypeVar

from sealock.formats.kubernetes.manifest import ManifestValue, boolean, integer, text, texts
from sealock.formats.kubernetes.pods import Pod, find_pods
from sealock.formats.kubernetes.resources import resources
from sealock.model.clusternetwork import (
    ALL_PORTS,
    ClusterIngress,
    ClusterNetwork,
    ClusterPod,
    ClusterService,
    LabelRequirement,
    LabelSelector,
    NetworkPolicy,
    PolicyPeer,
    PolicyPort,
    PolicyRule,
    SelectorOperator,
    ServicePort,
)
from sealock.model.container import Port
from sealock.model.location import Place

T = TypeVar("T")
NetworkFault = tuple[str, Place]
"""What is wrong, and where."""
_OPERATORS: Final[tuple[SelectorOperator, ...]] = ("In", "NotIn", "Exists", "DoesNotExist")
_UNREAD: Final = frozenset({
    "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy",
    "ClusterNetworkPolicy", "GlobalNetworkPolicy", "AuthorizationPolicy", "Gateway", "HTTPRoute", "TCPRoute",
    "VirtualService", "IngressRoute",
})  # fmt: skip
"""Kinds of resources that admit or deny connections, and that only some clusters know."""
_GROUPS: Final = frozenset({"networking.k8s.io", "extensions"})


def read_cluster(root: ManifestValue, faults: list[NetworkFault]) -> ClusterNetwork:
    """Read what a document says of the network; `faults` gets what is wrong in it."""

    def each(read: Callable[[ManifestValue], T], values: Iterable[ManifestValue]) -> Iterator[T]:
        for value in values:
            try:
                yield read(value)
            except ValueError as error:
                faults.append((str(error), value.place))

    kinds: dict[str, list[ManifestValue]] = {}
    unread: list[str] = []
    for resource in resources(root):
        kind, group = resource.word("kind"), resource.word("apiVersion").partition("/")[0]
        known = group in _GROUPS if kind in {"NetworkPolicy", "Ingress"} else group == "v1"
        if kind in _UNREAD or (kind == "NetworkPolicy" and not known):
            unread.append(f"{kind} {resource.word('metadata', 'name')}".rstrip())
        elif known:
            kinds.setdefault(kind, []).append(resource)
    pods = []
    for pod in find_pods(root):
        try:
            pods.append(_pod(pod))
        except ValueError as error:
            faults.append((str(error), pod.spec.place))
    namespaces = kinds.get("Namespace", ())
    return ClusterNetwork(
        tuple(pods),
        tuple(each(_policy, kinds.get("NetworkPolicy", ()))),
        tuple(service for service in each(_service, kinds.get("Service", ())) if service.selector),
        tuple(way for ways in each(_ingresses, kinds.get("Ingress", ())) for way in ways),
        dict(each(lambda value: (value.word("metadata", "name"), _labels(value.at("metadata", "labels"))), namespaces)),
        tuple(unread),
    )


def join_clusters(networks: Iterable[ClusterNetwork]) -> ClusterNetwork:
    """One network of those of several documents."""
    several = tuple(networks)
    labels: dict[str, Mapping[str, str]] = {}
    for network in several:
        labels |= network.labels
    return ClusterNetwork(
        tuple(pod for network in several for pod in network.pods),
        tuple(policy for network in several for policy in network.policies),
        tuple(service for network in several for service in network.services),
        tuple(ingress for network in several for ingress in network.ingresses),
        labels,
        tuple(dict.fromkeys(name for network in several for name in network.unread)),
    )


def _items(value: ManifestValue | None) -> tuple[ManifestValue, ...]:
    if value is None:
        return ()
    if not value.is_list:
        msg = "must be a list"
        raise ValueError(msg)
    return value.items


def _namespace(resource: ManifestValue) -> str:
    return resource.word("metadata", "namespace") or "default"


def _labels(value: ManifestValue | None) -> dict[str, str]:
    return {key: text(entry) for key, entry in value.entries.items()} if value is not None else {}


def _protocol(value: ManifestValue) -> str:
    return value.word("protocol").lower() or "tcp"


def _port(value: ManifestValue) -> int:
    number = integer(value)
    if not 0 <= number <= ALL_PORTS[1]:
        msg = f"{number} is no port"
        raise ValueError(msg)
    return number


def _port_or_name(value: ManifestValue) -> int | str:
    return text(value) if isinstance(value.data, str) else _port(value)


def _pod(pod: Pod) -> ClusterPod:
    named: dict[tuple[str, str], int] = {}
    host_ports: list[Port] = []
    for member in pod.containers:
        if member.group == "initContainers" and member.value.word("restartPolicy") != "Always":
            continue
        for item in _items(member.value.at("ports")):
            own = item.at("containerPort")
            if own is None:
                continue
            if name := item.word("name"):
                named.setdefault((name, _protocol(item)), _port(own))
            host = item.at("hostPort")
            if host is not None and _port(host):
                host_ports.append(Port(str(_port(own)), str(_port(host)), item.word("hostIP") or None, _protocol(item)))
    network = pod.spec.at("hostNetwork")
    labels = _labels(pod.metadata.at("labels") if pod.metadata is not None else None)
    return ClusterPod(
        pod.name or pod.spec.word("name") or pod.kind.lower(),
        _namespace(pod.resource),
        labels,
        named,
        tuple(host_ports),
        on_host=network is not None and boolean(network),
    )


def _selector(value: ManifestValue | None) -> LabelSelector:
    if value is None:
        return LabelSelector()
    wanted = [LabelRequirement(key, "In", (label,)) for key, label in _labels(value.at("matchLabels")).items()]
    for item in _items(value.at("matchExpressions")):
        operator = next((known for known in _OPERATORS if known == item.word("operator")), None)
        if operator is None:
            msg = f"the operator of a selector must be {', '.join(_OPERATORS)}"
            raise ValueError(msg)
        values = item.at("values")
        wanted.append(LabelRequirement(item.word("key"), operator, texts(values) if values is not None else ()))
    return LabelSelector(tuple(wanted))


def _policy(resource: ManifestValue) -> NetworkPolicy:
    spec = resource.at("spec") or resource
    ingress, egress = spec.at("ingress"), spec.at("egress")
    types = spec.at("policyTypes")
    # The cluster fills these in where there are none.
    directions = (texts(types) if types is not None else ()) or ("Ingress", *(("Egress",) if _items(egress) else ()))
    return NetworkPolicy(
        resource.word("metadata", "name"),
        _namespace(resource),
        _selector(spec.at("podSelector")),
        tuple(_rule(item, "from") for item in _items(ingress)) if "Ingress" in directions else None,
        tuple(_rule(item, "to") for item in _items(egress)) if "Egress" in directions else None,
    )


def _rule(value: ManifestValue, key: str) -> PolicyRule:
    return PolicyRule(
        tuple(_peer(item) for item in _items(value.at(key))),
        tuple(_policy_port(item) for item in _items(value.at("ports"))),
    )


def _peer(value: ManifestValue) -> PolicyPeer:
    block = value.at("ipBlock")
    if block is not None:
        excluded = block.at("except")
        return PolicyPeer(
            block=_cidr(block.word("cidr")), excluded=tuple(map(_cidr, texts(excluded))) if excluded is not None else ()
        )
    pods, namespaces = value.at("podSelector"), value.at("namespaceSelector")
    if pods is None and namespaces is None:
        msg = "a peer must have a podSelector, a namespaceSelector or an ipBlock"
        raise ValueError(msg)
    return PolicyPeer(
        _selector(pods) if pods is not None else None, _selector(namespaces) if namespaces is not None else None
    )


def _cidr(words: str) -> str:
    return str(ip_network(words, strict=False))


def _policy_port(value: ManifestValue) -> PolicyPort:
    port, protocol = value.at("port"), _protocol(value)
    if port is None:
        return PolicyPort(protocol)
    which = _port_or_name(port)
    if isinstance(which, str):
        return PolicyPort(protocol, which)
    end = value.at("endPort")
    return PolicyPort(protocol, "", which, _port(end) if end is not None else which)


def _service(resource: ManifestValue) -> ClusterService:
    spec = resource.at("spec") or resource
    external, ranges = spec.at("externalIPs"), spec.at("loadBalancerSourceRanges")
    return ClusterService(
        resource.word("metadata", "name"),
        _namespace(resource),
        spec.word("type") or "ClusterIP",
        _labels(spec.at("selector")),
        tuple(_service_port(item) for item in _items(spec.at("ports"))),
        texts(external) if external is not None else (),
        texts(ranges) if ranges is not None else (),
    )


def _service_port(value: ManifestValue) -> ServicePort:
    port, target, node = value.at("port"), value.at("targetPort"), value.at("nodePort")
    if port is None:
        msg = "a port of a Service needs its number"
        raise ValueError(msg)
    number = _port(port)
    leads = _port_or_name(target) if target is not None else number
    # An empty target is none.
    return ServicePort(
        number, leads or number, _protocol(value), _port(node) if node is not None else None, value.word("name")
    )


def _ingresses(resource: ManifestValue) -> tuple[ClusterIngress, ...]:
    spec = resource.at("spec") or resource
    name, namespace = resource.word("metadata", "name"), _namespace(resource)
    ways: list[ClusterIngress] = []

    def lead(host: str, path: str, backend: ManifestValue | None) -> None:
        if backend is None:
            return
        service = backend.word("service", "name") or backend.word("serviceName")
        port = backend.at("service", "port", "number") or backend.at("service", "port", "name")
        port = port or backend.at("servicePort")
        if service and port is not None:
            ways.append(ClusterIngress(name, namespace, host, path, service, _port_or_name(port)))

    lead("*", "/", spec.at("defaultBackend") or spec.at("backend"))
    for rule in _items(spec.at("rules")):
        for item in _items(rule.at("http", "paths")):
            lead(rule.word("host") or "*", item.word("path") or "/", item.at("backend"))
    return tuple(ways)
