from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class HostNetwork(Rule[Container]):
    """Container uses the host's network (--net=host).

    It can listen on any port of the host and reach everything that listens on the host's loopback address (databases,
    the engine's debug port, cloud metadata agents) or on abstract sockets, which containerd used (CVE-2020-15257).
    Publish its ports instead. Programs that discover others by broadcast (home automation, DHCP) may need it, or a
    macvlan network.
    """

    id = "C020"
    keywords = ("host network", "--net=host", "network_mode: host", "hostNetwork")
    aliases = ("KSV-0009", "CKV_K8S_19")
    severity = Severity.HIGH
    reads = ("network_mode",)
    references = (cis_docker("5.10"), cwe(653), docker_docs("engine/network/drivers/host/"))
    remedy = "Give it a network of its own (no hostNetwork), and publish its ports."
    bad = ("docker run --network host alpine", "services:\n  app:\n    image: alpine:3.20\n    network_mode: host\n")
    good = (
        "docker run --network app -p 127.0.0.1:8080:80 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    networks: [front]\nnetworks:\n  front:\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.network_mode == "host":
            yield self.finding(
                "uses the host's network, including services on its loopback address",
                "network_mode",
                fix=Set("network_mode", UNSET),
            )
