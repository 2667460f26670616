"""The host's shared memory."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.model.container import Container
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.references import cis_docker, cwe, docker_docs
from sealock.rules.rule import Rule


class HostIpc(Rule[Container]):
    """Container shares the host's IPC namespace.

    It can read and write the shared memory, semaphores and message queues of every program on the host, databases and
    desktops among them. A program that needs more shared memory wants `shm_size`; two containers that share memory
    can share one namespace (`ipc: service:NAME`).
    """

    id = "C019"
    severity = Severity.MEDIUM
    reads = ("ipc",)
    references = (cis_docker("5.17"), cwe(653), docker_docs("engine/containers/run/#ipc-settings---ipc"))
    remedy = "Take the host's IPC namespace away; raise shm_size where the program needs more shared memory."
    bad = ("docker run --ipc=host alpine", "services:\n  app:\n    image: alpine:3.20\n    ipc: host\n")
    good = ("docker run --shm-size 1g alpine", "services:\n  app:\n    image: alpine:3.20\n    ipc: private\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        """Look at the namespace."""
        if container.ipc == "host":
            yield self.finding("shares memory with every program of the host", "ipc", fix=Set("ipc", UNSET))
