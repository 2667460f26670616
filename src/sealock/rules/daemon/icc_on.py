from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class IccOn(Rule[Daemon]):
    """Inter-container communication (icc) is enabled on the default bridge.

    A container without a network of its own is on the default bridge, where every port of every neighbour is open to
    it, published or not. With "icc": false only linked containers talk there; networks of your own are not touched by
    it.
    """

    id = "E025"
    keywords = ("icc", "inter-container communication")
    severity = Severity.MEDIUM
    reads = ("icc",)
    references = (cis_docker("2.2"), docker_docs("engine/network/drivers/bridge/"))
    remedy = 'Set "icc": false, and put containers that belong together on a network of their own.'
    bad = (
        '{"icc": true}',
        '{"live-restore": true}',
    )
    good = ('{"icc": false}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.icc is not False and daemon.bridge != "none":
            yield self.finding(
                "lets neighbours on the default bridge talk freely", "icc", fix=Set("icc", False), evidence="icc"
            )
