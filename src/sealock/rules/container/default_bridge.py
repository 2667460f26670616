from __future__ import annotations

from sealock.rules.container._networks import on_default_bridge
from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    docker_docs,
)


class DefaultBridge(Rule[Container]):
    """Container uses the default bridge network.

    Every container that names no network lands on docker0, and all of them can reach each other there. Names are not
    resolved on it, so people link or publish what need not be. Make a network for each application:
    `docker network create app`, then `--network app`. One that needs no network at all takes `--network none`.
    """

    id = "C064"
    keywords = ("default bridge", "docker0", "bridge")
    severity = Severity.LOW
    reads = ("network_mode", "networks")
    references = (cis_docker("5.30"), docker_docs("engine/network/drivers/bridge/#use-the-default-bridge-network"))
    remedy = "Make a network for the application (docker network create app) and join it (--network app)."
    bad = (
        "docker run alpine",
        "docker run --network bridge alpine",
        "services:\n  app:\n    image: alpine:3.20\n    network_mode: bridge\n",
    )
    good = (
        "docker run --network app alpine",
        "docker run --net=none alpine",
        "services:\n  a:\n    image: alpine:3.20\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if on_default_bridge(container):
            # A compose service that names none joins its project's own; which one a run line means is not ours to say.
            fix = Set("network_mode", UNSET) if container.auto_remove is UNKNOWN else ()
            yield self.finding(
                "joins docker0, as all do that name no network",
                "network_mode",
                fix=fix,
                evidence="docker0",
            )
