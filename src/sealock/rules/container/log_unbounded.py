from __future__ import annotations

from sealock.model.container import Logging
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs

_ROTATION = (("max-size", "10m"), ("max-file", "3"))


class LogUnbounded(Rule[Container]):
    """Log file without size limit.

    Without `max-size` the driver json-file never deletes anything, and fills the host's disk sooner or later.
    `max-size` and `max-file` change only how much of the past is kept.
    """

    id = "C052"
    keywords = ("log", "max-size", "rotation")
    severity = Severity.LOW
    safe = True
    reads = ("logging",)
    references = (cis_docker("2.13"), cwe(770), docker_docs("engine/logging/drivers/json-file/"))
    remedy = "Set max-size and max-file, or use the driver local."
    bad = (
        "docker run --log-driver json-file alpine",
        "services:\n  app:\n    image: a:1\n    logging: {driver: json-file, options: {max-file: '3'}}\n",
    )
    good = (
        "docker run --log-driver json-file --log-opt max-size=10m alpine",
        "services:\n  app:\n    image: alpine:3.20\n    logging: {driver: local}\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        log = container.logging
        if isinstance(log, Logging) and log.driver == "json-file" and "max-size" not in dict(log.options):
            kept = tuple(option for option in log.options if option[0] != "max-file")
            fix = Set("logging", Logging(log.driver, (*kept, *_ROTATION)))
            yield self.finding("writes its log to a file that grows without limit", "logging", fix=fix)
