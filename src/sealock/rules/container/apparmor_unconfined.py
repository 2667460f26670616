from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class ApparmorUnconfined(Rule[Container]):
    """AppArmor is disabled.

    On a host with AppArmor, the engine's default profile stops containers from mounting file systems and from writing
    to /proc and /sys. It applies without any setting, so remove `apparmor=unconfined`. On a host without AppArmor the
    option changes nothing.
    """

    id = "C008"
    keywords = ("AppArmor", "unconfined")
    aliases = ("KSV-0002",)
    severity = Severity.MEDIUM
    reads = ("apparmor",)
    references = (cis_docker("5.2"), cwe(693), docker_docs("engine/security/apparmor/"))
    remedy = "Remove apparmor=unconfined (in Kubernetes appArmorProfile), or name a profile of your own."
    bad = (
        "docker run --security-opt apparmor=unconfined alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['apparmor:unconfined']\n",
    )
    good = ("docker run alpine", "docker run --security-opt apparmor=docker-nginx alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.apparmor == "unconfined":
            yield self.finding("runs without an AppArmor profile", "apparmor", fix=Set("apparmor", UNSET))
