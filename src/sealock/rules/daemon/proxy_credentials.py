from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given


class ProxyCredentials(Rule[Daemon]):
    """Password in the proxy URL.

    More people can read daemon.json than should know the password, and the engine shows the URL in `docker info` and
    passes it to builds.
    """

    id = "E020"
    keywords = ("password", "proxy", "credentials", "http-proxy")
    severity = Severity.MEDIUM
    reads = ("proxies",)
    references = (cwe(522), docker_docs("engine/daemon/proxy/"))
    remedy = (
        "Let the proxy identify this host by its address or a certificate, or set the password in the service's "
        "environment."
    )
    fixable = False
    conceals = True
    bad = ('{"proxies": {"http-proxy": "http://me:s3cr3t@proxy.example.net:3128"}}',)
    good = (
        '{"proxies": {"http-proxy": "http://proxy.example.net:3128"}}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for name, address in given(daemon.proxies, ()):
            user, at, _ = str(address).partition("://")[2].rpartition("@")
            if at and ":" in user and not user.endswith(":xxxxx"):
                yield self.finding(f"has a password in its {name}", "proxies", evidence=name)
