from __future__ import annotations

from sealock.rules.container._texts import command_lines, secrets_in, secrets_in_labels
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class SecretInCommand(Rule[Container]):
    """Secret in a command or label.

    `ps`, `docker inspect` and every event log show commands, and anyone who can list containers sees labels; a health
    check repeats its secret every few seconds. Let the program read the secret from a file.
    """

    id = "C049"
    keywords = ("secret", "command", "label")
    severity = Severity.HIGH
    conceals = True
    reads = ("command", "entrypoint", "labels", "health")
    separate = True
    of_runs = True
    references = (cis_docker("4.10"), cwe(214), cwe(798), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Let the program read the secret from a file, and rotate the secret, since it was written down."
    bad = (
        "docker run redis:7.4 redis-server --requirepass kV9-tqz2LmWx",
        "docker run --label deploy.token=ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8 alpine",
        "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n      test: mysqladmin ping -uroot -pkV9tqz2LmWx\n",
    )
    good = (
        "docker run redis:7.4 redis-server /run/secrets/redis.conf",
        "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n      test: mysqladmin ping -p$$ROOT_PASSWORD\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for name, at, line in command_lines(container):
            yield from secrets_in(self, name, at, line)
        yield from secrets_in_labels(self, container)
