from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs, given


class CpuUnlimited(Rule[Container]):
    """No CPU limit.

    A busy loop in it slows down everything else on the host. A limit (`cpus`), a quota or a set of CPUs (`cpuset`)
    bounds it; `cpu_shares` only sets its share under load. Fair scheduling keeps most hosts usable without a limit, so
    this is for hosts that several parties share.
    """

    id = "C029"
    keywords = ("CPU limit", "CPU", "limit", "cpus")
    aliases = ("KSV-0011", "CKV_K8S_11")
    severity = Severity.LOW
    pedantic = True
    reads = ("cpus", "cpu_quota", "cpuset_cpus")
    references = (cis_docker("5.12"), cwe(770), docker_docs("engine/containers/resource_constraints/#cpu"))
    remedy = "Set a CPU limit (cpus, resources.limits.cpu)."
    bad = ("docker run alpine", "docker run --cpu-shares 512 alpine", "services:\n  app:\n    image: alpine:3.20\n")
    good = (
        "docker run --cpus 1.5 alpine",
        "docker run --cpu-quota 50000 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cpuset: '0,1'\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        quota = given(container.cpu_quota, 0) > 0
        if given(container.cpus, 0.0) <= 0 and not quota and not container.cpuset_cpus:
            yield self.finding(
                "can use all of the host's CPUs", "cpus", fix=Set("cpus", 1.0), evidence="no processor limit"
            )
