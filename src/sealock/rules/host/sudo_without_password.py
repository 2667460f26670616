from __future__ import annotations

from sealock.rules.host._unread import unread
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man


class SudoWithoutPassword(Rule[Host]):
    """Passwordless sudo for Docker.

    A rule like `ann ALL=(root) NOPASSWD: /usr/bin/docker` gives root to anyone at ann's keyboard, and to every program
    that runs as ann: `sudo docker run -v /:/mnt` is enough.
    """

    id = "H002"
    keywords = ("sudo", "NOPASSWD")
    severity = Severity.HIGH
    reads = ("logins",)
    references = (cis_docker("1.1.2"), man("sudoers", 5))
    remedy = "Remove NOPASSWD for docker, or name the exact commands that are needed."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"logins": [{"name": "ann", "how": "sudo without password", "where": '
            '"/etc/sudoers.d/ann"}]}}}'
        ),
    )
    good = ('{"observed": {"host": {"logins": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if path := unread(host, "/etc/sudoers"):
            yield self.skip(f"{path} could not be read")
        for login in given(host.logins, ()):
            if login.how == "sudo without password":
                yield self.finding(
                    f"lets {login.name} run docker as root without a password ({login.where})", evidence=login.name
                )
