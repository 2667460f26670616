from __future__ import annotations

from sealock.rules.enforced._expected import held, listed
from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class ProcessWithMore(Rule[Enforced]):
    """Process with more privileges than PID 1.

    It holds capabilities that the first process cannot have, runs without its filter, or may gain privileges where the
    first one may not: a privileged `docker exec`, or a process that somebody put in from the host. It has the
    container's files and more than the container's rights. One that runs as root where the first process does not
    (`docker exec --user 0`, or a program with the setuid bit) is told as well, less loudly.
    """

    id = "K010"
    keywords = ("PID 1", "privileges", "exec")
    severity = Severity.HIGH
    references = (cis_docker("5.23"), man("capabilities", 7))
    remedy = "End that process, and find who may run `docker exec --privileged`: whoever can is root on the host."
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
        mine = held(first.bounding, first.permitted, first.effective)
        for other in enforced.others:
            more = held(other.effective, other.permitted, other.ambient) - mine
            what = [f"holds {listed(more)}"] if more else []
            if other.seccomp == 0 and isinstance(first.seccomp, int) and first.seccomp > 0:
                what.append("runs without the filter of system calls")
            if other.no_new_privileges is False and first.no_new_privileges is True:
                what.append("may gain privileges by setuid programs")
            if what:
                name = f"process {other.pid} ({other.name})" if isinstance(other.name, str) else f"process {other.pid}"
                evidence = f"{other.name} {sorted(more)}"
                yield self.finding(f"has {name} in it, which {' and '.join(what)}", evidence=evidence)
