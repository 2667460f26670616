from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, page


class HostProcess(Rule[Container]):
    """HostProcess container on Windows.

    Its processes are the Windows host's own: they see its files, network and services, and as the
    system's user they own it. Only agents that manage the node need that.
    """

    id = "C092"
    keywords = ("HostProcess", "hostProcess", "Windows")
    aliases = ("KSV-0103",)
    severity = Severity.CRITICAL
    reads = ("host_process",)
    references = (
        cwe(250),
        page(
            "Kubernetes documentation, HostProcess",
            "https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
        ),
    )
    remedy = "Remove windowsOptions.hostProcess, unless the program manages the node itself."
    bad = (pod("hostNetwork: true", "securityContext: {windowsOptions: {hostProcess: true}}"),)
    good = (pod(container="securityContext: {windowsOptions: {runAsUserName: ContainerUser}}"),)

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.host_process is True:
            yield self.finding(
                "runs its processes on the Windows host itself", "host_process", fix=Set("host_process", False)
            )
