from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given
from sealock.rules.ports import numbers, spelled


class PrivilegedPort(Rule[Container]):
    """Privileged host port (below 1024) is published.

    People expect the host's own services on ports below 1024, where only root may listen; the engine listens there for
    anyone who may start containers. Ports 80 and 443 are normal for web servers and not reported.
    """

    id = "C062"
    keywords = ("privileged port", "privileged host port", "1024", "port")
    severity = Severity.LOW
    pedantic = True
    reads = ("ports",)
    references = (cis_docker("5.8"), docker_docs("engine/network/port-publishing/"))
    remedy = "Publish it on a port above 1023, unless it has to be this one."
    bad = (
        "docker run -p 127.0.0.1:25:2525 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    ports: ['53:53/udp']\n",
    )
    good = ("docker run -p 443:8443 alpine", "docker run -p 2525:25 alpine")
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, port in enumerate(given(container.ports, ())):
            host_ports = numbers(port.host or "")
            if host_ports and 0 < host_ports[0] < 1024 and port.host not in {"80", "443"}:
                yield self.finding(f"publishes the privileged port {spelled(port)}", ("ports", index))
