from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker


class RunsAsOtherUser(Rule[Enforced]):
    """Container runs as root despite USER.

    The engine was told a user, and the kernel shows user id 0 inside. The program changed to root by a setuid program,
    or the name that was given means root in the image.
    """

    id = "K009"
    keywords = ("root", "USER")
    severity = Severity.MEDIUM
    references = (cis_docker("4.1"),)
    remedy = (
        "Look what the name means in /etc/passwd of the image; forbid setuid programs with "
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
        asked, there = enforced.declared.user, enforced.effective.user
        if not isinstance(asked, str) or asked.partition(":")[0] in {"", "0", "root"}:
            return
        if isinstance(there, Absent):
            yield self.skip("the user could not be read")
        elif there.partition(":")[0] == "0":
            yield self.finding(f"should run as {asked}, and runs as root", evidence="user")
