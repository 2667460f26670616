from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class NewPrivilegesPossible(Rule[Enforced]):
    """no-new-privileges is declared but not in effect.

    A setuid program in this container can still raise its privileges, although its settings forbid it. Every process
    inherits the flag, so a first process without it means that it was never set.
    """

    id = "K003"
    keywords = ("no-new-privileges",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.26"), man("PR_SET_NO_NEW_PRIVS", 2))
    remedy = "Restart the container with --security-opt no-new-privileges=true, and check that the runtime sets it."
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
            yield self.skip("the no_new_privs flag could not be read")
        elif not enforced.process.no_new_privileges:
            yield self.finding(
                "can gain privileges through setuid programs although no-new-privileges is set",
                evidence="no_new_privileges",
            )
