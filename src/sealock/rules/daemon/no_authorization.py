from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class NoAuthorization(Rule[Daemon]):
    """No authorization plugin.

    The engine knows no rights: who may list containers may also mount the host's disk. An authorization plugin judges
    every request by a policy of yours.
    """

    id = "E011"
    keywords = ("authorization plugin",)
    severity = Severity.LOW
    reads = ("authorization_plugins",)
    references = (cis_docker("2.12"), docker_docs("engine/extend/plugins_authorization/"))
    remedy = (
        'Name a plugin in "authorization-plugins"; keep the socket to those whom you would trust with '
        "root all the same."
    )
    pedantic = True
    fixable = False
    bad = ('{"icc": false}',)
    good = ('{"authorization-plugins": ["guard"]}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if not daemon.authorization_plugins:
            yield self.finding("asks no plugin before it does what it is told", evidence="authorization_plugins")
