from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs


class HostCgroupns(Rule[Container]):
    """Container shares the host's cgroup namespace.

    It sees the whole cgroup tree, with the ids and limits of everything that runs on the host; together with SYS_ADMIN
    or a writable mount of /sys/fs/cgroup this is a known container escape. systemd in a container runs in a private
    namespace on cgroup v2.
    """

    id = "C023"
    keywords = ("cgroup namespace", "cgroup: host")
    severity = Severity.MEDIUM
    reads = ("cgroupns",)
    references = (cwe(653), docker_docs("reference/cli/docker/container/run/#cgroupns"))
    remedy = "Use a private cgroup namespace (cgroup: private, --cgroupns=private)."
    bad = ("docker run --cgroupns=host alpine", "services:\n  app:\n    image: alpine:3.20\n    cgroup: host\n")
    good = ("docker run --cgroupns=private alpine", "services:\n  app:\n    image: alpine:3.20\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.cgroupns == "host":
            yield self.finding("sees the cgroup tree of the whole host", "cgroupns", fix=Set("cgroupns", "private"))
