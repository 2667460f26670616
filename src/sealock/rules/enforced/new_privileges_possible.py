from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class NewPrivilegesPossible(Rule[Enforced]):
    """no-new-privileges is declared but not in effect.

    A setuid program in this container can still raise its privileges, although the engine was told to forbid it. The
    flag is inherited by every process, so a first process without it means that it never was set.
    """

    id = "K003"
    keywords = ("no-new-privileges",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.26"), man("PR_SET_NO_NEW_PRIVS", 2))
    remedy = "Start the container anew with --security-opt no-new-privileges=true, and see that the runtime keeps it."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"no_new_privileges": true}, '
            '"effective": {}, "process": {"pid": 7, "no_new_privileges": false}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"no_new_privileges": true}, '
            '"effective": {}, "process": {"pid": 7, "no_new_privileges": true}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        if enforced.declared.no_new_privileges is not True:
            return
        if isinstance(enforced.process.no_new_privileges, Absent):
            yield self.skip("the flag could not be read")
        elif not enforced.process.no_new_privileges:
            yield self.finding("may gain privileges by setuid programs all the same", evidence="no_new_privileges")
