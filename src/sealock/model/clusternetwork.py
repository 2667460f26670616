"""What manifests say of a cluster's network: pods, NetworkPolicies, Services and Ingresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.container import Port

SelectorOperator: TypeAlias = Literal["In", "NotIn", "Exists", "DoesNotExist"]
ALL_PORTS: Final = (1, 65535)
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
"""The label that the cluster itself gives each namespace."""


class LabelRequirement(Struct, frozen=True):
    """One requirement of a selector."""

    key: str
    operator: SelectorOperator
    values: tuple[str, ...] = ()

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class LabelSelector(Struct, frozen=True):
    """Selects by labels; one without requirements selects all."""

    requirements: tuple[LabelRequirement, ...] = ()

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects what has these labels."""
        return all(requirement.fits(labels) for requirement in self.requirements)


class PolicyPeer(Struct, frozen=True):
    """Who a rule admits: pods, or a block of addresses.

    `pods` selects by their labels (None for any) and `namespaces` by those of their namespace (None for the policy's
    own). `block` is in CIDR notation, less the blocks in `excluded`.
    """

    pods: LabelSelector | None = None
    namespaces: LabelSelector | None = None
    block: str = ""
    excluded: tuple[str, ...] = ()


class PolicyPort(Struct, frozen=True):
    """Ports that a rule admits: a range, or a name that each pod gives a port of its own ("" for the range)."""

    protocol: str = "tcp"
    name: str = ""
    first: int = ALL_PORTS[0]
    last: int = ALL_PORTS[1]


class PolicyRule(Struct, frozen=True):
    """A rule of a policy; without peers it admits all, without ports all ports."""

    peers: tuple[PolicyPeer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class NetworkPolicy(Struct, frozen=True):
    """A NetworkPolicy: the pods that it selects, and what it admits; None where it does not concern a direction."""

    name: str
    namespace: str
    pods: LabelSelector
    ingress: tuple[PolicyRule, ...] | None = None
    egress: tuple[PolicyRule, ...] | None = None


class ClusterPod(Struct, frozen=True):
    """The pods of a workload, which all have the same labels.

    `ports` are the named ports of its containers, by name and protocol; `host_ports` are those of its node.
    """

    name: str
    namespace: str
    labels: Mapping[str, str] = {}
    ports: Mapping[tuple[str, str], int] = {}
    host_ports: tuple[Port, ...] = ()
    on_host: bool = False


class ServicePort(Struct, frozen=True):
    """A port of a Service and where it leads: `target` is a number, or the name of a port of the pod."""

    port: int
    target: int | str
    protocol: str = "tcp"
    node_port: int | None = None
    name: str = ""


class ClusterService(Struct, frozen=True):
    """A Service with a selector. `kind` is ClusterIP, NodePort or LoadBalancer.

    `external` are its externalIPs, `sources` the addresses that a load balancer admits, () for all.
    """

    name: str
    namespace: str
    kind: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...] = ()
    external: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class ClusterIngress(Struct, frozen=True):
    """A way from outside to a Service through an Ingress: host and path; the Service's port by number or name."""

    name: str
    namespace: str
    host: str
    path: str
    service: str
    port: int | str


class ClusterNetwork(Struct, frozen=True):
    """All of it.

    `labels` are those of the namespaces, by name. `unread` names resources that decide on connections, too, and that
    are not evaluated.
    """

    pods: tuple[ClusterPod, ...] = ()
    policies: tuple[NetworkPolicy, ...] = ()
    services: tuple[ClusterService, ...] = ()
    ingresses: tuple[ClusterIngress, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = {}
    unread: tuple[str, ...] = ()
