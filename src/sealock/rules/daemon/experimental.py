from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker


class Experimental(Rule[Daemon]):
    """Experimental features are enabled.

    They change and vanish without notice, and have been looked at less. On a machine that others depend on they are a
    risk without need.
    """

    id = "E017"
    keywords = ("experimental",)
    severity = Severity.INFO
    reads = ("experimental",)
    references = (cis_docker("2.18"),)
    remedy = 'Take "experimental": true away.'
    bad = ('{"experimental": true, "icc": false}',)
    good = (
        '{"experimental": false}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.experimental is True:
            yield self.finding("offers experimental features", "experimental", fix=Set("experimental", UNSET))
