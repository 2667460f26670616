from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class UsernsOff(Rule[Daemon]):
    """User-namespace remapping is off (userns-remap).

    Without remapping, UID 0 in a container is UID 0 on the host: with a mounted host directory or after a container
    escape it can read and write everything. With remapping, root in a container is an ordinary user on the host.
    Enabling it hides the existing images, volumes and containers: `sealock userns plan` shows what would change.
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
                "does not remap the users of containers", fix=Set("userns_remap", "default"), evidence="userns_remap"
            )
