from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker


class Experimental(Rule[Daemon]):
    """Experimental features are enabled.

    Experimental features change or disappear without notice and are less tested. On a host that others depend on they
    are a needless risk.
    """

    id = "E017"
    keywords = ("experimental",)
    severity = Severity.INFO
    reads = ("experimental",)
    references = (cis_docker("2.18"),)
    remedy = 'Remove "experimental": true.'
    bad = ('{"experimental": true, "icc": false}',)
    good = (
        '{"experimental": false}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.experimental is True:
            yield self.finding("enables experimental features", "experimental", fix=Set("experimental", UNSET))
