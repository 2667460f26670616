from __future__ import annotations

from sealock.model.container import Ulimit
from sealock.rules.kit import Add, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class UlimitsUnset(Rule[Container]):
    """No ulimits are set.

    Engines of many distributions start containers with a limit of a million open files, or none. The benchmark asks for
    a limit where the default does not fit; 1024 soft and 65536 hard fit most servers.
    """

    id = "C032"
    keywords = ("ulimit",)
    severity = Severity.INFO
    pedantic = True
    reads = ("ulimits",)
    references = (cis_docker("5.19"), docker_docs("reference/cli/docker/container/run/#ulimit"))
    remedy = "Set a ulimit for open files (nofile)."
    bad = ("docker run alpine", "services:\n  app:\n    image: alpine:3.20\n")
    good = (
        "docker run --ulimit nofile=1024:65536 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    ulimits:\n      nofile: 4096\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if not container.ulimits:
            yield self.finding(
                "sets no ulimits",
                "ulimits",
                fix=Add("ulimits", Ulimit("nofile", 1024, 65536)),
                evidence="no ulimits",
            )
