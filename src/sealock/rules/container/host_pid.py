from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class HostPid(Rule[Container]):
    """Container shares the host's PID namespace.

    It sees every process of the host with its arguments and environment; as root it can signal them, read /proc/1/root
    and, with SYS_PTRACE, control them. Only debuggers and monitors need it; a debugger can join the one container that
    it inspects (`--pid container:NAME`).
    """

    id = "C018"
    keywords = ("PID namespace", "pid: host", "hostPID")
    aliases = ("KSV-0010", "CKV_K8S_17")
    severity = Severity.HIGH
    reads = ("pid",)
    references = (cis_docker("5.16"), cwe(653), docker_docs("engine/containers/run/#pid-settings---pid"))
    remedy = "Remove the host's PID namespace (pid: host, --pid=host, hostPID)."
    bad = ("docker run --pid=host alpine", "services:\n  app:\n    image: alpine:3.20\n    pid: host\n")
    good = ("docker run alpine", "services:\n  app:\n    image: alpine:3.20\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.pid == "host":
            yield self.finding("sees and can signal every process of the host", "pid", fix=Set("pid", UNSET))
