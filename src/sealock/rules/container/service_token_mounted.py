from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, page


class ServiceTokenMounted(Rule[Container]):
    """Service account token is mounted.

    Kubernetes mounts a token of the pod's service account into each container unless the pod or the account sets
    `automountServiceAccountToken: false`. An attacker who takes over the program can then call the cluster's API with
    that account's rights. Most programs never do: keep the token for those that talk to the API, with an account of
    their own.
    """

    id = "C090"
    keywords = ("service account", "token", "automountServiceAccountToken")
    aliases = ("KSV-0036", "CKV_K8S_38")
    differs = (
        (
            "KSV-0036",
            "knows an account of the same file that refuses the token; one in a projected volume is asked for",
        ),
    )
    severity = Severity.LOW
    reads = ("service_token",)
    references = (
        cwe(522),
        page(
            "Kubernetes documentation, service accounts",
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        ),
    )
    remedy = "Set automountServiceAccountToken: false, unless the program calls the cluster's API."
    bad = (pod(), pod("automountServiceAccountToken: true"))
    good = (pod("automountServiceAccountToken: false"), "docker run app:1")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.service_token is True:
            yield self.finding(
                "gets a token of its service account for the cluster's API",
                "service_token",
                fix=Set("service_token", False),
                evidence="token mounted",
            )
