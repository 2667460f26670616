from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs, given


class SwapUnlimited(Rule[Container]):
    """Unlimited swap.

    With memory_swap at -1, a memory limit only moves the excess to the host's disk: the container slows the host down
    instead of being stopped. Set it equal to the memory limit for no swap; without a memory limit it has no effect. The
    default is twice the memory limit.
    """

    id = "C033"
    keywords = ("swap", "memswap_limit")
    severity = Severity.LOW
    reads = ("memory_swap",)
    references = (cwe(770), docker_docs("engine/containers/resource_constraints/#--memory-swap-details"))
    remedy = "Set memory_swap equal to the memory limit, or leave it out."
    bad = (
        "docker run -m 256m --memory-swap -1 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    memswap_limit: 1g\n",
    )
    good = (
        "docker run -m 256m --memory-swap 256m alpine",
        "services:\n  app:\n    image: alpine:3.20\n    mem_limit: 1g\n    memswap_limit: 1g\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        swap, memory = given(container.memory_swap, 0), given(container.memory, 0)
        if swap < 0:
            fix = Set("memory_swap", memory if memory > 0 else UNSET)
            yield self.finding("can use all of the host's swap", "memory_swap", fix=fix)
        elif swap > 0 and memory <= 0:
            yield self.finding(
                "limits swap without limiting memory, which the engine refuses",
                "memory_swap",
                fix=Set("memory", swap),
            )
