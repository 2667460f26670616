from __future__ import annotations

from sealock.rules.kit import Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class ProcessLeftGroup(Rule[Enforced]):
    """Process outside of the container's cgroup.

    Limits on memory, processors and processes hold for the group alone: a process outside it uses what it likes, and
    the engine neither counts nor ends it. Only somebody with root's rights on the host can have moved it.
    """

    id = "K011"
    keywords = ("cgroup",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.25"), man("cgroups", 7))
    remedy = "Find who moved it; end it, or write its id into the cgroup.procs of the container again."
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
            yield self.finding(f"has process {pid}, which is not counted or limited with it", evidence="outside")
