from __future__ import annotations

from sealock.rules.host._commands import shown
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class EngineLogin(Rule[Host]):
    """Non-root users can use the Docker daemon.

    Whoever may write to the engine's socket mounts the whole disk into a container and owns the machine, without a
    password and without a trace in sudo's log. The group docker is not a lesser right than root's.
    """

    id = "H001"
    keywords = ("docker group", "Docker daemon")
    severity = Severity.HIGH
    reads = ("logins",)
    references = (cis_docker("1.1.2"), docker_docs("engine/security/#docker-daemon-attack-surface"))
    remedy = (
        "Take them out (`gpasswd -d NAME docker`), and give them rootless mode, or an authorization "
        "plugin and a policy."
    )
    fixable = False
    bad = ('{"observed": {"host": {"logins": [{"name": "ann", "how": "docker group", "where": "/etc/group"}]}}}',)
    good = ('{"observed": {"host": {"logins": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for one in given(host.logins, ()):
            if one.how.endswith(" group"):
                command = f"gpasswd -d {shown(one.name)} {shown(one.how.removesuffix(' group'))}"
                yield self.finding(
                    f"lets {one.name} use the engine ({one.how}, {one.where})",
                    evidence=one.name,
                    remedy=f"Take them out (`{command}`), and give them rootless mode, or an authorization plugin and "
                    "a policy.",
                )
