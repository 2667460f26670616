from __future__ import annotations

from sealock.rules.container._texts import command_lines
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cwe, given

_YES = frozenset({"1", "true", "yes", "on", "y"})
_NO = frozenset({"0", "false", "no", "off", "none", "disabled"})
_VARIABLES = {
    "POSTGRES_HOST_AUTH_METHOD": (frozenset({"trust"}), Severity.HIGH),
    "MYSQL_ALLOW_EMPTY_PASSWORD": (_YES, Severity.HIGH),
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": (_YES, Severity.HIGH),
    "ALLOW_EMPTY_PASSWORD": (_YES, Severity.HIGH),
    "ALLOW_ANONYMOUS_LOGIN": (_YES, Severity.MEDIUM),
    "ALLOW_NONE_AUTHENTICATION": (_YES, Severity.HIGH),
    "SURREAL_UNAUTHENTICATED": (_YES, Severity.HIGH),
    "DISABLE_AUTH": (_YES, Severity.HIGH),
    "DISABLE_AUTHENTICATION": (_YES, Severity.HIGH),
    "AUTH_DISABLED": (_YES, Severity.HIGH),
    "NO_AUTH": (_YES, Severity.HIGH),
    "SKIP_AUTH": (_YES, Severity.HIGH),
    "AUTH_ENABLED": (_NO, Severity.HIGH),
    "ENABLE_AUTH": (_NO, Severity.HIGH),
    "ALLOW_PLAINTEXT_LISTENER": (_YES, Severity.MEDIUM),
    "ES_SECURITY_ENABLED": (_NO, Severity.HIGH),
    "XPACK.SECURITY.ENABLED": (_NO, Severity.HIGH),
    "XPACK_SECURITY_ENABLED": (_NO, Severity.HIGH),
    "DISABLE_SECURITY_PLUGIN": (_YES, Severity.HIGH),
    "PLUGINS.SECURITY.DISABLED": (_YES, Severity.HIGH),
    "NEO4J_AUTH": (_NO, Severity.HIGH),
    "NEO4J_DBMS_SECURITY_AUTH__ENABLED": (_NO, Severity.HIGH),
    "GF_AUTH_ANONYMOUS_ENABLED": (_YES, Severity.MEDIUM),
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": (_YES, Severity.MEDIUM),
    "ME_CONFIG_BASICAUTH": (_NO, Severity.MEDIUM),
    "DOCKER_TLS_CERTDIR": (frozenset({""}), Severity.MEDIUM),
    "JUPYTER_TOKEN": (frozenset({""}), Severity.HIGH),
}
_WORDS = (
    ("--protected-mode no", "Redis without protected mode", Severity.HIGH),
    ("--skip-grant-tables", "the database without access control", Severity.HIGH),
    ("--noauth", "the database without authentication", Severity.HIGH),
    ("--no-auth", "a service without authentication", Severity.HIGH),
    ("--disable-auth", "a service without authentication", Severity.HIGH),
    ("--auth none", "a service without authentication", Severity.HIGH),
    ("--auth=none", "a service without authentication", Severity.HIGH),
    ("xpack.security.enabled=false", "Elasticsearch without authentication", Severity.HIGH),
    ("--api.insecure", "Traefik's dashboard without a password", Severity.MEDIUM),
    ("tcp://0.0.0.0:2375", "the Docker API without TLS", Severity.CRITICAL),
    ("NotebookApp.token=", "a notebook without a token", Severity.HIGH),
    ("ServerApp.token=", "a notebook without a token", Severity.HIGH),
    ("IdentityProvider.token=", "a notebook without a token", Severity.HIGH),
    ("NotebookApp.password=", "a notebook without a password", Severity.HIGH),
    ("ServerApp.password=", "a notebook without a password", Severity.HIGH),
    ("--anonymous-auth=true", "an API that accepts anonymous requests", Severity.MEDIUM),
    ("--unauthenticated", "a service without authentication", Severity.HIGH),
    ("--disable-authentication", "a service without authentication", Severity.HIGH),
    ("--web.enable-admin-api", "the administration interface of Prometheus without a password", Severity.MEDIUM),
    ("--insecure-skip-auth", "a service without authentication", Severity.HIGH),
)


def _enabled(line: str, words: str) -> bool:
    """Whether a line that contains an option does not set it to false."""
    rest = line.partition(words)[2]
    if words.endswith("="):
        return rest[:2] in {"", "''", '""'} or rest[:1] in {" ", "'"}
    return not rest.startswith("=false") and (not rest or not (rest[0].isalnum() or rest[0] == "-"))


class NoPassword(Rule[Container]):
    """Service without a password.

    Anyone who reaches it, from a neighbouring container or a published port, can read and change everything; scanners
    find open databases on the Internet within hours. What is handy for a test (`POSTGRES_HOST_AUTH_METHOD=trust`,
    `MYSQL_ALLOW_EMPTY_PASSWORD`, an empty notebook token) stays in the image if a Dockerfile sets it. Set a password
    from a secret file (POSTGRES_PASSWORD_FILE and the like).
    """

    id = "C070"
    keywords = ("password", "authentication", "MYSQL_ALLOW_EMPTY_PASSWORD")
    severity = Severity.HIGH
    reads = ("environment", "command")
    references = (cwe(306), cwe(258))
    remedy = "Remove the setting, and set a password from a secret file."
    bad = (
        "docker run -e POSTGRES_HOST_AUTH_METHOD=trust postgres:16",
        "docker run redis:7.4 redis-server --protected-mode no",
        "docker run --network app alpine jupyter lab --ServerApp.token=''",
        "FROM mysql:8.4\nENV MYSQL_ALLOW_EMPTY_PASSWORD=yes\n",
        "FROM postgres:17\nENV POSTGRES_HOST_AUTH_METHOD=trust\n",
        'FROM jupyter/base-notebook:2024-10-01\nCMD ["start-notebook.sh", "--NotebookApp.token="]\n',
        'FROM redis:7.4\nCMD ["redis-server", "--protected-mode", "no"]\n',
        "services:\n  es:\n    image: elasticsearch:8.15.0\n    environment: ['xpack.security.enabled=false']\n",
        "services:\n  t:\n    image: traefik:v3.1\n    command: --api.insecure=true --providers.docker\n",
    )
    good = (
        "docker run -e POSTGRES_HOST_AUTH_METHOD=scram-sha-256 postgres:16",
        "docker run -e MYSQL_ALLOW_EMPTY_PASSWORD=no mysql:8.4 --api.insecure=false",
        "FROM postgres:17\nENV POSTGRES_HOST_AUTH_METHOD=scram-sha-256 POSTGRES_PASSWORD_FILE=/run/secrets/db\n",
        'FROM redis:7.4\nENV MYSQL_ALLOW_EMPTY_PASSWORD=no\nCMD ["redis-server", "/etc/redis.conf"]\n',
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, variable in enumerate(given(container.environment, ())):
            values, severity = _VARIABLES.get(variable.name.upper(), (frozenset(), self.severity))
            if variable.value is not None and variable.value.strip("\"'").lower() in values:
                yield self.finding(
                    f"accepts connections without a password ({variable.name}={variable.value})",
                    ("environment", index),
                    fix=Remove("environment", variable),
                    severity=severity,
                )
        for _, at, line in command_lines(container):
            for words, what, severity in _WORDS if at[0] != "health" else ():
                if words in line and _enabled(line, words):
                    yield self.finding(f"starts {what} ({words.strip('=')})", at, severity=severity, evidence=words)
