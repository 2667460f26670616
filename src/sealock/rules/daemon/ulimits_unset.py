from __future__ import annotations

from sealock.model.container import Ulimit
from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, man


class DefaultUlimitsUnset(Rule[Daemon]):
    """No default ulimits.

    Containers that say nothing get the engine's own limits, which are often without end: one of them can open all
    files and start all processes that the machine has.
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
                "gives containers no limits of their own",
                fix=Set("default_ulimits", (Ulimit("nofile", 1024, 65536),)),
                evidence="default_ulimits",
            )
