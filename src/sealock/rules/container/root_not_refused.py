from __future__ import annotations

from sealock.model.imagename import default_user
from sealock.rules.container._pods import pod
from sealock.rules.kit import UNKNOWN, UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, given, page


class RootNotRefused(Rule[Container]):
    """Nothing keeps the container from running as root (runAsNonRoot).

    Without a user in the manifest the image decides, and the next version of the image may decide differently. With
    `runAsNonRoot: true` the kubelet refuses to start a container as root, so a change of the image cannot make it root.
    """

    id = "C091"
    keywords = ("runAsNonRoot", "root")
    aliases = ("KSV-0012", "CKV_K8S_23")
    differs = (
        (
            "KSV-0012 CKV_K8S_23",
            "an ordinary user in runAsUser is enough; C046 knows images that run as one, or drop root themselves",
        ),
    )
    severity = Severity.LOW
    reads = ("root_refused", "user")
    references = (
        cwe(250),
        page(
            "Kubernetes documentation, security context",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        ),
    )
    remedy = "Set runAsNonRoot: true, and runAsUser where the image has no ordinary user by number."
    bad = (pod(), pod("securityContext: {runAsNonRoot: false}"))
    good = (
        pod("securityContext: {runAsNonRoot: true}"),
        pod(container="securityContext: {runAsUser: 10001}"),
        "docker run app:1",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.root_refused is not False or container.user is not UNSET or container.userns == "private":
            return
        # Whether the user of a known image is sound is C046's matter.
        if default_user(given(container.image, "")) is UNKNOWN:
            yield self.finding(
                "runs as the user that the image names, which may be root",
                "root_refused",
                fix=Set("root_refused", True),
                evidence="root not refused",
            )
