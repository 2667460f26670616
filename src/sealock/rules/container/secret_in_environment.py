"""Secrets in the environment."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.finding import Confidence, Fault, Severity
from sealock.rules.references import cis_docker, cwe, docker_docs
from sealock.rules.rule import Rule
from sealock.rules.secrets import find, redact


class SecretInEnvironment(Rule[Container]):
    """Secret is written into the environment.

    Environment variables are shown by `docker inspect`, inherited by every child process and printed by crash reports;
    one in a file is in its repository's history too, and one in an image goes to all who pull it. Mount secrets as
    files (`secrets:`, and NAME_FILE where the image reads it), or take them from the caller (`-e NAME`, `${NAME}`).
    """

    id = "C048"
    severity = Severity.HIGH
    reads = ("environment",)
    references = (cis_docker("4.10"), cwe(798), cwe(526), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Give it as a secret file or from the caller's environment, and change it, since it was written down."
    bad = (
        "docker run -e AWS_SECRET_ACCESS_KEY=q7Rk2pX9vT4mZ8wL1cN6bH3jD5sF0gYaEuIoQxKz alpine",
        "docker run -e DB_URL=postgres://app:Tr0ub4dor-3x@db/app alpine",
        "FROM alpine:3.20\nENV API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0\n",
        "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: kV9-tqz2LmWx\n",
    )
    good = (
        "docker run -e AWS_SECRET_ACCESS_KEY alpine",
        "docker run -e POSTGRES_PASSWORD_FILE=/run/secrets/db -e TOKEN_TTL=3600 alpine",
        "FROM alpine:3.20\nENV API_TOKEN=\n",
    )
    mends = False

    def check(self, container: Container, /) -> Iterator[Fault]:
        """Judge each value by its shape together with its name."""
        for index, variable in enumerate(given(container.environment, ())):
            found = find(variable.name, variable.value) if variable.value else None
            if found is not None and variable.value is not None:
                low = found.confidence is Confidence.LOW
                yield self.fault(
                    f"has {found.kind} in the variable {variable.name} ({redact(variable.value)})",
                    ("environment", index),
                    confidence=found.confidence,
                    severity=Severity.MEDIUM if low else Severity.HIGH,
                    evidence=f"{variable.name}={redact(variable.value)}",
                )
