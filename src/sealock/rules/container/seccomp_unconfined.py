from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class SeccompUnconfined(Rule[Container]):
    """seccomp is disabled.

    Docker's default seccomp profile blocks some fifty system calls, including those behind most container escapes.
    Remove `seccomp=unconfined`; if a program needs one more call, use a profile that adds it.
    """

    id = "C007"
    keywords = ("seccomp", "unconfined")
    aliases = ("KSV-0030", "KSV-0104", "CKV_K8S_31")
    severity = Severity.HIGH
    reads = ("seccomp",)
    references = (cis_docker("5.22"), cwe(693), docker_docs("engine/security/seccomp/"))
    remedy = "Remove seccomp=unconfined, or name a profile that allows the calls that the program needs."
    bad = (
        "docker run --security-opt seccomp=unconfined alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['seccomp:unconfined']\n",
    )
    good = ("docker run alpine", "docker run --security-opt seccomp=profile.json alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.seccomp == "unconfined":
            yield self.finding(
                "runs without seccomp, so it can make every system call", "seccomp", fix=Set("seccomp", UNSET)
            )
