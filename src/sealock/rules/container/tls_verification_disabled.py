from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cwe, given

_NO = frozenset({"0", "false", "no", "off"})
_YES = frozenset({"1", "true", "yes", "on"})
# Variable: the values that disable verification, and the program that reads it.
_SWITCHES = {
    "NODE_TLS_REJECT_UNAUTHORIZED": (_NO, "Node"),
    "PYTHONHTTPSVERIFY": (_NO, "Python"),
    "GIT_SSL_NO_VERIFY": (_YES, "Git"),
    "NPM_CONFIG_STRICT_SSL": (_NO, "npm"),
    "YARN_STRICT_SSL": (_NO, "Yarn"),
    "PERL_LWP_SSL_VERIFY_HOSTNAME": (_NO, "Perl"),
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": (_YES, "Azure's tools"),
    "PGSSLMODE": (frozenset({"disable", "allow", "prefer"}), "PostgreSQL"),
    "VAULT_SKIP_VERIFY": (_YES, "Vault"),
    "CONSUL_HTTP_SSL_VERIFY": (_NO, "Consul"),
    "DOCKER_TLS_VERIFY": (frozenset({"0", "false", "no"}), "Docker"),
    "AWS_NO_VERIFY_SSL": (_YES, "AWS"),
    "CURL_INSECURE": (_YES, "curl"),
    "SSL_VERIFY": (_NO | {"none"}, "programs that read it"),
    "VERIFY_SSL": (_NO | {"none"}, "programs that read it"),
    "KUBECTL_INSECURE_SKIP_TLS_VERIFY": (_YES, "kubectl"),
}


class TlsVerificationDisabled(Rule[Container]):
    """TLS certificate verification is disabled at run time.

    Without verification anyone between the program and the server can read and change the traffic: the encryption is
    useless. Give the program the CA that signed the server's certificate instead (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE,
    REQUESTS_CA_BUNDLE).
    """

    id = "C069"
    keywords = ("TLS", "certificate", "NODE_TLS_REJECT_UNAUTHORIZED")
    severity = Severity.HIGH
    reads = ("environment",)
    of_runs = True
    references = (cwe(295),)
    remedy = "Remove it, and give the program the CA that signed the certificate (SSL_CERT_FILE and the like)."
    bad = (
        "docker run -e NODE_TLS_REJECT_UNAUTHORIZED=0 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    environment: [GIT_SSL_NO_VERIFY=true]\n",
    )
    good = ("docker run -e NODE_EXTRA_CA_CERTS=/ca.pem alpine", "docker run -e NODE_TLS_REJECT_UNAUTHORIZED=1 alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, variable in enumerate(given(container.environment, ())):
            values, program = _SWITCHES.get(variable.name.upper(), (frozenset(), ""))
            if variable.value is not None and variable.value.lower() in values:
                mild = variable.name.upper() == "PGSSLMODE"
                yield self.finding(
                    f"disables certificate verification in {program} ({variable.name}={variable.value})",
                    ("environment", index),
                    fix=Remove("environment", variable),
                    severity=Severity.LOW if mild else Severity.HIGH,
                )
