from __future__ import annotations

from sealock.rules.kit import Enforced, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe

_SERVERS: Final = frozenset({"sshd", "dropbear", "telnetd", "in.telnetd", "rlogind", "in.rlogind", "rshd", "in.rshd"})


class LoginServerRuns(Rule[Enforced]):
    """Login server runs in the container.

    Whatever the container was started with, a program in it lets people log in by now: one more door with keys and
    passwords of its own, which no setting of the container shows. The processes themselves are looked at, and nothing
    is run inside.
    """

    id = "K015"
    severity = Severity.MEDIUM
    references = (cis_docker("5.7"), cwe(1188))
    remedy = "End it, start the program itself, and use docker exec for a shell."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {}, "process": '
            '{"pid": 7, "name": "init"}, "others": [{"pid": 9, "name": "sshd"}]}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {}, "process": '
            '{"pid": 7, "name": "nginx"}, "others": [{"pid": 9, "name": "ssh-agent"}]}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        named = {other.name: other for other in (*enforced.others, enforced.process) if isinstance(other.name, str)}
        for name, one in sorted(named.items()):
            # Newer sshd has programs of its own for a session: "sshd-session", "sshd-auth".
            if name in _SERVERS or name.startswith("sshd-"):
                yield self.finding(f"runs {name} (process {one.pid})", evidence=name)
