from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: alpine:3.20\n"


class SeccompUnconfined(Rule[Container]):
    """seccomp is disabled.

    Docker's default seccomp profile blocks some fifty system calls, including those behind most container escapes.
    Remove `seccomp=unconfined`; if a program needs one more call, use a profile that adds it. Kubernetes applies no
    profile unless the pod asks for one (`seccompProfile: {type: RuntimeDefault}`) or the kubelet runs with
    --seccomp-default, so a manifest without one is reported too, with a lower severity.
    """

    id = "C007"
    keywords = ("seccomp", "unconfined", "seccompProfile", "RuntimeDefault")
    aliases = ("KSV-0030", "KSV-0104", "CKV_K8S_31")
    differs = (("KSV-0030 KSV-0104 CKV_K8S_31", "C001 reports all of a privileged container"),)
    severity = Severity.HIGH
    reads = ("seccomp",)
    references = (cis_docker("5.22"), cwe(693), docker_docs("engine/security/seccomp/"))
    remedy = (
        "Remove seccomp=unconfined (in Kubernetes set seccompProfile: {type: RuntimeDefault}), or name a profile that "
        "allows the calls that the program needs."
    )
    bad = (
        "docker run --security-opt seccomp=unconfined alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['seccomp:unconfined']\n",
        _POD,
    )
    good = (
        "docker run alpine",
        "docker run --security-opt seccomp=profile.json alpine",
        _POD + "    securityContext: {seccompProfile: {type: RuntimeDefault}}\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.seccomp == "unconfined":
            yield self.finding(
                "runs without seccomp, so it can make every system call", "seccomp", fix=Set("seccomp", UNSET)
            )
        elif container.seccomp == "none" and container.privileged is not True:
            yield self.finding(
                "asks for no seccomp profile, and Kubernetes applies none unless the node is set up to",
                "seccomp",
                fix=Set("seccomp", UNSET),
                severity=Severity.LOW,
                evidence="no seccomp profile",
            )
