from __future__ import annotations

from sealock.rules.enforced._expected import mounts
from sealock.rules.kit import Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class MountWritable(Rule[Enforced]):
    """Read-only mount is writable.

    A directory or volume is declared read-only, but the kernel allows writing: someone remounted it, either a process
    with SYS_ADMIN in the container or a user of the host.
    """

    id = "K016"
    keywords = ("read-only", "mount")
    severity = Severity.HIGH
    references = (cis_docker("5.6"), man("mount", 8))
    remedy = "Restart the container without SYS_ADMIN, and find out who remounted it."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [{"kind": "bind", "source": "/etc", '
            '"target": "/c", "read_only": true}]}, "effective": {"mounts": [{"kind": "bind", "source": "/etc", '
            '"target": "/c"}]}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [{"kind": "bind", "source": "/etc", '
            '"target": "/c", "read_only": true}]}, "effective": {"mounts": [{"kind": "bind", "source": "/etc", '
            '"target": "/c", "read_only": true}]}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        views = mounts(enforced)
        if views is None:
            yield self.skip("its mounts could not be read")
            return
        declared, effective = views
        writable = {mount.target.rstrip("/") for mount in effective if not mount.read_only}
        for mount in declared:
            if mount.read_only and mount.target.rstrip("/") in writable:
                what = mount.source or "a file system in memory"
                yield self.finding(
                    f"can write to {what} at {mount.target}, which is declared read-only",
                    evidence=f"{what} {mount.target}",
                )
