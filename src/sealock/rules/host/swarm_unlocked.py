from __future__ import annotations

from sealock.model.host import Swarm
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class SwarmUnlocked(Rule[Host]):
    """Swarm keys are not locked (autolock).

    Without autolock a stolen disk or backup of a manager contains the keys that encrypt the cluster's secrets and its
    Raft log.
    """

    id = "H018"
    keywords = ("swarm", "autolock")
    severity = Severity.MEDIUM
    reads = ("swarm",)
    references = (cis_docker("7.5"), docker_docs("engine/swarm/swarm_manager_locking/"))
    remedy = "Run `docker swarm update --autolock=true`, and store the unlock key elsewhere."
    fixable = False
    bad = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "autolock": false}}}}',)
    good = (
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "autolock": true}}}}',
        '{"observed": {"host": {"swarm": {"active": false}}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        swarm = host.swarm
        if isinstance(swarm, Swarm) and swarm.manager and swarm.autolock is False:
            yield self.finding("keeps the swarm's keys unlocked on disk", evidence="autolock")
