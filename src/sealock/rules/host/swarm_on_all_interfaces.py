from __future__ import annotations

from sealock.model.host import Swarm
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class SwarmOnAllInterfaces(Rule[Host]):
    """Swarm listens on all interfaces.

    The management port is then open on networks without any swarm node. Bind it to the cluster's network.
    """

    id = "H020"
    keywords = ("swarm", "interface", "2377")
    severity = Severity.MEDIUM
    reads = ("swarm",)
    references = (cis_docker("7.2"), docker_docs("reference/cli/docker/swarm/init/#listen-addr"))
    remedy = (
        "Recreate the swarm with `docker swarm init --listen-addr ADDRESS:2377`, or close the port on the other "
        "networks."
    )
    fixable = False
    bad = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "listen_address": "0.0.0.0:2377"}}}}',)
    good = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "listen_address": "10.0.0.5:2377"}}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        swarm = host.swarm
        if not isinstance(swarm, Swarm) or not swarm.manager:
            return
        if not isinstance(swarm.listen_address, str):
            yield self.skip("the engine does not report the swarm's listen address")
        elif swarm.listen_address.startswith(("0.0.0.0", "[::]")):  # noqa: S104  it looks for it
            yield self.finding(f"listens for swarm management on {swarm.listen_address}", evidence="listen")
