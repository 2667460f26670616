from __future__ import annotations

from sealock.rules.container._capabilities import added, dropped
from sealock.rules.container._images import capabilities_needed
from sealock.rules.kit import Add, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class CapabilitiesKept(Rule[Container]):
    """Default capabilities are not dropped.

    Docker gives fourteen capabilities to every container, raw sockets (NET_RAW) and device nodes (MKNOD) among them.
    Hardly any program needs one, and one that runs as an ordinary user can use none. Drop them all, then add back
    what the program's own log asks for. An image that starts as root and changes its user by itself needs SETUID and
    SETGID, and mostly CHOWN and DAC_OVERRIDE.
    """

    id = "C004"
    keywords = ("capabilities", "cap_drop")
    aliases = ("KSV-0003", "CKV_K8S_37")
    severity = Severity.MEDIUM
    reads = ("cap_drop",)
    references = (cis_docker("5.4"), cwe(250), docker_docs("engine/security/#linux-kernel-capabilities"))
    remedy = "Drop all capabilities (cap_drop: [ALL], --cap-drop ALL), and add back the few that it needs."
    bad = (
        "docker run alpine",
        "docker run --cap-drop MKNOD alpine",
        "services:\n  cache:\n    image: redis:7.4\n",
    )
    good = ("docker run --cap-drop=all alpine", "services:\n  app:\n    image: alpine:3.20\n    cap_drop: [ALL]\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        gone = dropped(container)
        if "ALL" in gone or container.privileged is True:
            return
        needed = [name for name in capabilities_needed(container) if name not in added(container) and name not in gone]
        fix = (Add("cap_drop", "ALL"), *(Add("cap_add", name) for name in needed))
        if gone:
            message, severity = "drops some of Docker's default capabilities and keeps the others", Severity.LOW
        else:
            message, severity = "keeps Docker's fourteen default capabilities, NET_RAW among them", Severity.MEDIUM
        yield self.finding(message, "cap_drop", fix=fix, severity=severity, evidence="ALL is not dropped")
