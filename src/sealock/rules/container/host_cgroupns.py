from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs


class HostCgroupns(Rule[Container]):
    """Container shares the host's cgroup namespace.

    It sees the whole tree of control groups, with the ids and limits of all that runs on the host; together with
    SYS_ADMIN or a writable mount of /sys/fs/cgroup that is a known way out. Programs that want systemd inside run with
    a private namespace on cgroup v2.
    """

    id = "C023"
    keywords = ("cgroup namespace", "cgroup: host")
    severity = Severity.MEDIUM
    reads = ("cgroupns",)
    references = (cwe(653), docker_docs("reference/cli/docker/container/run/#cgroupns"))
    remedy = "Use the private control group namespace (cgroup: private, --cgroupns=private)."
    bad = ("docker run --cgroupns=host alpine", "services:\n  app:\n    image: alpine:3.20\n    cgroup: host\n")
    good = ("docker run --cgroupns=private alpine", "services:\n  app:\n    image: alpine:3.20\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.cgroupns == "host":
            yield self.finding("sees the control groups of the whole host", "cgroupns", fix=Set("cgroupns", UNSET))
