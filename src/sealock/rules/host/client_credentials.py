from __future__ import annotations

from sealock.rules.host._unread import unread
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given


class ClientCredentials(Rule[Host]):
    """Registry passwords in plain text (config.json).

    The client's configuration contains user names and passwords in base64. Anyone who can read the file, a backup of it
    or a container that mounts the home directory can push images under that name.
    """

    id = "H010"
    keywords = ("config.json", "passwords", "credential helper", "password")
    severity = Severity.HIGH
    reads = ("client_credentials",)
    references = (cwe(522), docker_docs("reference/cli/docker/login/#credential-stores"))
    remedy = 'Configure a credential helper ("credsStore"), run `docker logout`, and change the password.'
    fixable = False
    bad = ('{"observed": {"host": {"client_credentials": ["/root/.docker/config.json"]}}}',)
    good = ('{"observed": {"host": {"client_credentials": null}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if path := unread(host, "/.docker/config.json"):
            yield self.skip(f"{path} could not be read")
        for path in given(host.client_credentials, ()):
            yield self.finding(f"stores registry passwords in {path}", evidence=path)
