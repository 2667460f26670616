from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given


class EngineOverTcp(Rule[Container]):
    """Docker daemon is used over TCP without TLS.

    DOCKER_HOST=tcp://… without DOCKER_TLS_VERIFY sends commands in the clear and authenticates neither side: any other
    program on that network can control the engine too. Use TLS (port 2376), ssh://, or a socket proxy on an internal
    network that only its client joins.
    """

    id = "C013"
    keywords = ("TCP", "TLS", "Docker daemon", "DOCKER_HOST", "2375")
    severity = Severity.HIGH
    reads = ("environment",)
    references = (cwe(319), docker_docs("engine/security/protect-access/"))
    remedy = "Set DOCKER_TLS_VERIFY=1 with certificates and port 2376, or reach the engine through ssh:// or a proxy."
    bad = (
        "docker run -e DOCKER_HOST=tcp://10.0.0.5:2375 alpine",
        "FROM docker:27-cli\nENV DOCKER_HOST=tcp://docker:2375\n",
        "services:\n  ci:\n    image: docker:27-cli\n    environment:\n      DOCKER_HOST: tcp://dind:2375\n",
    )
    good = (
        "docker run -e DOCKER_HOST=tcp://10.0.0.5:2376 -e DOCKER_TLS_VERIFY=1 alpine",
        "docker run -e DOCKER_HOST=tcp://socket-proxy:2375 alpine",
        "docker run -e DOCKER_HOST=ssh://deploy@host alpine",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        variables = given(container.environment, ())
        if any(variable.name in {"DOCKER_TLS_VERIFY", "DOCKER_TLS"} and variable.value for variable in variables):
            return
        for index, variable in enumerate(variables):
            value = variable.value or ""
            if variable.name != "DOCKER_HOST" or not value.startswith("tcp://"):
                continue
            host = value[6:].rpartition(":")[0] or value[6:]
            if "proxy" in host or host in {"localhost", "127.0.0.1", "[::1]"}:
                continue
            named = "." not in host
            yield self.finding(
                f"controls the engine at {value} without TLS",
                ("environment", index),
                severity=Severity.MEDIUM if named else Severity.HIGH,
            )
