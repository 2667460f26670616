from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class LogsLocal(Rule[Daemon]):
    """Container logs stay on this host (no remote log driver).

    An attacker who takes over the host can change the logs, and they are lost with the disk. A driver that sends them
    to another machine (journald with forwarding, syslog, fluentd, gelf, a cloud driver) keeps them out of reach.
    """

    id = "E012"
    keywords = ("log driver", "central logging", "syslog")
    severity = Severity.LOW
    reads = ("log_driver",)
    references = (cis_docker("2.13"), docker_docs("engine/logging/configure/"))
    remedy = 'Set "log-driver" to a driver that sends the logs to another machine.'
    pedantic = True
    fixable = False
    bad = (
        '{"icc": false}',
        '{"log-driver": "json-file"}',
    )
    good = ('{"log-driver": "syslog", "log-opts": {"syslog-address": "tcp+tls://logs.example.net:6514"}}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        driver = given(daemon.log_driver, "json-file")
        if driver in {"json-file", "local", "none"}:
            message = (
                "keeps no logs at all" if driver == "none" else f"keeps container logs only on this host ({driver})"
            )
            yield self.finding(message, "log_driver", evidence=driver)
