from __future__ import annotations

from sealock.rules.kit import (
    Container,
    Iterator,
    Remove,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class UlimitUnlimited(Rule[Container]):
    """ulimit is unlimited.

    Without a limit on open files, processes or core files one program can use up what the whole host shares; a core
    file also contains the program's secrets. Set the number that the program's documentation asks for. Search engines
    and databases need unlimited locked memory (memlock), which the memory limit bounds.
    """

    id = "C031"
    keywords = ("ulimit",)
    severity = Severity.LOW
    reads = ("ulimits",)
    references = (cis_docker("5.19"), cwe(770), docker_docs("reference/cli/docker/container/run/#ulimit"))
    remedy = "Set the number that the program's documentation asks for, or remove the ulimit for the engine's default."
    bad = (
        "docker run --ulimit nofile=-1:-1 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    ulimits:\n      nproc: -1\n",
    )
    good = (
        "docker run --ulimit nofile=65536:65536 --ulimit memlock=-1:-1 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    ulimits:\n      core: 0\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, limit in enumerate(given(container.ulimits, ())):
            if limit.name in {"nofile", "nproc", "core", "fsize", "msgqueue", "sigpending"} and limit.hard < 0:
                yield self.finding(
                    f"sets ulimit {limit.name} to unlimited", ("ulimits", index), fix=Remove("ulimits", limit)
                )
