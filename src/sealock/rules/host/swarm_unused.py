"""Swarm mode is on and nothing uses it."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNKNOWN
from sealock.model.finding import RuleFinding, Severity
from sealock.model.host import Host, Swarm
from sealock.rules.references import cis_docker, docker_docs
from sealock.rules.rule import Rule


class SwarmUnused(Rule[Host]):
    """Swarm mode is on and nothing uses it.

    It opens ports 2377, 7946 and 4789 and holds the keys of a cluster: doors and secrets without a purpose.
    """

    id = "H016"
    severity = Severity.LOW
    reads = ("swarm",)
    references = (cis_docker("5.1"), docker_docs("engine/swarm/"))
    remedy = "Leave it: `docker swarm leave --force` on the last manager."
    fixable = False
    bad = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "services": 0, "nodes": 1}}}}',)
    good = (
        '{"observed": {"host": {"swarm": {"active": false}}}}',
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "services": 3}}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        """Only a manager knows the services."""
        swarm = host.swarm
        if isinstance(swarm, Swarm) and swarm.active:
            if not swarm.manager:
                return
            if swarm.services is UNKNOWN:
                yield self.skip("the services of the swarm could not be listed")
            elif swarm.services == 0:
                yield self.finding("manages a swarm without services", evidence="swarm")
