from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, docker_docs, man


class KernelSupport(Rule[Host]):
    """Kernel is missing container isolation features.

    Without seccomp nothing filters system calls; without AppArmor or SELinux nothing contains a vulnerability in the
    runtime; without swap accounting memory limits do not include swap; cgroup v1 is no longer maintained.
    """

    id = "H012"
    keywords = ("kernel", "cgroup", "seccomp", "LSM")
    severity = Severity.MEDIUM
    reads = ("seccomp",)
    references = (docker_docs("engine/security/seccomp/"), man("cgroups", 7))
    remedy = (
        "Enable it at boot (security=apparmor, swapaccount=1, systemd.unified_cgroup_hierarchy=1), or move to a "
        "current distribution."
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
                "has no seccomp, so nothing filters system calls", evidence="seccomp", severity=Severity.HIGH
            )
        if isinstance(host.lsm, tuple) and not {"apparmor", "selinux"} & set(host.lsm):
            yield self.finding("runs without AppArmor and SELinux", evidence="lsm")
        if host.swap_accounting is False:
            yield self.finding(
                "has no swap accounting, so memory limits do not include swap", evidence="swap", severity=Severity.LOW
            )
        if host.cgroup_version == 1:
            yield self.finding("uses cgroup v1, which gets no new features", evidence="cgroup", severity=Severity.INFO)
