from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class PublishedAll(Rule[Container]):
    """All exposed ports are published (-P).

    -P publishes every port that the image exposes on random ports of all interfaces. The next version of the image may
    expose more. Publish only the ports you need, on the address where you need them.
    """

    id = "C063"
    keywords = ("published", "publish-all", "-P", "EXPOSE")
    severity = Severity.MEDIUM
    reads = ("publish_all",)
    references = (cis_docker("5.9"), cwe(668), docker_docs("engine/network/port-publishing/#publish-all-ports"))
    remedy = "Publish only the ports that you need: -p 127.0.0.1:8080:80."
    bad = ("docker run -P nginx:1.27", "docker run --publish-all=true redis:7.4")
    good = ("docker run -p 127.0.0.1:8080:80 nginx:1.27", "docker run nginx:1.27")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.publish_all is True:
            yield self.finding(
                "publishes every exposed port on all interfaces of the host",
                "publish_all",
                fix=Set("publish_all", False),
            )
