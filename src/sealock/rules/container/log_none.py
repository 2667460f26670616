from __future__ import annotations

from sealock.model.container import Logging
from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class LogNone(Rule[Container]):
    """Logging is disabled.

    The driver `none` discards everything that the program prints: after an incident there is no record, and `docker
    logs` shows nothing. If the log is too large, rotate it (driver `local`, or `max-size`).
    """

    id = "C051"
    keywords = ("logging", "log driver")
    severity = Severity.LOW
    reads = ("logging",)
    references = (cis_docker("2.13"), cwe(778), docker_docs("engine/logging/configure/"))
    remedy = "Use the driver local, which rotates by default."
    bad = (
        "docker run --log-driver none alpine",
        "services:\n  app:\n    image: alpine:3.20\n    logging:\n      driver: none\n",
    )
    good = ("docker run --log-driver local alpine", "docker run --log-driver=journald alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if isinstance(container.logging, Logging) and container.logging.driver == "none":
            yield self.finding("discards its log (driver none)", "logging", fix=Set("logging", UNSET))
