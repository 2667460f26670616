from __future__ import annotations

from sealock.rules.enforced._expected import HIDDEN, called
from sealock.rules.kit import UNKNOWN, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class ProcessAsRoot(Rule[Enforced]):
    """Process runs as root although PID 1 does not.

    Someone ran `docker exec --user 0`, or a setuid program became root. Besides the ordinary user's program there is
    now a process that can change all of the container's files. In a container that starts as root and then drops
    privileges, health checks run as root too; the rule does not report those.
    """

    id = "K018"
    keywords = ("PID 1", "root", "exec")
    severity = Severity.LOW
    references = (cis_docker("5.24"), docker_docs("reference/cli/docker/container/exec/"))
    remedy = "Stop that process; do not run `docker exec --user 0`, and set no-new-privileges against setuid programs."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "1000"}, '
            '"effective": {}, "process": {"pid": 7, "uid": 1000, '
            '"uid_map": [{"inside": 0, "outside": 0, "count": 4294967295}]}, '
            '"others": [{"pid": 9, "name": "sh", "uid": 0}]}]}}'
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
            '"effective": {}, "process": {"pid": 7, "uid": 0, '
            '"uid_map": [{"inside": 0, "outside": 0, "count": 4294967295}]}, '
            '"others": [{"pid": 9, "name": "sh", "uid": 0}]}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "1000"}, '
            '"effective": {}, "process": {"pid": 7, "uid": 1000, '
            '"uid_map": [{"inside": 0, "outside": 0, "count": 4294967295}]}, '
            '"others": [{"pid": 9, "name": "sh", "uid": 1001}]}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "db", "declared": {"user": null}, '
            '"effective": {}, "process": {"pid": 7, "uid": 999}, "others": [{"pid": 9, "name": "check", "uid": 0}]}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        first, user = enforced.process, enforced.declared.user
        if not isinstance(user, str) or user.partition(":")[0] in {"", "0", "root"}:
            return
        if UNKNOWN in {first.uid, first.uid_map}:
            yield self.skip("its user and user namespace could not be read")
            return
        if enforced.hidden:
            yield self.skip(HIDDEN)
        mappings = given(first.uid_map, ())
        root = next(
            (
                mapping.outside - mapping.inside
                for mapping in mappings
                if mapping.inside <= 0 < mapping.inside + mapping.count
            ),
            0,
        )
        if first.uid == root:
            return
        for other in enforced.others:
            if other.uid == root:
                yield self.finding(f"contains {called(other)}, which runs as root", evidence=f"{other.name}")
