from __future__ import annotations

from sealock.rules.container._capabilities import DEFAULT, added, dropped, hold
from sealock.rules.container._images import capabilities_needed
from sealock.rules.kit import Add, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs, given

_NOT_PROVEN = (
    "Drop all capabilities (cap_drop: [ALL], --cap-drop ALL), and add back the few that the program needs. It is not "
    "known what this image needs: the fix keeps those with which a program changes its user."
)


class CapabilitiesKept(Rule[Container]):
    """Default capabilities are not dropped.

    Docker gives every container fourteen capabilities, including raw sockets (NET_RAW) and device nodes (MKNOD), and
    Podman eleven, without these two and AUDIT_WRITE. Most programs need none of them, and a program that runs as an
    ordinary user cannot use any. Drop them all, then add those that the program turns out to need. An image that starts
    as root and changes its user itself needs SETUID and SETGID, and usually CHOWN and DAC_OVERRIDE. sealock's fix keeps
    what a well-known image needs, and of any other image that may start as root all of these.
    """

    id = "C004"
    keywords = ("capabilities", "cap_drop")
    aliases = ("KSV-0003", "CKV_K8S_37")
    differs = (("KSV-0003 CKV_K8S_37", "C001 reports all of a privileged container"),)
    severity = Severity.MEDIUM
    reads = ("cap_drop",)
    references = (cis_docker("5.4"), cwe(250), docker_docs("engine/security/#linux-kernel-capabilities"))
    remedy = (
        "Drop all capabilities (cap_drop: [ALL], --cap-drop ALL; in Kubernetes capabilities: {drop: [ALL]}), and add "
        "back the few that the program needs."
    )
    bad = (
        "docker run alpine",
        "docker run --cap-drop MKNOD alpine",
        "podman run alpine",
        "services:\n  cache:\n    image: redis:7.4\n",
    )
    good = ("docker run --cap-drop=all alpine", "services:\n  app:\n    image: alpine:3.20\n    cap_drop: [ALL]\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        drops = dropped(container)
        if "ALL" in drops or container.privileged is True:
            return
        needed, proven = capabilities_needed(container)
        added_back = [name for name in needed if name not in added(container) and name not in drops]
        fix = (Add("cap_drop", "ALL"), *(Add("cap_add", name) for name in added_back))
        podman = container.engine == "podman"
        if given(container.cap_drop, ()):
            message = f"keeps some of {'Podman' if podman else 'Docker'}'s default capabilities"
            severity = Severity.LOW
        else:
            what = (
                "Podman's 11 default capabilities" if podman else "Docker's 14 default capabilities, including NET_RAW"
            )
            message, severity = f"keeps {what}", Severity.MEDIUM
        # What an ordinary user is given besides is no default.
        kept = min(DEFAULT - added(container), default="SETUID")
        match hold(container, kept):
            case "none":
                return
            case "gainable":
                message, severity = f"{message}; as an ordinary user only a setuid program could use them", Severity.LOW
            case "held":
                pass
        yield self.finding(
            message,
            "cap_drop",
            fix=fix,
            severity=severity,
            evidence="ALL is not dropped",
            remedy="" if proven else _NOT_PROVEN,
        )
