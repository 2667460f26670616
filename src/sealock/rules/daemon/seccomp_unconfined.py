from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class DefaultSeccompUnconfined(Rule[Daemon]):
    """Default seccomp profile is disabled.

    The engine's own profile keeps about 50 system calls from containers that nearly none needs and many holes in the
    kernel were reached by. This setting takes it from all of them.
    """

    id = "E016"
    keywords = ("seccomp",)
    severity = Severity.HIGH
    reads = ("seccomp_profile",)
    references = (cis_docker("2.17"), docker_docs("engine/security/seccomp/"))
    remedy = 'Take "seccomp-profile" away, and give the one program that needs more a profile of its own.'
    bad = ('{"seccomp-profile": "unconfined", "icc": false}',)
    good = (
        '{"seccomp-profile": "/etc/docker/seccomp.json"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.seccomp_profile == "unconfined":
            yield self.finding("filters no system calls", "seccomp_profile", fix=Set("seccomp_profile", UNSET))
