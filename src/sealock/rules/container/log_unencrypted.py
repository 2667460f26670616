from __future__ import annotations

from sealock.model.container import Logging
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.ports import everyone

_ADDRESSES = frozenset({"syslog-address", "gelf-address", "fluentd-address", "splunk-url"})


class LogUnencrypted(Rule[Container]):
    """Log is sent over an unencrypted connection.

    Logs contain personal data, addresses, errors and sometimes tokens. Over plain TCP, UDP or HTTP anyone on the path
    can read and forge them. Send logs with TLS (`tcp+tls://`, `tls://`, `https://`), or to a collector on the host.
    """

    id = "C058"
    keywords = ("log", "unencrypted", "logging", "syslog", "remote log")
    severity = Severity.MEDIUM
    reads = ("logging",)
    references = (cis_docker("2.13"), cwe(319), docker_docs("engine/logging/drivers/syslog/"))
    remedy = "Send logs with TLS (tcp+tls://, tls://, https://), or to a collector on 127.0.0.1."
    bad = (
        "docker run --log-driver syslog --log-opt syslog-address=tcp://logs.example.com:514 alpine",
        (
            "services:\n  app:\n    image: acme/app:1\n    logging:\n      driver: gelf\n"
            "      options:\n        gelf-address: udp://10.1.2.3:12201\n"
        ),
    )
    good = (
        "docker run --log-driver syslog --log-opt syslog-address=tcp+tls://logs.example.com:6514 alpine",
        "docker run --log-driver fluentd --log-opt fluentd-address=localhost:24224 alpine",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if not isinstance(container.logging, Logging):
            return
        for name, value in container.logging.options:
            scheme, separator, rest = value.partition("://")
            if name not in _ADDRESSES:
                if name in {"splunk-insecureskipverify", "syslog-tls-skip-verify"} and value == "true":
                    yield self.finding(
                        f"sends its log without verifying the server's certificate ({name})", "logging", evidence=name
                    )
                continue
            host = rest if separator else value
            plain = scheme in {"tcp", "udp", "http"} or (not separator and name == "fluentd-address")
            if plain and everyone(host.rpartition(":")[0] or host):
                yield self.finding(
                    f"sends its log to {value} without encryption", "logging", evidence=f"{name}={value}"
                )
