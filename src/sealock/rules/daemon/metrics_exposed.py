from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs


class MetricsExposed(Rule[Daemon]):
    """Metrics endpoint is open to the network.

    They tell the versions, the number of containers and what the engine is doing, to anybody who asks; there is no
    password.
    """

    id = "E019"
    keywords = ("metrics", "metrics-addr")
    severity = Severity.MEDIUM
    reads = ("metrics_addr",)
    references = (cwe(200), docker_docs("engine/daemon/prometheus/"))
    remedy = "Listen on 127.0.0.1, and let the collector run here or come through a tunnel."
    bad = (
        '{"metrics-addr": "0.0.0.0:9323", "icc": false}',
        '{"metrics-addr": ":9323", "icc": false}',
    )
    good = (
        '{"metrics-addr": "127.0.0.1:9323"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        where = daemon.metrics_addr
        if isinstance(where, str) and not where.startswith(("127.", "localhost", "[::1]")):
            here = f"127.0.0.1:{where.rpartition(':')[2]}"
            yield self.finding(
                f"tells its metrics to anybody at {where}", "metrics_addr", fix=Set("metrics_addr", here)
            )
