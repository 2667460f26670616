from __future__ import annotations

from sealock.model.container import Logging
from sealock.rules.kit import (
    UNSET,
    Confidence,
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)


class LogUnset(Rule[Container]):
    """No log rotation is set.

    Unless the engine's configuration says otherwise, its log driver is json-file, which keeps everything. Set rotation
    for all containers in daemon.json (`log-driver: local`), or for this one.
    """

    id = "C053"
    keywords = ("log rotation", "logging", "max-size")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    pedantic = True
    safe = True
    reads = ("logging",)
    references = (cis_docker("2.13"), cwe(770), docker_docs("engine/logging/configure/"))
    remedy = "Set the driver local, or json-file with max-size and max-file, here or in daemon.json."
    bad = ("docker run alpine", "services:\n  app:\n    image: alpine:3.20\n")
    good = ("docker run --log-driver local alpine", "docker run --log-opt max-size=10m alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.logging is UNSET:
            rotated = Logging("json-file", (("max-size", "10m"), ("max-file", "3")))
            yield self.finding(
                "sets no log rotation, and the engine has none by default",
                "logging",
                fix=Set("logging", rotated),
                evidence="no logging",
            )
