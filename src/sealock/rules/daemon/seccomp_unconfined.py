from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class DefaultSeccompUnconfined(Rule[Daemon]):
    """Default seccomp profile is disabled.

    The default profile blocks about 50 system calls that almost no program needs and many kernel exploits use. This
    setting removes it from all containers.
    """

    id = "E016"
    keywords = ("seccomp",)
    severity = Severity.HIGH
    reads = ("seccomp_profile",)
    references = (cis_docker("2.17"), docker_docs("engine/security/seccomp/"))
    remedy = 'Remove "seccomp-profile", and give a program that needs more calls a profile of its own.'
    bad = ('{"seccomp-profile": "unconfined", "icc": false}',)
    good = (
        '{"seccomp-profile": "/etc/docker/seccomp.json"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.seccomp_profile == "unconfined":
            yield self.finding("runs containers without seccomp", "seccomp_profile", fix=Set("seccomp_profile", UNSET))
