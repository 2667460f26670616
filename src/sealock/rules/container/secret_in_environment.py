from __future__ import annotations

from sealock.rules.container._texts import secrets_in_environment
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class SecretInEnvironment(Rule[Container]):
    """Secret in an environment variable.

    `docker inspect` shows environment variables, every child process inherits them, and crash reports print them; a
    variable in a file is also in the history of its repository. Mount secrets as files (`secrets:`, and NAME_FILE if
    the image reads it), or take them from the caller (`-e NAME`, `${NAME}`). Values from the caller or from an env_file
    are not reported.
    """

    id = "C048"
    keywords = ("secret", "environment variable", "environment", "password")
    aliases = ("CKV_K8S_35",)
    differs = (("CKV_K8S_35", "a variable from a Secret has no value in the manifest"),)
    severity = Severity.HIGH
    conceals = True
    reads = ("environment",)
    of_runs = True
    references = (cis_docker("4.10"), cwe(798), cwe(526), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Take it from a secret file or the caller's environment, and rotate the secret, since it was written down."
    bad = (
        "docker run -e AWS_SECRET_ACCESS_KEY=q7Rk2pX9vT4mZ8wL1cN6bH3jD5sF0gYaEuIoQxKz alpine",
        "docker run -e DB_URL=postgres://app:Tr0ub4dor-3x@db/app alpine",
        "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: kV9-tqz2LmWx\n",
    )
    good = (
        "docker run -e AWS_SECRET_ACCESS_KEY alpine",
        "docker run -e POSTGRES_PASSWORD_FILE=/run/secrets/db -e TOKEN_TTL=3600 alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        yield from secrets_in_environment(self, container, from_caller=True)
