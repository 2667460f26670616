from __future__ import annotations

from sealock.model.process import Process
from sealock.rules.kit import UNKNOWN, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class RootPutIn(Rule[Enforced]):
    """Process runs as root although PID 1 does not.

    Somebody used `docker exec --user 0`, or a program with the setuid bit raised itself. What was to run as an ordinary
    user has a process beside it that may change all of the container's files. Where a container starts as root, and
    its program becomes somebody else by itself, checks of its health and the like are root's too, and nothing is said.
    """

    id = "K018"
    keywords = ("PID 1", "root", "exec")
    severity = Severity.LOW
    references = (cis_docker("5.24"), docker_docs("reference/cli/docker/container/exec/"))
    remedy = "End that process; run no `docker exec --user 0`, and set no-new-privileges against setuid programs."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "1000"}, '
            '"effective": {}, "process": {"pid": 7, "uid": 1000}, "others": [{"pid": 9, "name": "sh", "uid": 0}]}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "1000"}, "effective": {}, '
            '"process": {"pid": 7, "uid": 101000, "uid_map": [{"inside": 0, "outside": 100000, "count": 65536}]}, '
            '"others": [{"pid": 9, "name": "sh", "uid": 100000}]}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, '
            '"effective": {}, "process": {"pid": 7, "uid": 0}, "others": [{"pid": 9, "name": "sh", "uid": 0}]}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "1000"}, '
            '"effective": {}, "process": {"pid": 7, "uid": 1000}, "others": [{"pid": 9, "name": "sh", "uid": 1001}]}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "db", "declared": {"user": null}, '
            '"effective": {}, "process": {"pid": 7, "uid": 999}, "others": [{"pid": 9, "name": "check", "uid": 0}]}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        first, asked = enforced.process, enforced.declared.user
        if not isinstance(asked, str) or asked.partition(":")[0] in {"", "0", "root"}:
            return
        if first.uid is UNKNOWN:
            yield self.skip("its user could not be read")
            return
        ranges = given(first.uid_map, ())
        root = next(
            (range_.outside - range_.inside for range_ in ranges if range_.inside <= 0 < range_.inside + range_.count),
            0,
        )
        if first.uid == root:
            return
        for other in enforced.others:
            if other.uid == root:
                yield self.finding(f"has {_called(other)} in it, which runs as root", evidence=f"{other.name}")


def _called(process: Process) -> str:
    return f"process {process.pid} ({process.name})" if isinstance(process.name, str) else f"process {process.pid}"
