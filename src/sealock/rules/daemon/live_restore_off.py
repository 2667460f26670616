from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class LiveRestoreOff(Rule[Daemon]):
    """live-restore is disabled.

    Updates of the engine then cost an outage, and so are put off. With "live-restore" containers run on while the
    engine is restarted. (Not for swarm managers: there it is refused.)
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
                "takes its containers down with it", "live_restore", fix=Set("live_restore", True), evidence="off"
            )
