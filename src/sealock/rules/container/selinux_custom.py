from __future__ import annotations

from sealock.rules.container._pods import pod
from sealock.rules.kit import Container, Final, Iterator, Remove, Rule, RuleFinding, Severity, cwe, given, page

_OF_CONTAINERS: Final = frozenset({"container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_ELSEWHERE: Final = frozenset({"spc_t", "unconfined_t"})
"""Types that C009 reports."""


class SelinuxCustom(Rule[Container]):
    """SELinux label differs from that of containers.

    What a custom type, user or role allows stands in a policy of the host that this file does not show. The Pod
    Security Standard "baseline" admits only the types of containers. A type that was made for this program, such as
    udica makes, is sound.
    """

    id = "C095"
    keywords = ("SELinux", "seLinuxOptions", "label")
    aliases = ("KSV-0025",)
    severity = Severity.INFO
    pedantic = True
    reads = ("selinux",)
    references = (
        cwe(693),
        page(
            "Kubernetes documentation, Pod Security Standards",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        ),
    )
    remedy = "Leave the option out, unless a policy was written for this program."
    bad = (
        "docker run --security-opt label=user:system_u alpine",
        pod("securityContext: {seLinuxOptions: {type: my_t}}"),
    )
    good = ("docker run --security-opt label=level:s0:c100,c200 alpine", "docker run alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, option in enumerate(given(container.selinux, ())):
            key, _, value = option.partition(":")
            custom = key == "type" and value not in _OF_CONTAINERS | _ELSEWHERE
            if value and (custom or key in {"user", "role"}):
                yield self.finding(
                    f"runs with the SELinux {key} {value}", ("selinux", index), fix=Remove("selinux", option)
                )
