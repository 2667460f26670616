from __future__ import annotations

from sealock.rules.container._images import may_need_setuid
from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, given, man


class NewPrivileges(Rule[Container]):
    """no-new-privileges is not set.

    Without no-new-privileges an ordinary user in the container can become root through a vulnerable setuid program. The
    option stops sudo, su, postfix's helpers and programs with file capabilities, and nothing else: a process that
    starts as root and drops privileges (gosu, su-exec, nginx) works as before. So the fix is safe for Docker Hub's
    official servers, whose start-up is known; for other images, test it.
    """

    id = "C006"
    keywords = ("no-new-privileges", "allowPrivilegeEscalation", "setuid")
    aliases = ("KSV-0001", "CKV_K8S_20")
    differs = (("KSV-0001 CKV_K8S_20", "C001 reports all of a privileged container"),)
    severity = Severity.MEDIUM
    reads = ("no_new_privileges",)
    references = (cis_docker("5.26"), cwe(250), man("prctl", 2))
    remedy = "Set the security option no-new-privileges:true (in Kubernetes allowPrivilegeEscalation: false)."
    bad = (
        "docker run redis:7.4",
        "docker run --security-opt no-new-privileges=false alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt:\n      - no-new-privileges:false\n",
    )
    good = (
        "docker run --security-opt no-new-privileges alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['no-new-privileges:true']\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.no_new_privileges is True or container.privileged is True:
            return
        off = container.no_new_privileges is not UNSET
        yield self.finding(
            "turns no-new-privileges off" if off else "can gain privileges through setuid programs",
            "no_new_privileges",
            fix=Set("no_new_privileges", True),
            safe=not off and not may_need_setuid(given(container.image, ""), container),
            evidence="no-new-privileges is not on",
        )
