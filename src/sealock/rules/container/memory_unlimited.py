from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs, given


class MemoryUnlimited(Rule[Container]):
    """No memory limit.

    A leak or an attack in one container then exhausts the host's memory, and the kernel kills the largest process. Set
    a limit somewhat above the program's peak use (`docker stats` shows it); sealock's fix sets 512 MiB.
    """

    id = "C028"
    keywords = ("memory limit", "memory", "limit", "mem_limit")
    aliases = ("KSV-0018", "CKV_K8S_13")
    severity = Severity.MEDIUM
    reads = ("memory",)
    references = (cis_docker("5.11"), cwe(770), docker_docs("engine/containers/resource_constraints/#memory"))
    remedy = "Set a memory limit (mem_limit, resources.limits.memory) somewhat above the program's peak use."
    bad = ("docker run alpine", "docker run -m 0 alpine", "services:\n  app:\n    image: alpine:3.20\n")
    good = (
        "docker run -m 256m alpine",
        "services:\n  app:\n    image: alpine:3.20\n    mem_limit: 1g\n",
        "services:\n  app:\n    image: alpine:3.20\n    deploy: {resources: {limits: {memory: 1g}}}\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if given(container.memory, 0) <= 0:
            yield self.finding(
                "can use all of the host's memory", "memory", fix=Set("memory", 512 << 20), evidence="no memory limit"
            )
