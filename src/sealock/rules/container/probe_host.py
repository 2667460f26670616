from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, given, page


class ProbeHost(Rule[Container]):
    """Probe or hook makes the kubelet connect to another host.

    The kubelet runs probes and HTTP hooks from the node's network. A `host` in them makes the
    node send requests to its own loopback, to the cloud's metadata address, or to hosts that pods cannot
    reach, and the pod's state shows whether they answer (server-side request forgery).
    """

    id = "C093"
    keywords = ("probe", "livenessProbe", "server-side request forgery", "SSRF")
    severity = Severity.MEDIUM
    reads = ("probe_hosts",)
    references = (
        cwe(918),
        page(
            "Kubernetes documentation, Pod Security Standards",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        ),
    )
    remedy = "Leave `host` out: the kubelet then connects to the pod. Set the Host header in httpHeaders."
    bad = (
        pod(container="livenessProbe: {httpGet: {host: 169.254.169.254, port: 80}}"),
        pod(container="readinessProbe: {tcpSocket: {host: 127.0.0.1, port: 10250}}"),
    )
    good = (pod(container="livenessProbe: {httpGet: {path: /healthz, port: 8080}}"),)
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, host in enumerate(given(container.probe_hosts, ())):
            yield self.finding(f"makes the node's kubelet connect to {host}", ("probe_hosts", index))
