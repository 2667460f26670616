from __future__ import annotations

from sealock.rules.host._unread import unread
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given


class ClientCredentials(Rule[Host]):
    """Registry passwords in plain text (config.json).

    The client's configuration holds name and password, merely encoded. Whoever reads that file, a backup or a
    container that mounts the home folder can push images in that name.
    """

    id = "H010"
    keywords = ("config.json", "passwords", "credential helper", "password")
    severity = Severity.HIGH
    reads = ("client_credentials",)
    references = (cwe(522), docker_docs("reference/cli/docker/login/#credential-stores"))
    remedy = 'Name a credential helper ("credsStore"), `docker logout`, and change the password.'
    fixable = False
    bad = ('{"observed": {"host": {"client_credentials": ["/root/.docker/config.json"]}}}',)
    good = ('{"observed": {"host": {"client_credentials": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if path := unread(host, "/.docker/config.json"):
            yield self.skip(f"{path} could not be read")
        for held in given(host.client_credentials, ()):
            yield self.finding(f"keeps passwords in {held}", evidence=held)
