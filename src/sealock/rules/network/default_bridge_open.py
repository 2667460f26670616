from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given
from sealock.text import list_first


class DefaultBridgeOpen(Rule[EngineNetwork]):
    """Inter-container communication (icc) is on for the default bridge.

    Containers that name no network share the default bridge. Every port of each is open to all the others, and they
    cannot find each other by name. A user-defined network connects only the containers that belong together.
    """

    id = "N003"
    keywords = ("icc", "inter-container communication")
    severity = Severity.MEDIUM
    reads = ("endpoints",)
    references = (
        cis_docker("2.2"),
        docker_docs("engine/network/drivers/bridge/#differences-between-user-defined-bridges-and-the-default-bridge"),
    )
    remedy = (
        "Create a network and connect the containers to it: `docker network create NAME`, `docker network connect "
        'NAME CONTAINER`; set "icc": false.'
    )
    fixable = False
    bad = (
        (
            '{"observed": {"networks": [{"name": "bridge", "driver": "bridge", "endpoints": '
            '[{"container": "a"}, {"container": "b"}]}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"networks": [{"name": "app", "driver": "bridge", "endpoints": [{"container": '
            '"a"}, {"container": "b"}]}]}}'
        ),
        (
            '{"observed": {"networks": [{"name": "bridge", "driver": "bridge", "icc": false, '
            '"endpoints": [{"container": "a"}, {"container": "b"}]}]}}'
        ),
    )

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        if network.name != "bridge" or network.icc is False:
            return
        names = [endpoint.container for endpoint in given(network.endpoints, ())]
        if len(names) > 1:
            yield self.finding(f"connects {list_first(names, 5)} without isolation", evidence="icc")
