from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class NoAuthorization(Rule[Daemon]):
    """No authorization plugin.

    The engine has no access levels: a user who may list containers may also mount the host's disk. An authorization
    plugin checks every request against your policy.
    """

    id = "E011"
    keywords = ("authorization plugin",)
    severity = Severity.LOW
    reads = ("authorization_plugins",)
    references = (cis_docker("2.12"), docker_docs("engine/extend/plugins_authorization/"))
    remedy = (
        'Name a plugin in "authorization-plugins"; give access to the socket only to people you would trust with root.'
    )
    pedantic = True
    fixable = False
    bad = ('{"icc": false}',)
    good = ('{"authorization-plugins": ["guard"]}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if not daemon.authorization_plugins:
            yield self.finding(
                "accepts every API request without an authorization plugin", evidence="authorization_plugins"
            )
