from __future__ import annotations

from sealock.rules.kit import (
    UNSET,
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class PidsUnlimited(Rule[Container]):
    """No PID limit (pids_limit).

    A fork bomb in it uses up the host's PIDs, and then not even an administrator can log in to stop it. A few hundred
    are enough for most programs; threads count too, so give Java and databases a few thousand. Podman sets a limit of
    2048 itself, unless containers.conf has another.
    """

    id = "C030"
    keywords = ("PID limit", "pids", "pids_limit", "fork bomb")
    severity = Severity.MEDIUM
    reads = ("pids_limit",)
    references = (cis_docker("5.29"), cwe(770), docker_docs("reference/cli/docker/container/run/#options"))
    remedy = "Set a PID limit (pids_limit, --pids-limit); threads count too."
    bad = (
        "docker run alpine",
        "docker run --pids-limit -1 alpine",
        "podman run --pids-limit -1 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    pids_limit: 0\n",
    )
    good = (
        "docker run --pids-limit 100 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    pids_limit: 500\n",
        "podman run alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        default = 2048 if container.engine == "podman" and container.pids_limit is UNSET else 0
        if given(container.pids_limit, default) <= 0:
            yield self.finding(
                "can start any number of processes",
                "pids_limit",
                fix=Set("pids_limit", 500),
                evidence="no limit of processes",
            )
