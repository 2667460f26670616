"""Secrets in the command line and in labels."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.container import Container, Health
from sealock.model.finding import Fault, Severity
from sealock.model.location import At
from sealock.rules.references import cis_docker, cwe, docker_docs
from sealock.rules.rule import Rule
from sealock.rules.secrets import find, find_in_text, redact


def _texts(container: Container) -> Iterator[tuple[str, At, str]]:
    """What to call it, where it stands, and its words as one line."""
    yield "its entry point", ("entrypoint",), " ".join(given(container.entrypoint, ()))
    yield "its command", ("command",), " ".join(given(container.command, ()))
    if isinstance(container.health, Health):
        yield "its health check", ("health",), " ".join(container.health.test)


class SecretInCommand(Rule[Container]):
    """Secret is written into a command or label.

    Commands are shown by `ps`, `docker inspect` and every event log, labels to anybody who can list containers; a
    health check repeats its secret every few seconds. Let the program read a secret file, or a variable that comes from one.
    """

    id = "C049"
    severity = Severity.HIGH
    reads = ("command", "entrypoint", "labels", "health")
    references = (cis_docker("4.10"), cwe(214), cwe(798), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Let the program read it from a secret file, and change it, since it was written down."
    bad = (
        "docker run redis:7.4 redis-server --requirepass kV9-tqz2LmWx",
        "FROM alpine:3.20\nLABEL deploy.token=ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8\n",
        "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n      test: mysqladmin ping -uroot -pkV9tqz2LmWx\n",
    )
    good = (
        "docker run redis:7.4 redis-server /run/secrets/redis.conf",
        "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n      test: mysqladmin ping -p$$ROOT_PASSWORD\n",
    )
    mends = False

    def check(self, container: Container, /) -> Iterator[Fault]:
        """Search each command line, then judge each label by its name and value."""
        for name, at, text in _texts(container):
            for kind, start, end in find_in_text(text):
                shown = redact(text[start:end])
                yield self.fault(f"has {kind} in {name} ({shown})", at, evidence=f"{at[0]} {kind} {shown}")
        for index, label in enumerate(given(container.labels, ())):
            if (found := find(label.name, label.value)) is not None:
                shown = redact(label.value)
                yield self.fault(
                    f"has {found.kind} in the label {label.name} ({shown})",
                    ("labels", index),
                    confidence=found.confidence,
                    evidence=f"{label.name}={shown}",
                )
