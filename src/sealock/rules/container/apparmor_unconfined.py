from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class ApparmorUnconfined(Rule[Container]):
    """AppArmor is disabled.

    Where the host has AppArmor, the engine's default profile keeps containers from mounting file systems and from
    writing to /proc and /sys. Nothing need be set to have it; take `apparmor=unconfined` away. On a host without
    AppArmor the option changes nothing.
    """

    id = "C008"
    keywords = ("AppArmor", "unconfined")
    aliases = ("KSV-0002",)
    severity = Severity.MEDIUM
    reads = ("apparmor",)
    references = (cis_docker("5.2"), cwe(693), docker_docs("engine/security/apparmor/"))
    remedy = "Take apparmor=unconfined away, or name a profile of your own."
    bad = (
        "docker run --security-opt apparmor=unconfined alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['apparmor:unconfined']\n",
    )
    good = ("docker run alpine", "docker run --security-opt apparmor=docker-nginx alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.apparmor == "unconfined":
            yield self.finding("runs outside AppArmor", "apparmor", fix=Set("apparmor", UNSET))
