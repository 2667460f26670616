from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker


class LogLevel(Rule[Daemon]):
    """Log level of the daemon is too high or too low.

    At "debug" the log contains the environment of containers and fills the disk; above "info" it lacks what an
    investigation needs: who started, stopped and changed what.
    """

    id = "E002"
    keywords = ("log level", "log-level")
    severity = Severity.LOW
    reads = ("debug",)
    references = (cis_docker("2.3"),)
    remedy = 'Remove "log-level" and "debug"; the default is "info".'
    safe = True
    bad = (
        '{"log-level": "debug", "icc": false}',
        '{"debug": true, "icc": false}',
        '{"log-level": "error", "icc": false}',
    )
    good = (
        '{"log-level": "info"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if isinstance(daemon.log_level, str) and daemon.log_level != "info":
            yield self.finding(f"logs at level {daemon.log_level}", "log_level", fix=Set("log_level", UNSET))
        if daemon.debug is True:
            yield self.finding(
                "runs in debug mode and serves its internal state at /debug", "debug", fix=Set("debug", UNSET)
            )
