"""The map of a cluster: the rules of NetworkPolicy one by one, and against a simple model on made clusters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TargetError
from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.network import join_clusters, read_cluster
from sealock.model.location import Place
from sealock.model.netmap import OUTSIDE, Map
from sealock.netmap import explain
from sealock.netmap.cluster import build_cluster_map
from sealock.netmap.sources import of_file
from sealock.reports import map as pages
from support.commandline import sealock
from support.draws import draws

PORTS = [80, 81, 90]


def map_of(*resources: dict[str, Any]) -> Map:
    """The map of resources; none of them has a fault."""
    faults: list[Any] = []
    (document,) = parse(
        msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": list(resources)}).decode()
    ).documents
    assert document is not None
    network = read_cluster(ManifestValue(document, Place(document.start, document.end)), faults)
    assert not faults
    return build_cluster_map(join_clusters([network]))


def pod(name: str, space: str = "a", spec: Mapping[str, Any] = {}, **labels: str) -> dict[str, Any]:
    ports = [{"name": "web", "containerPort": 80}, {"name": "dns", "containerPort": 90, "protocol": "UDP"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": labels or {"app": name}},
            "spec": {"containers": [{"name": "c", "image": "i", "ports": ports}], **spec}}  # fmt: skip


def policy(selector: Any = None, space: str = "a", name: str = "p", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": space},
            "spec": {"podSelector": selector or {}, **spec}}  # fmt: skip


def service(
    name: str, selector: dict[str, str], ports: list[dict[str, Any]], space: str = "a", **spec: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": space},
        "spec": {"selector": selector, "ports": ports, **spec},
    }


def reached(network_map: Map, source: str, target: str) -> list[tuple[str, ...]]:
    return [edge.ports for edge in network_map.edges if (edge.source, edge.target) == (source, target)]


def app(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


B = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b", "labels": {"team": "red"}}}
# The sentence, the policies on pods x and y of namespace a and z of b, and the ports of y that x and z reach.
ROWS: list[tuple[str, list[dict[str, Any]], list[tuple[str, ...]], list[tuple[str, ...]]]] = [
    ("no policy", [], [()], [()]),
    ("a policy that denies all ingress", [policy()], [], []),
    ("the same of another namespace", [policy(space="b")], [()], [()]),
    ("a policy of other pods", [policy({"matchLabels": {"app": "x"}})], [()], [()]),
    ("an empty rule admits all", [policy(ingress=[{}])], [()], [()]),
    ("no rule", [policy(ingress=[])], [], []),
    ("egress is denied", [policy({"matchLabels": {"app": "x"}}, policyTypes=["Egress"])], [], [()]),
    ("egress implies ingress without types", [policy({"matchLabels": {"app": "y"}}, egress=[{}])], [], []),
    ("pods by label", [policy(ingress=[{"from": [app("x")]}])], [()], []),
    ("pods by label are those of the own namespace", [policy(ingress=[{"from": [app("z")]}])], [], []),
    ("all pods of the own namespace", [policy(ingress=[{"from": [{"podSelector": {}}]}])], [()], []),
    ("a namespace by its name", [policy(ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}]}])], [], [()]),
    ("a namespace by its label", [policy(ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}]}])], [], [()]),
    ("all namespaces", [policy(ingress=[{"from": [{"namespaceSelector": {}}]}])], [()], [()]),
    ("namespace and pod together", [policy(ingress=[{"from": [{"namespaceSelector": {}, **app("x")}]}])], [()], []),
    ("namespace or pod", [policy(ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "red"}}}, app("x")]}])], [()], [()]),
    ("an expression", [policy(ingress=[{"from": [{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}]}])], [()], []),
    ("several values", [policy(ingress=[{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["q", "x"]}]}}]}])], [()], []),
    ("no such value", [policy(ingress=[{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}}]}])], [], []),
    ("addresses are outside", [policy(ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])], [], []),
    ("a port", [policy(ingress=[{"ports": [{"port": 80}]}])], [("80/tcp",)], [("80/tcp",)]),
    ("a range of ports", [policy(ingress=[{"ports": [{"port": 80, "endPort": 89, "protocol": "UDP"}]}])], [("80-89/udp",)], [("80-89/udp",)]),
    ("a named port", [policy(ingress=[{"ports": [{"port": "dns", "protocol": "UDP"}]}])], [("90/udp",)], [("90/udp",)]),
    ("a named port of another protocol", [policy(ingress=[{"ports": [{"port": "dns"}]}])], [], []),
    ("all ports of a protocol", [policy(ingress=[{"ports": [{"protocol": "SCTP"}]}])], [("1-65535/sctp",)], [("1-65535/sctp",)]),
    ("two policies add up", [policy(ingress=[{"ports": [{"port": 1}]}]), policy(name="q", ingress=[{"ports": [{"port": 2}]}])], [("1/tcp", "2/tcp")], [("1/tcp", "2/tcp")]),
    ("both ends have to agree", [policy({"matchLabels": {"app": "y"}}, ingress=[{"ports": [{"port": 70, "endPort": 85}]}]),
     policy({"matchLabels": {"app": "x"}}, policyTypes=["Egress"], egress=[{"ports": [{"port": "web"}]}])], [("80/tcp",)], [("70-85/tcp",)]),
    ("egress to another pod", [policy({"matchLabels": {"app": "x"}}, policyTypes=["Egress"], egress=[{"to": [app("q")]}])], [], [()]),
]  # fmt: skip


@pytest.mark.parametrize(("policies", "near", "far"), [pytest.param(*rest, id=sentence) for sentence, *rest in ROWS])
def test_a_rule_of_network_policy(
    policies: list[dict[str, Any]], near: list[tuple[str, ...]], far: list[tuple[str, ...]]
) -> None:
    network_map = map_of(pod("x"), pod("y"), pod("z", "b"), B, *policies)
    assert reached(network_map, "a/x", "a/y") == near
    assert reached(network_map, "b/z", "a/y") == far


WEB = {"port": 8080, "targetPort": "web"}
# The sentence, the resources beside pod y, and the ways from outside: where, the ports, from which addresses.
OUTSIDE_ROWS: list[tuple[str, list[dict[str, Any]], list[tuple[str, tuple[str, ...], tuple[str, ...]]]]] = [
    ("nothing leads there", [service("s", {"app": "y"}, [WEB])], []),
    ("a node port", [service("s", {"app": "y"}, [WEB | {"nodePort": 30080}], type="NodePort")], [("node:30080", ("80/tcp",), ())]),
    ("a load balancer", [service("s", {"app": "y"}, [WEB], type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"])],
     [("LoadBalancer s:8080", ("80/tcp",), ("10.0.0.0/8",)), ("node:any port", ("80/tcp",), ())]),
    ("an external address", [service("s", {"app": "y"}, [WEB], externalIPs=["192.0.2.1"])], [("192.0.2.1:8080", ("80/tcp",), ())]),
    ("another selector", [service("s", {"app": "q"}, [WEB], type="NodePort")], []),
    ("no selector, which is for addresses that others write", [service("s", {}, [WEB], type="NodePort")], []),
    ("another namespace", [service("s", {"app": "y"}, [WEB], space="b", type="NodePort")], []),
    ("a port that the pod has not", [service("s", {"app": "y"}, [{"port": 1, "targetPort": "q"}], type="NodePort")], []),
    ("a port that the pod has not, and one that it has", [service("s", {"app": "y"}, [{"port": 1, "targetPort": "q"}, WEB], type="NodePort")],
     [("node:any port", ("80/tcp",), ())]),
    ("a policy that denies", [service("s", {"app": "y"}, [WEB], type="NodePort"), policy()], []),
    ("a policy that admits pods", [service("s", {"app": "y"}, [WEB], type="NodePort"), policy(ingress=[{"from": [app("x")]}])], []),
    ("a policy that admits all", [service("s", {"app": "y"}, [WEB], type="NodePort"), policy(ingress=[{"ports": [{"port": 80}]}])], [("node:any port", ("80/tcp",), ())]),
    ("a policy of another port", [service("s", {"app": "y"}, [WEB], type="NodePort"), policy(ingress=[{"ports": [{"port": 81}]}])], []),
    ("a policy that admits addresses", [service("s", {"app": "y"}, [WEB], type="NodePort"),
      policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}])],
     [("node:any port", ("80/tcp",), ("10.0.0.0/8 except 10.1.0.0/16",))]),
    ("an Ingress", [service("s", {"app": "y"}, [WEB]), {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "a"},
      "spec": {"rules": [{"host": "h", "http": {"paths": [{"path": "/p", "backend": {"service": {"name": "s", "port": {"number": 8080}}}}]}}]}}],
     [("Ingress i (h/p):80", ("80/tcp",), ())]),
    ("an Ingress of old", [service("s", {"app": "y"}, [WEB]), {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "i", "namespace": "a"},
      "spec": {"backend": {"serviceName": "s", "servicePort": 8080}}}], [("Ingress i (*/):80", ("80/tcp",), ())]),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "ways"), [pytest.param(*rest, id=sentence) for sentence, *rest in OUTSIDE_ROWS])
def test_a_way_from_outside(
    resources: list[dict[str, Any]], ways: list[tuple[str, tuple[str, ...], tuple[str, ...]]]
) -> None:
    network_map = map_of(pod("y"), *resources)
    assert [(edge.via, edge.ports, edge.addresses) for edge in network_map.edges if edge.source == OUTSIDE] == ways


def test_ports_of_the_node_and_its_network() -> None:
    spec = {"containers": [{"image": "i", "ports": [{"containerPort": 80, "hostPort": 8080}]}]}
    network_map = map_of(
        pod("x", spec=spec), pod("h", spec={"hostNetwork": True}), policy({"matchLabels": {"app": "y"}}), pod("y")
    )
    assert [edge.via for edge in network_map.edges if (edge.source, edge.target) == (OUTSIDE, "x")] == ["0.0.0.0:8080"]
    # The node reaches its pods whatever a policy says.
    assert reached(network_map, "h", "y") == [()]
    assert reached(network_map, "x", "y") == []
    assert any(remark.about == "h" and "node's network" in remark.text for remark in network_map.remarks)


def test_a_namespace_whose_pods_are_all_on_the_node_has_no_network() -> None:
    network_map = map_of(pod("x"), pod("h", "b", spec={"hostNetwork": True}))
    assert [network.name for network in network_map.networks] == ["a"]


EGRESS = [
    ("no policy", [], [((), ())]),
    ("nothing", [policy(policyTypes=["Egress"])], []),
    ("pods only", [policy(policyTypes=["Egress"], egress=[{"to": [app("x")]}])], []),
    ("addresses", [policy(policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 443}]}])], [(("443/tcp",), ("10.0.0.0/8",))]),
    ("a port everywhere", [policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])], [(("53/udp",), ())]),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "ways"), [pytest.param(*rest, id=sentence) for sentence, *rest in EGRESS])
def test_a_way_to_the_outside(
    resources: list[dict[str, Any]], ways: list[tuple[tuple[str, ...], tuple[str, ...]]]
) -> None:
    network_map = map_of(pod("y"), *resources)
    assert [(edge.ports, edge.addresses) for edge in network_map.edges if edge.target == OUTSIDE] == ways


# A simple model: does any combination of policies, as plain data, deny one connection?


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    wanted = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        fits = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        wanted = wanted and fits[expression["operator"]]
    return wanted


def allowed(
    pods: list[dict[str, Any]],
    policies: list[dict[str, Any]],
    spaces: dict[str, Any],
    way: tuple[int, int],
    port: int,
) -> bool:
    source, target = way
    ends = {"ingress": (pods[target], pods[source], "from"), "egress": (pods[source], pods[target], "to")}
    for direction, (own, other, key) in ends.items():
        isolated = admitted = False
        for each in policies:
            spec = each["spec"]
            types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
            same = each["metadata"]["namespace"] == own["metadata"]["namespace"]
            if (
                direction.capitalize() not in types
                or not same
                or not selects(spec["podSelector"], own["metadata"]["labels"])
            ):
                continue
            isolated = True
            for rule in spec.get(direction, []):
                names = {"web": 80}
                ports = rule.get("ports") or []
                by_port = not ports or any(
                    item.get("protocol", "TCP") == "TCP"
                    and names.get(item.get("port", 1), item.get("port", 1))
                    <= port
                    <= item.get("endPort", names.get(item.get("port", 65535), item.get("port", 65535)))
                    for item in ports
                )
                by_peer = not rule.get(key)
                for peer in rule.get(key, []):
                    if "ipBlock" in peer:
                        continue
                    space = other["metadata"]["namespace"]
                    here = (
                        selects(peer["namespaceSelector"], spaces[space])
                        if "namespaceSelector" in peer
                        else space == own["metadata"]["namespace"]
                    )
                    by_peer = by_peer or (here and selects(peer.get("podSelector", {}), other["metadata"]["labels"]))
                admitted = admitted or (by_port and by_peer)
        if isolated and not admitted:
            return False
    return True


LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]), max_size=2)
EXPRESSIONS = st.builds(
    lambda key, operator, values: {"key": key, "operator": operator} | ({"values": values} if operator in {"In", "NotIn"} else {}),
    st.sampled_from(["app", "tier"]), st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]), st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2),
)  # fmt: skip
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=1)}
)
PEERS = st.one_of(
    st.fixed_dictionaries({"podSelector": SELECTORS}),
    st.fixed_dictionaries({"namespaceSelector": SELECTORS}, optional={"podSelector": SELECTORS}),
    st.just({"ipBlock": {"cidr": "10.0.0.0/8"}}),
)
POLICY_PORTS = st.sampled_from([{"port": 80}, {"port": 80, "endPort": 85}, {"port": "web"}, {"protocol": "UDP"}, {"protocol": "TCP"}, {"port": 90, "protocol": "TCP"}])  # fmt: skip


def rules(key: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {}, optional={key: st.lists(PEERS, max_size=2), "ports": st.lists(POLICY_PORTS, max_size=2)}
        ),
        max_size=2,
    )


POLICIES = st.builds(
    lambda space, selector, spec: policy(selector, space, **spec),
    st.sampled_from(["a", "b"]), SELECTORS,
    st.fixed_dictionaries({}, optional={"ingress": rules("from"), "egress": rules("to"), "policyTypes": st.sampled_from([[], ["Ingress"], ["Egress"], ["Ingress", "Egress"]])}),
)  # fmt: skip


@draws(150)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), LABELS), min_size=2, max_size=4),
    st.lists(POLICIES, max_size=4),
    LABELS,
)
def test_the_map_agrees_with_a_simple_model(
    made: list[tuple[str, dict[str, str]]], policies: list[dict[str, Any]], labels: dict[str, str]
) -> None:
    pods = [pod(f"p{number}", space) for number, (space, _) in enumerate(made)]
    for manifest, (_, own) in zip(pods, made, strict=True):
        manifest["metadata"]["labels"] = own
    spaces = {"a": {"kubernetes.io/metadata.name": "a"}, "b": {"kubernetes.io/metadata.name": "b"} | labels}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b", "labels": labels}}
    network_map = map_of(*pods, *policies, space)
    edges = {(edge.source, edge.target): edge.ports for edge in network_map.edges}
    names = [node.name for node in network_map.nodes]
    for source in range(len(pods)):
        for target in range(len(pods)):
            for port in PORTS if source != target else ():
                ports = edges.get((names[source], names[target]), ("none",))
                spans = [written.partition("/")[0].split("-") for written in ports if written.endswith("/tcp")]
                drawn = not ports or any(int(span[0]) <= port <= int(span[-1]) for span in spans)
                assert drawn == allowed(pods, policies, spaces, (source, target), port), (source, target, port)
    for form in ("terminal", "json", "dot", "svg"):
        assert pages.render(form, network_map)


def test_explanations() -> None:
    network_map = map_of(pod("x"), pod("y"), policy({"matchLabels": {"app": "y"}}, ingress=[{"from": [app("x")], "ports": [{"port": 80}]}]),
                         service("s", {"app": "y"}, [{"port": 8080, "targetPort": 80}]))  # fmt: skip
    assert explain(network_map, "x", "y") == (True, "x reaches y over the network a as s.a:8080 (80/tcp).")
    assert explain(network_map, "(outside)", "y")[1].startswith(
        "the outside does not reach y: NetworkPolicies do not admit it: those for ingress of y (p)"
    )
    assert (
        explain(network_map, "(outside)", "x")[1]
        == "the outside does not reach x: no Service and no Ingress leads there from outside."
    )
    assert explain(network_map, "x", "(outside)") == (True, "x reaches the outside at any address.")
    assert explain(network_map, "(host)", "y") == (True, "its node reaches y directly.")
    assert explain(network_map, "q", "y")[1].endswith("there is no pod q.")


def test_what_stands_out() -> None:
    cilium = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}}
    calico = {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": {"name": "k"}}
    network_map = map_of(
        pod("x"), policy({"matchLabels": {"app": "q"}}), service("s", {"app": "q"}, []), cilium, calico
    )
    remarks = {(remark.about, remark.text.partition(":")[0]) for remark in network_map.remarks}
    assert remarks == {
        ("namespace a", "has no NetworkPolicy for ingress"),
        ("namespace a", "has no NetworkPolicy for egress"),
        ("Service s", "selects no pod of these manifests"),
        ("NetworkPolicy p", "selects no pod of these manifests"),
        ("CiliumNetworkPolicy c", "is not evaluated, and may open or close more than the map shows"),
        ("NetworkPolicy k", "is not evaluated, and may open or close more than the map shows"),
    }


FAULTS = [
    ("a block that is none", policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}]), "10.0.0.0/99"),
    ("an empty peer", policy(ingress=[{"from": [{}]}]), "a peer must have"),
    (
        "an operator that is none",
        policy({"matchExpressions": [{"key": "a", "operator": "Like"}]}),
        "the operator of a selector",
    ),
    ("a port that is none", policy(ingress=[{"ports": [{"port": 70000}]}]), "70000 is no port"),
    ("rules that are no list", policy(ingress={"from": []}), "must be a list"),
    ("a Service's port without a number", service("s", {"a": "b"}, [{"name": "x"}]), "needs its number"),
]


@pytest.mark.parametrize(("resource", "message"), [pytest.param(*rest, id=sentence) for sentence, *rest in FAULTS])
def test_what_is_malformed_is_an_error_with_its_line(resource: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod("x")), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(resource), encoding="utf-8")
    network_map, errors = of_file(str(tmp_path))
    assert [node.name for node in network_map.nodes] == ["x"]
    assert len(errors) == 1
    assert "bad.yaml:1: " in errors[0]
    assert message in errors[0]
    done = sealock("map", ".", "--format", "json", cwd=tmp_path, environment={})
    assert done.returncode == 2
    assert json.loads(done.stdout)["cluster"] is True


def test_a_directory_without_pods_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "chart.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ x }}}\nspec: {containers: []}\n", encoding="utf-8"
    )
    with pytest.raises(TargetError, match=r"declares no pod.*templates of Helm charts"):
        of_file(str(tmp_path))


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(
        yaml.safe_dump_all([pod("x\x1b[31m\n"), policy(name="\u202ep")]), encoding="utf-8"
    )
    done = sealock("map", "pod.yaml", cwd=tmp_path, environment={})
    assert not set(done.stdout) & {"\x1b", "\u202e"}


@draws(60)
@given(st.recursive(st.none() | st.booleans() | st.integers(-1, 70000) | st.text("a1/.*: ", max_size=3),
                    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["from", "to", "ports", "port", "podSelector", "ipBlock", "cidr", "matchLabels"]), inner, max_size=2), max_leaves=6))  # fmt: skip
def test_odd_values_become_faults(value: Any) -> None:
    faults: list[Any] = []
    items = [
        policy(value, ingress=value, egress=[value]),
        service("s", {}, value, externalIPs=value),
        pod("x") | {"spec": {"containers": [{"image": "a", "ports": value}]}},
    ]
    (document,) = parse(
        msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items}).decode("utf-8", "replace")
    ).documents
    assert document is not None
    network = read_cluster(ManifestValue(document, Place(document.start, document.end)), faults)
    assert len(network.pods) + len(faults) >= 1
    build_cluster_map(network)
