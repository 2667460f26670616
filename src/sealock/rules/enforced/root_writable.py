from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker


class RootWritable(Rule[Enforced]):
    """Root file system is writable despite read-only.

    Somebody mounted it anew for writing, or it never was read-only. What the image brought can now be changed, which is
    what an intruder wants first.
    """

    id = "K006"
    keywords = ("read-only", "root file system", "read_only")
    severity = Severity.HIGH
    references = (cis_docker("5.13"),)
    remedy = "Start the container anew with --read-only, and find who mounted it (a process with SYS_ADMIN can)."
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
            yield self.finding("can write to its root file system", evidence="read_only")
