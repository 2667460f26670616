from __future__ import annotations

from sealock.rules.enforced._expected import HIDDEN
from sealock.rules.kit import Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class ProcessOutsideCgroup(Rule[Enforced]):
    """Process outside of the container's cgroup.

    Limits on memory, CPU and processes apply only inside the cgroup: a process outside it has no limits, and the engine
    neither counts nor stops it. Only root on the host can have moved it.
    """

    id = "K011"
    keywords = ("cgroup",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.25"), man("cgroups", 7))
    remedy = "Find out who moved it; stop it, or write its PID to the container's cgroup.procs."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, '
            '"effective": {}, "process": {"pid": 7}, "outside": [9]}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, '
            '"effective": {}, "process": {"pid": 7}, "outside": []}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        for pid in enforced.outside:
            yield self.finding(f"has process {pid} outside its cgroup, without its limits", evidence="outside")
        if enforced.hidden:
            yield self.skip(HIDDEN)
