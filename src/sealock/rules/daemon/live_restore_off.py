from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class LiveRestoreOff(Rule[Daemon]):
    """live-restore is disabled.

    Every update of the engine is an outage, and so is postponed. With "live-restore" containers keep running while the
    engine restarts. (Swarm managers refuse the setting.)
    """

    id = "E014"
    keywords = ("live-restore",)
    severity = Severity.LOW
    reads = ("live_restore",)
    references = (cis_docker("2.15"), docker_docs("engine/daemon/live-restore/"))
    remedy = 'Set "live-restore": true.'
    bad = (
        '{"icc": false}',
        '{"live-restore": false}',
    )
    good = ('{"live-restore": true}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.live_restore is not True:
            yield self.finding(
                "stops all containers when it restarts", "live_restore", fix=Set("live_restore", True), evidence="off"
            )
