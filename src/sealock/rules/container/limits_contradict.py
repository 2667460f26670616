from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, docker_docs, given


class LimitsContradict(Rule[Container]):
    """Limits contradict each other.

    A reservation at or above the limit reserves nothing. The engine refuses a memory_swap below the memory limit, cpus
    together with cpu_quota or cpu_period, and less than 6 MiB of memory. The container does not start, or runs with
    other limits than the file suggests.
    """

    id = "C035"
    keywords = ("limits", "limit", "memory reservation")
    severity = Severity.LOW
    reads = ("memory", "memory_reservation", "memory_swap", "cpus", "cpu_quota")
    references = (docker_docs("engine/containers/resource_constraints/"),)
    remedy = "Keep the limit that you mean, and a reservation below it."
    bad = (
        "docker run -m 512m --memory-reservation 512m alpine",
        "docker run --cpus 2 --cpu-quota 50000 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    mem_limit: 1m\n",
        "services:\n  app:\n    image: alpine:3.20\n    mem_limit: 1g\n    memswap_limit: 512m\n",
    )
    good = (
        "docker run -m 512m --memory-reservation 256m --memory-swap 512m alpine",
        "docker run --cpu-quota 50000 --cpu-period 100000 alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        memory, reserved = given(container.memory, 0), given(container.memory_reservation, 0)
        swap = given(container.memory_swap, 0)
        if 0 < memory < 6 << 20:
            yield self.finding(
                "limits memory to less than 6 MiB, which the engine refuses", "memory", fix=Set("memory", 6 << 20)
            )
        elif 0 < memory <= reserved:
            yield self.finding(
                "reserves at least as much memory as its limit",
                "memory_reservation",
                fix=Set("memory_reservation", UNSET),
            )
        elif 0 < swap < memory:
            yield self.finding(
                "sets memory_swap below its memory limit, which the engine refuses",
                "memory_swap",
                fix=Set("memory_swap", memory),
            )
        if given(container.cpus, 0.0) > 0 and (given(container.cpu_quota, 0) > 0 or given(container.cpu_period, 0) > 0):
            yield self.finding(
                "sets cpus together with cpu_quota or cpu_period, which the engine refuses",
                "cpus",
                fix=Set("cpus", UNSET),
            )
