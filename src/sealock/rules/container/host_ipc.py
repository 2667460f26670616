from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class HostIpc(Rule[Container]):
    """Container shares the host's IPC namespace.

    It can read and write the shared memory, semaphores and message queues of every program on the host, including
    databases and desktops. A program that needs more shared memory needs `shm_size`; two containers that share memory
    can share one namespace (`ipc: service:NAME`).
    """

    id = "C019"
    keywords = ("IPC namespace", "ipc: host", "hostIPC")
    aliases = ("KSV-0008", "CKV_K8S_18")
    severity = Severity.MEDIUM
    reads = ("ipc",)
    references = (cis_docker("5.17"), cwe(653), docker_docs("engine/containers/run/#ipc-settings---ipc"))
    remedy = "Remove ipc: host (hostIPC); raise shm_size if the program needs more shared memory."
    bad = ("docker run --ipc=host alpine", "services:\n  app:\n    image: alpine:3.20\n    ipc: host\n")
    good = ("docker run --shm-size 1g alpine", "services:\n  app:\n    image: alpine:3.20\n    ipc: private\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.ipc == "host":
            yield self.finding(
                "can access the shared memory of every program on the host", "ipc", fix=Set("ipc", UNSET)
            )
