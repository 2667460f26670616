from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class IccOn(Rule[Daemon]):
    """Inter-container communication (icc) is enabled on the default bridge.

    A container without a network of its own joins the default bridge, where every port of every other container is open
    to it, published or not. With "icc": false only linked containers communicate there; user-defined networks are not
    affected.
    """

    id = "E025"
    keywords = ("icc", "inter-container communication")
    severity = Severity.MEDIUM
    reads = ("icc",)
    references = (cis_docker("2.2"), docker_docs("engine/network/drivers/bridge/"))
    remedy = 'Set "icc": false, and put containers that belong together on a user-defined network.'
    bad = (
        '{"icc": true}',
        '{"live-restore": true}',
    )
    good = ('{"icc": false}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.icc is not False and daemon.bridge != "none":
            yield self.finding(
                "lets all containers on the default bridge reach each other",
                "icc",
                fix=Set("icc", False),
                evidence="icc",
            )
