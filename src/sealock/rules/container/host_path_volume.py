from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, given, page
from sealock.rules.paths import (
    agent_socket,
    credentials,
    engine_of,
    exposure,
    normal,
    privileged_socket,
    sockets_in,
    within,
)


class HostPathVolume(Rule[Container]):
    """Host path is a volume of a pod (hostPath).

    What a pod writes there stays on the node, without a limit on its size, for whichever pod or program looks next; on
    another node the pod finds something else. The Pod Security Standard "baseline" forbids it. Other rules report
    paths through which a container could take over the node.
    """

    id = "C094"
    keywords = ("hostPath", "host path")
    aliases = ("KSV-0023",)
    severity = Severity.LOW
    reads = ("pod_volumes",)
    references = (
        cwe(668),
        page("Kubernetes documentation, hostPath", "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath"),
    )
    remedy = "Use an emptyDir for what may be lost, a PersistentVolumeClaim for what must stay, a ConfigMap for files."
    bad = (pod("volumes: [{name: data, hostPath: {path: /srv/app}}]"),)
    good = (pod("volumes: [{name: data, emptyDir: {sizeLimit: 1Gi}}]"), "docker run -v /srv/app:/data app:1")
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, volume in enumerate(given(container.pod_volumes, ())):
            if volume.kind != "hostPath" or (volume.mounted and _is_reported(volume.path)):
                continue
            yield self.finding(f"has the host's {volume.path or 'file system'} as a volume", ("pod_volumes", index))


def _is_reported(source: str) -> bool:
    """Whether another rule reports a mount of this path."""
    path = normal(source)
    looks = (engine_of, exposure, privileged_socket, sockets_in, credentials)
    return within(path, "/dev") or agent_socket(path) or any(look(path) is not None for look in looks)
