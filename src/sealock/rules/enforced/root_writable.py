from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker


class RootWritable(Rule[Enforced]):
    """Root file system is writable despite read-only.

    Someone remounted it writable, or it never was read-only. An attacker can now change the image's programs and files.
    """

    id = "K006"
    keywords = ("read-only", "root file system", "read_only")
    severity = Severity.HIGH
    references = (cis_docker("5.13"),)
    remedy = "Restart the container with --read-only, and find out who remounted it (a process with SYS_ADMIN can)."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"read_only": true}, '
            '"effective": {"read_only": false}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"read_only": true}, '
            '"effective": {"read_only": true}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        if enforced.declared.read_only is not True:
            return
        if isinstance(enforced.effective.read_only, Absent):
            yield self.skip("its mounts could not be read")
        elif not enforced.effective.read_only:
            yield self.finding("can write to its root file system, which is declared read-only", evidence="read_only")
