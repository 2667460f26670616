"""Containers stop when the engine does."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.change import Set
from sealock.model.daemon import Daemon
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.references import cis_docker, docker_docs
from sealock.rules.rule import Rule


class LiveRestoreOff(Rule[Daemon]):
    """Containers stop when the engine does.

    Updates of the engine then cost an outage, and so are put off. With "live-restore" containers run on while the
    engine is restarted. (Not for swarm managers: there it is refused.)
    """

    id = "E014"
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
        """The default is that they stop."""
        if daemon.live_restore is not True:
            yield self.finding(
                "takes its containers down with it", "live_restore", fix=Set("live_restore", True), evidence="off"
            )
