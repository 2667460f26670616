from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs


class MetricsExposed(Rule[Daemon]):
    """Metrics endpoint is open to the network.

    The metrics show versions, the number of containers and the engine's activity to anyone; there is no password.
    """

    id = "E019"
    keywords = ("metrics", "metrics-addr")
    severity = Severity.MEDIUM
    reads = ("metrics_addr",)
    references = (cwe(200), docker_docs("engine/daemon/prometheus/"))
    remedy = "Listen on 127.0.0.1, and run the collector on this host or connect it through a tunnel."
    bad = (
        '{"metrics-addr": "0.0.0.0:9323", "icc": false}',
        '{"metrics-addr": ":9323", "icc": false}',
    )
    good = (
        '{"metrics-addr": "127.0.0.1:9323"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        address = daemon.metrics_addr
        if isinstance(address, str) and not address.startswith(("127.", "localhost", "[::1]")):
            local = f"127.0.0.1:{address.rpartition(':')[2]}"
            yield self.finding(
                f"serves its metrics without authentication at {address}",
                "metrics_addr",
                fix=Set("metrics_addr", local),
            )
