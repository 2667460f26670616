"""Experimental features are on."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.model.daemon import Daemon
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.references import cis_docker
from sealock.rules.rule import Rule


class Experimental(Rule[Daemon]):
    """Experimental features are on.

    They change and vanish without notice, and have been looked at less. On a machine that others depend on they are a
    risk without need.
    """

    id = "E017"
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
        """Off is the default."""
        if daemon.experimental is True:
            yield self.finding("offers experimental features", "experimental", fix=Set("experimental", UNSET))
