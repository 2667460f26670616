from __future__ import annotations

from sealock.model.host import Swarm
from sealock.rules.kit import UNKNOWN, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class SwarmUnused(Rule[Host]):
    """Swarm mode is active but unused.

    Swarm mode opens ports 2377, 7946 and 4789 and keeps the keys of a cluster: attack surface without a use.
    """

    id = "H016"
    keywords = ("swarm", "swarm mode")
    severity = Severity.LOW
    reads = ("swarm",)
    references = (cis_docker("5.1"), docker_docs("engine/swarm/"))
    remedy = "Leave the swarm: `docker swarm leave --force` on the last manager."
    fixable = False
    bad = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "services": 0, "nodes": 1}}}}',)
    good = (
        '{"observed": {"host": {"swarm": {"active": false}}}}',
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "services": 3}}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        swarm = host.swarm
        if isinstance(swarm, Swarm) and swarm.active:
            if not swarm.manager:
                return
            if swarm.services is UNKNOWN:
                yield self.skip("the services of the swarm could not be listed")
            elif swarm.services == 0:
                yield self.finding("manages a swarm without services", evidence="swarm")
