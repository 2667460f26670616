from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, Swap, cwe, docker_docs, given


class TmpfsUnlimited(Rule[Container]):
    """tmpfs mount has no size limit.

    A tmpfs without a size can use half of the host's memory. If the container has a memory limit, the tmpfs counts
    towards it and is bounded already.
    """

    id = "C085"
    keywords = ("tmpfs", "size")
    severity = Severity.LOW
    pedantic = True
    reads = ("mounts", "memory")
    references = (cwe(770), docker_docs("engine/storage/tmpfs/"))
    remedy = "Set a size (size=64m), or a memory limit for the container."
    bad = ("docker run --tmpfs /tmp alpine", "services:\n  app:\n    image: alpine:3.20\n    tmpfs: [/tmp]\n")
    good = ("docker run --tmpfs /tmp:size=64m alpine", "docker run -m 256m --tmpfs /tmp alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if given(container.memory, 0) > 0:
            return
        for index, mount in enumerate(given(container.mounts, ())):
            if mount.kind == "tmpfs" and not any(option.startswith("size=") for option in mount.options):
                yield self.finding(
                    f"mounts a tmpfs on {mount.target} that can use half of the host's memory",
                    ("mounts", index),
                    fix=Swap("mounts", mount, replace(mount, options=(*mount.options, "size=64m"))),
                )
