from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Final, Iterator, Rule, RuleFinding, Severity, cwe, given, page

_ALLOWED: Final = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
})  # fmt: skip


class VolumeType(Rule[Container]):
    """Pod names its storage directly (NFS, iSCSI, gitRepo).

    The node mounts what the manifest names, with the node's rights: any server, disk or share that the node reaches. A
    PersistentVolumeClaim leaves that choice to the cluster. For a gitRepo the kubelet runs git as root on
    the node, and a repository could run programs there (CVE-2024-10220).
    """

    id = "C096"
    keywords = ("NFS", "iSCSI", "gitRepo", "volume types")
    aliases = ("KSV-0028",)
    severity = Severity.INFO
    reads = ("pod_volumes",)
    references = (
        cwe(668),
        page(
            "Kubernetes documentation, Pod Security Standards",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        ),
    )
    remedy = "Use a PersistentVolumeClaim; for a repository, an init container that clones it into an emptyDir."
    bad = (
        pod("volumes: [{name: data, nfs: {server: files.example, path: /}}]"),
        pod("volumes: [{name: code, gitRepo: {repository: 'https://git.example/app'}}]"),
    )
    good = (pod("volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),)
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, volume in enumerate(given(container.pod_volumes, ())):
            if volume.kind == "gitRepo":
                message = f"makes the kubelet clone a repository as root on the node (volume {volume.name})"
                yield self.finding(message, ("pod_volumes", index), severity=Severity.MEDIUM)
            elif volume.kind not in _ALLOWED | {"hostPath"}:
                yield self.finding(f"mounts the {volume.kind} volume {volume.name} itself", ("pod_volumes", index))
