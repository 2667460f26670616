from __future__ import annotations

from sealock.rules.enforced._expected import HIDDEN, called, in_any
from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man
from sealock.text import list_first


class ProcessMorePrivileged(Rule[Enforced]):
    """Process with more privileges than PID 1.

    A process, or one of its threads, holds capabilities that PID 1 cannot have, runs without its seccomp filter, or can
    gain privileges where PID 1 cannot: a privileged `docker exec`, or a process injected from the host. It has the
    container's files and more than the container's rights. K018 reports a process that runs as root where PID 1 does
    not.
    """

    id = "K010"
    keywords = ("PID 1", "privileges", "exec")
    severity = Severity.HIGH
    references = (cis_docker("5.23"), man("capabilities", 7))
    remedy = "Stop that process, and find out who may run `docker exec --privileged`: that is root on the host."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false}, '
            '"effective": {}, "process": {"pid": 7, "bounding": 0, "effective": 0, "seccomp": 2}, '
            '"others": [{"pid": 9, "name": "sh", "effective": 2097152, "seccomp": 0}]}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false}, '
            '"effective": {}, "process": {"pid": 7, "bounding": 1, "effective": 1, "seccomp": 2}, '
            '"others": [{"pid": 9, "name": "sh", "effective": 0, "seccomp": 2}]}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        first = enforced.process
        if isinstance(first.bounding, Absent):
            yield self.skip("the kernel's capability sets could not be read")
            return
        allowed = in_any(first.bounding, first.permitted, first.effective)
        for other in enforced.others:
            more = in_any(other.effective, other.permitted, other.ambient) - allowed
            privileges = [f"holds {list_first(sorted(more), 6)}"] if more else []
            if other.seccomp == 0 and isinstance(first.seccomp, int) and first.seccomp > 0:
                privileges.append("runs without a seccomp filter")
            if other.no_new_privileges is False and first.no_new_privileges is True:
                privileges.append("can gain privileges through setuid programs")
            if privileges:
                evidence = f"{other.name} {sorted(more)}"
                yield self.finding(f"contains {called(other)}, which {' and '.join(privileges)}", evidence=evidence)
        if enforced.hidden:
            yield self.skip(HIDDEN)
