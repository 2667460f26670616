from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, man


class DaemonCgroupParent(Rule[Daemon]):
    """Default cgroup parent is changed.

    The engine's default cgroup has limits that the distribution or the cluster set; another one may have none, and
    tools do not monitor it. It is fine if you chose it on purpose.
    """

    id = "E010"
    keywords = ("cgroup", "cgroup parent", "cgroup-parent")
    severity = Severity.INFO
    reads = ("cgroup_parent",)
    references = (cis_docker("2.10"), man("cgroups", 7))
    remedy = 'Remove "cgroup-parent", unless you know why it is set.'
    bad = ('{"cgroup-parent": "/elsewhere", "icc": false}',)
    good = ('{"icc": false}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if isinstance(daemon.cgroup_parent, str):
            yield self.finding(
                f"puts containers under cgroup {daemon.cgroup_parent}", "cgroup_parent", fix=Set("cgroup_parent", UNSET)
            )
