from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, docker_docs, man


class KernelSupport(Rule[Host]):
    """Kernel is missing container isolation features.

    Without seccomp no system call is filtered; without AppArmor or SELinux nothing stands behind a hole in the
    runtime; without swap accounting a limit of memory ends at the swap; version 1 of control groups is out of care.
    """

    id = "H012"
    keywords = ("kernel", "cgroup", "seccomp", "LSM")
    severity = Severity.MEDIUM
    reads = ("seccomp",)
    references = (docker_docs("engine/security/seccomp/"), man("cgroups", 7))
    remedy = (
        "Boot with the module on (security=apparmor, swapaccount=1, systemd.unified_cgroup_hierarchy=1), "
        "or move to a current distribution."
    )
    fixable = False
    bad = (
        '{"observed": {"host": {"lsm": ["capability"], "seccomp": true, "cgroup_version": 2}}}',
        '{"observed": {"host": {"lsm": ["apparmor"], "seccomp": false, "cgroup_version": 2}}}',
    )
    good = (
        (
            '{"observed": {"host": {"lsm": ["capability", "apparmor"], "seccomp": true, '
            '"cgroup_version": 2, "swap_accounting": true}}}'
        ),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if host.seccomp is False:
            yield self.finding(
                "has no seccomp: nothing filters system calls", evidence="seccomp", severity=Severity.HIGH
            )
        if isinstance(host.lsm, tuple) and not {"apparmor", "selinux"} & set(host.lsm):
            yield self.finding("runs without AppArmor and SELinux", evidence="lsm")
        if host.swap_accounting is False:
            yield self.finding(
                "does not count swap: limits of memory end there", evidence="swap", severity=Severity.LOW
            )
        if host.cgroup_version == 1:
            yield self.finding(
                "has control groups of version 1, which get no new limits", evidence="cgroup", severity=Severity.INFO
            )
