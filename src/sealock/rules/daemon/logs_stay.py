from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given


class LogsStay(Rule[Daemon]):
    """Container logs stay on this host (no remote log driver).

    Whoever takes over the machine can change them, and they are gone with the disk. A driver that sends them away
    (journald with forwarding, syslog, fluentd, gelf, a cloud's own) keeps them where the intruder is not.
    """

    id = "E012"
    keywords = ("log driver", "central logging", "syslog")
    severity = Severity.LOW
    reads = ("log_driver",)
    references = (cis_docker("2.13"), docker_docs("engine/logging/configure/"))
    remedy = 'Set "log-driver" to one that sends the logs to another machine.'
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
            kept = "keeps no logs at all" if driver == "none" else f"keeps logs in files of its own ({driver})"
            yield self.finding(kept, "log_driver", evidence=driver)
