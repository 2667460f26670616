from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class EngineAccess(Rule[Host]):
    """Non-root users can use the Docker daemon.

    A user who can write to the engine's socket can mount the whole disk into a container and so is root, without a
    password and without a trace in sudo's log. Membership of the group docker equals root.
    """

    id = "H001"
    keywords = ("docker group", "Docker daemon")
    severity = Severity.HIGH
    reads = ("logins",)
    references = (cis_docker("1.1.2"), docker_docs("engine/security/#docker-daemon-attack-surface"))
    remedy = (
        "Remove them from the group (`gpasswd -d NAME docker`), and offer rootless mode, or an authorization "
        "plugin with a policy."
    )
    fixable = False
    bad = ('{"observed": {"host": {"logins": [{"name": "ann", "how": "docker group", "where": "/etc/group"}]}}}',)
    good = ('{"observed": {"host": {"logins": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for login in given(host.logins, ()):
            if login.how.endswith(" group"):
                command = f"gpasswd -d {quoted(login.name)} {quoted(login.how.removesuffix(' group'))}"
                yield self.finding(
                    f"lets {login.name} use the engine ({login.how}, {login.where})",
                    evidence=login.name,
                    remedy=f"Remove the user (`{command}`), and offer rootless mode, or an authorization plugin with "
                    "a policy.",
                )
