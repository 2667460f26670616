from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cwe, given

_NO = frozenset({"0", "false", "no", "off"})
_YES = frozenset({"1", "true", "yes", "on"})
# Name, the values that switch the check off, and whose check it is.
_SWITCHES = {
    "NODE_TLS_REJECT_UNAUTHORIZED": (_NO, "Node"),
    "PYTHONHTTPSVERIFY": (_NO, "Python"),
    "GIT_SSL_NO_VERIFY": (_YES, "Git"),
    "NPM_CONFIG_STRICT_SSL": (_NO, "npm"),
    "YARN_STRICT_SSL": (_NO, "Yarn"),
    "PGSSLMODE": (frozenset({"disable", "allow", "prefer"}), "PostgreSQL"),
    "VAULT_SKIP_VERIFY": (_YES, "Vault"),
    "CONSUL_HTTP_SSL_VERIFY": (_NO, "Consul"),
    "DOCKER_TLS_VERIFY": (frozenset({"0", "false", "no"}), "Docker"),
    "AWS_NO_VERIFY_SSL": (_YES, "AWS"),
    "CURL_INSECURE": (_YES, "curl"),
    "SSL_VERIFY": (_NO | {"none"}, "the program"),
    "VERIFY_SSL": (_NO | {"none"}, "the program"),
    "KUBECTL_INSECURE_SKIP_TLS_VERIFY": (_YES, "kubectl"),
}


class TlsUnchecked(Rule[Container]):
    """TLS certificate verification is disabled at run time.

    With the check off anybody between the program and the server can read and change what they say to each other: the
    encryption is for show. Give the program the authority that signed the server's certificate
    (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE) instead.
    """

    id = "C069"
    keywords = ("TLS", "certificate", "NODE_TLS_REJECT_UNAUTHORIZED")
    severity = Severity.HIGH
    reads = ("environment", "privileged")
    references = (cwe(295),)
    remedy = (
        "Take it away, and give the program the authority that signed the certificate (SSL_CERT_FILE and the like)."
    )
    bad = (
        "docker run -e NODE_TLS_REJECT_UNAUTHORIZED=0 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    environment: [GIT_SSL_NO_VERIFY=true]\n",
    )
    good = ("docker run -e NODE_EXTRA_CA_CERTS=/ca.pem alpine", "docker run -e NODE_TLS_REJECT_UNAUTHORIZED=1 alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, variable in enumerate(given(container.environment, ())):
            values, whose = _SWITCHES.get(variable.name.upper(), (frozenset(), ""))
            if variable.value is not None and variable.value.lower() in values:
                mild = variable.name.upper() == "PGSSLMODE"
                yield self.finding(
                    f"switches off {whose}'s check of certificates ({variable.name}={variable.value})",
                    ("environment", index),
                    fix=Remove("environment", variable),
                    severity=Severity.LOW if mild else Severity.HIGH,
                )
