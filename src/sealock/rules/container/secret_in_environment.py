from __future__ import annotations

from sealock.rules.container._texts import secrets_in_environment
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class SecretInEnvironment(Rule[Container]):
    """Secret in an environment variable.

    Environment variables are shown by `docker inspect`, inherited by every child process and printed by crash reports;
    one in a file is in its repository's history too. Mount secrets as files (`secrets:`, and NAME_FILE where the image
    reads it), or take them from the caller (`-e NAME`, `${NAME}`). What comes from the caller or from an env_file is
    not written here, and not counted.
    """

    id = "C048"
    keywords = ("secret", "environment variable", "environment", "password")
    aliases = ("CKV_K8S_35",)
    severity = Severity.HIGH
    conceals = True
    reads = ("environment", "privileged")
    references = (cis_docker("4.10"), cwe(798), cwe(526), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Take it from a secret file or the caller's environment, and change it, since it was written down."
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
