from __future__ import annotations

from sealock.model.container import Ulimit
from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, man


class DefaultUlimitsUnset(Rule[Daemon]):
    """No default ulimits.

    Containers without ulimits inherit the engine's own, which are often unlimited: one container can open all files and
    start all processes that the host allows.
    """

    id = "E008"
    keywords = ("ulimits", "default-ulimits", "ulimit")
    severity = Severity.LOW
    reads = ("default_ulimits",)
    references = (cis_docker("2.8"), man("getrlimit", 2))
    remedy = 'Set "default-ulimits", at least for nofile and nproc.'
    pedantic = True
    bad = ('{"icc": false}',)
    good = ('{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 4096}}}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if not daemon.default_ulimits:
            yield self.finding(
                "sets no default ulimits",
                fix=Set("default_ulimits", (Ulimit("nofile", 1024, 65536),)),
                evidence="default_ulimits",
            )
