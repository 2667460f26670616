from __future__ import annotations

from sealock.rules.kit import (
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    Swap,
    cis_docker,
    cwe,
    docker_docs,
    given,
)
from sealock.rules.ports import everywhere, loopback, service_on, spelled

# Ports of web, mail and VPN servers, which are public on purpose.
_PUBLIC = frozenset({"80/tcp", "443/tcp", "443/udp", "25/tcp", "465/tcp", "587/tcp", "993/tcp"}) | frozenset(
    {"500/udp", "4500/udp", "1194/udp", "51820/udp"}
)


class PublishedEverywhere(Rule[Container]):
    """Port is published on all interfaces (0.0.0.0).

    Without a host address Docker listens on 0.0.0.0 and [::], and its rules come before the host's firewall: ufw and
    firewalld do not filter published ports. Publish on 127.0.0.1 what only the host or its reverse proxy needs. The
    usual ports of web, mail and VPN servers are public on purpose, so they are reported as information only.
    """

    id = "C060"
    keywords = ("published", "all interfaces", "port", "publish", "interface")
    aliases = ("KSV-0024", "CKV_K8S_26")
    severity = Severity.MEDIUM
    reads = ("ports",)
    references = (cis_docker("5.14"), cwe(1327), docker_docs("engine/network/packet-filtering-firewalls/"))
    remedy = "Publish it on 127.0.0.1, or on the address of one interface."
    bad = (
        "docker run -p 8080:80 alpine",
        "docker run -p '[::]:8080:80' alpine",
        "docker run -p 3000 alpine",
        "services:\n  a:\n    image: a:1\n    ports:\n      - '0.0.0.0:9000:9000/udp'\n      - 7000-7002:7000-7002\n",
        "services:\n  app:\n    image: alpine:3.20\n    ports:\n      - target: 80\n        published: 8080\n",
    )
    good = (
        "docker run -p 127.0.0.1:8080:80 alpine",
        "docker run -p '[::1]:8080:80' alpine",
        "services:\n  app:\n    image: alpine:3.20\n    ports: ['192.168.1.5:8080:80']\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.network_mode == "host":
            return  # which publishes nothing
        image = given(container.image, "")
        for index, port in enumerate(given(container.ports, ())):
            if not everywhere(port.address) or service_on(port.container, image) is not None:
                continue
            public = f"{port.host}/{port.protocol}" in _PUBLIC
            yield self.finding(
                f"publishes {spelled(port)} on all interfaces of the host",
                ("ports", index),
                fix=() if public else Swap("ports", port, loopback(port)),
                severity=Severity.INFO if public else Severity.MEDIUM,
                remedy="Fine for a public server; otherwise publish it on one address." if public else "",
            )
