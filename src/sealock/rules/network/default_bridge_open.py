from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class DefaultBridgeOpen(Rule[EngineNetwork]):
    """Inter-container communication (icc) is on for the default bridge.

    They share it because nobody gave them a network, and every port of each is open to all the others, with no names
    to reach them by. A network for those that belong together keeps the rest out.
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
        'Give them networks: `docker network create NAME`, `docker network connect NAME CONTAINER`; set "icc": false.'
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
        there = [one.container for one in given(network.endpoints, ())]
        if len(there) > 1:
            shown = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
            yield self.finding(f"joins {shown} without a wall between them", evidence="icc")
