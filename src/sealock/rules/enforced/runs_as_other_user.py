from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker


class RunsAsOtherUser(Rule[Enforced]):
    """Container runs as root despite USER.

    The settings name a user, but the process has UID 0. The program became root through a setuid program, or the name
    means root in the image.
    """

    id = "K009"
    keywords = ("root", "USER")
    severity = Severity.MEDIUM
    references = (cis_docker("4.1"),)
    remedy = (
        "Look the name up in /etc/passwd of the image; forbid setuid programs with "
        "--security-opt no-new-privileges=true."
    )
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "app"}, '
            '"effective": {"user": "0:0"}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"user": "app"}, '
            '"effective": {"user": "1000:1000"}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        expected, actual = enforced.declared.user, enforced.effective.user
        if not isinstance(expected, str) or expected.partition(":")[0] in {"", "0", "root"}:
            return
        if isinstance(actual, Absent):
            yield self.skip("the user could not be read")
        elif actual.partition(":")[0] == "0":
            yield self.finding(f"should run as {expected}, but runs as root", evidence="user")
