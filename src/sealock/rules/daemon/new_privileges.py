from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class DefaultNewPrivileges(Rule[Daemon]):
    """no-new-privileges is not the default.

    A setuid program in an image can make an ordinary user root. "no-new-privileges": true prevents that in every
    container that does not opt out; few images need it (sudo, ping in old images).
    """

    id = "E013"
    keywords = ("no-new-privileges",)
    severity = Severity.MEDIUM
    reads = ("no_new_privileges",)
    references = (cis_docker("2.14"), docker_docs("reference/cli/dockerd/#daemon-configuration-file"))
    remedy = 'Set "no-new-privileges": true, and exempt a container with --security-opt no-new-privileges=false.'
    bad = (
        '{"icc": false}',
        '{"no-new-privileges": false, "icc": false}',
    )
    good = ('{"no-new-privileges": true}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.no_new_privileges is not True:
            yield self.finding(
                "lets setuid programs in containers raise privileges",
                "no_new_privileges",
                fix=Set("no_new_privileges", True),
                evidence="off",
            )
