from __future__ import annotations

from sealock.rules.kit import Daemon, Final, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given

_OWN: Final = ("http://127.", "http://localhost", "http://[::1]")


class MirrorPlainHttp(Rule[Daemon]):
    """Registry mirror over plain HTTP.

    The engine asks its mirrors first. Over HTTP anyone on the path can replace every image that is pulled by tag; a
    digest would reveal it.
    """

    id = "E005"
    keywords = ("mirror", "plain HTTP", "registry mirror", "HTTP")
    severity = Severity.MEDIUM
    reads = ("registry_mirrors",)
    references = (cwe(319), docker_docs("docker-hub/image-library/mirror/"))
    remedy = "Serve the mirror over HTTPS, and use https:// in its address."
    fixable = False
    bad = ('{"registry-mirrors": ["http://mirror.example.net:5000"]}',)
    good = (
        '{"registry-mirrors": ["https://mirror.example.net"]}',
        '{"registry-mirrors": ["http://127.0.0.1:5000"]}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, mirror in enumerate(given(daemon.registry_mirrors, ())):
            if mirror.startswith("http://") and not mirror.startswith(_OWN):
                yield self.finding(f"pulls from the mirror {mirror} over plain HTTP", ("registry_mirrors", index))
