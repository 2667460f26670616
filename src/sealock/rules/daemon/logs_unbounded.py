from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs, given


class LogsUnbounded(Rule[Daemon]):
    """Container logs without size limit by default.

    json-file, the default, keeps everything until the container is removed: a verbose or attacked container fills the
    disk, and the whole host stops.
    """

    id = "E023"
    keywords = ("logs", "max-size", "log rotation", "log-opts")
    severity = Severity.LOW
    reads = ("log_driver", "log_opts")
    references = (docker_docs("engine/logging/drivers/json-file/"), cwe(770))
    remedy = 'Set "log-opts": {"max-size": "10m", "max-file": "3"}, or the driver "local", which rotates by default.'
    safe = True
    bad = (
        '{"icc": false}',
        '{"log-driver": "json-file", "log-opts": {"max-file": "3"}, "icc": false}',
    )
    good = (
        '{"log-opts": {"max-size": "10m", "max-file": "3"}}',
        '{"log-driver": "local"}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        options = given(daemon.log_opts, ())
        if given(daemon.log_driver, "json-file") == "json-file" and not any(name == "max-size" for name, _ in options):
            fixed = (*options, ("max-size", "10m"), *((("max-file", "3"),) if "max-file" not in dict(options) else ()))
            yield self.finding(
                "never rotates container logs", "log_opts", fix=Set("log_opts", fixed), evidence="max-size"
            )
