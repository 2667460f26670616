from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class UsernsOff(Rule[Daemon]):
    """User-namespace remapping is off (userns-remap).

    Without remapping, user id 0 in a container is user id 0 of the machine: with a folder of the host mounted, or a
    hole in the wall, it reads and writes everything. With it, root inside is an ordinary user outside. Switching it
    on hides the images, volumes and containers that are there: `sealock userns plan` says what would change.
    """

    id = "E009"
    keywords = ("userns-remap", "user-namespace", "user namespace")
    severity = Severity.MEDIUM
    reads = ("userns_remap",)
    references = (cis_docker("2.9"), docker_docs("engine/security/userns-remap/"))
    remedy = 'Plan it with `sealock userns plan`, then set "userns-remap": "default"; or run the engine rootless.'
    bad = ('{"icc": false}',)
    good = ('{"userns-remap": "default"}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if not daemon.userns_remap and daemon.rootless is not True:
            yield self.finding(
                "does not map the users of containers", fix=Set("userns_remap", "default"), evidence="userns_remap"
            )
