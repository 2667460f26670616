from __future__ import annotations

from sealock.rules.kit import Daemon, Final, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given

_OWN: Final = ("http://127.", "http://localhost", "http://[::1]")


class MirrorPlainHttp(Rule[Daemon]):
    """Registry mirror over plain HTTP.

    The engine asks its mirrors first. Over HTTP anybody on the way can answer with an image of their own for every
    tag that is pulled; a digest would tell, a tag does not.
    """

    id = "E005"
    keywords = ("mirror", "plain HTTP", "registry mirror", "HTTP")
    severity = Severity.MEDIUM
    reads = ("registry_mirrors",)
    references = (cwe(319), docker_docs("docker-hub/image-library/mirror/"))
    remedy = "Serve the mirror over HTTPS, and write its address with https://."
    fixable = False
    bad = ('{"registry-mirrors": ["http://mirror.example.net:5000"]}',)
    good = (
        '{"registry-mirrors": ["https://mirror.example.net"]}',
        '{"registry-mirrors": ["http://127.0.0.1:5000"]}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, one in enumerate(given(daemon.registry_mirrors, ())):
            if one.startswith("http://") and not one.startswith(_OWN):
                yield self.finding(f"asks the mirror {one} first", ("registry_mirrors", index))
