from __future__ import annotations

from sealock.rules.container._capabilities import added
from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class HostUts(Rule[Container]):
    """Container shares the host's UTS namespace.

    With a default engine this does almost nothing: the container sees the host name and its changes, but cannot set it
    without SYS_ADMIN. With SYS_ADMIN or privileged it can rename the host, and logs and clusters identify hosts by
    name.
    """

    id = "C021"
    keywords = ("UTS namespace", "uts: host", "hostname")
    severity = Severity.INFO
    reads = ("uts",)
    references = (cis_docker("5.21"), docker_docs("engine/containers/run/#uts-settings---uts"))
    remedy = "Remove the host's UTS namespace; set hostname if the program needs a name."
    safe = True
    bad = (
        "docker run --uts=host alpine",
        "docker run --uts host --cap-add SYS_ADMIN alpine",
        "services:\n  app:\n    image: alpine:3.20\n    uts: host\n",
    )
    good = ("docker run --hostname app alpine", "services:\n  app:\n    image: alpine:3.20\n    hostname: app\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.uts != "host":
            return
        able = container.privileged is True or not added(container).isdisjoint({"SYS_ADMIN", "ALL"})
        yield self.finding(
            "can change the host name" if able else "sees the host name but cannot change it",
            "uts",
            fix=Set("uts", UNSET),
            severity=Severity.MEDIUM if able else Severity.INFO,
            safe=not able,
        )
