from __future__ import annotations

from sealock.model.host import Swarm
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_MOST: Final = 7


class SwarmManagers(Rule[Host]):
    """Unsound number of swarm managers.

    Managers decide by majority: an even number tolerates no more failures than one fewer, and a single one tolerates
    none. Each holds all secrets of the cluster, so more than seven only spread them.
    """

    id = "H017"
    keywords = ("swarm", "manager", "quorum")
    severity = Severity.LOW
    reads = ("swarm",)
    references = (cis_docker("7.1"), docker_docs("engine/swarm/admin_guide/"))
    remedy = "Use three, five or seven managers: `docker node promote` and `docker node demote`."
    fixable = False
    bad = (
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "managers": 4}}}}',
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "managers": 9}}}}',
    )
    good = (
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "managers": 3}}}}',
        '{"observed": {"host": {"swarm": {"active": true, "manager": true, "managers": 1, "nodes": 1}}}}',
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        swarm = host.swarm
        if not isinstance(swarm, Swarm) or not swarm.manager or not isinstance(swarm.managers, int):
            return
        count = swarm.managers
        if count > 1 and count % 2 == 0:
            yield self.finding(
                f"has {count} managers, which tolerate no more failures than {count - 1}", evidence="managers"
            )
        elif count > _MOST:
            yield self.finding(f"has {count} managers, each with every secret of the cluster", evidence="managers")
