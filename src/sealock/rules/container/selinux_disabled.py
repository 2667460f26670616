from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given, man


class SelinuxDisabled(Rule[Container]):
    """SELinux separation is disabled or weakened.

    On a host with SELinux, the container's label denies it files of the host and of other containers, even as root.
    `label=disable` and the type spc_t turn that off. If the container may not read a mounted directory, add `:z` or
    `:Z` to the mount. On a host without SELinux the option changes nothing.
    """

    id = "C009"
    keywords = ("SELinux", "label")
    aliases = ("KSV-0025",)
    severity = Severity.MEDIUM
    reads = ("selinux",)
    references = (cis_docker("5.3"), cwe(693), man("selinux", 8))
    remedy = (
        "Remove the label option (in Kubernetes seLinuxOptions), and relabel mounted directories with :z (shared) or "
        ":Z (private)."
    )
    bad = (
        "docker run --security-opt label=disable alpine",
        "docker run --security-opt label:type:spc_t alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['label:disable']\n",
    )
    good = ("docker run alpine", "docker run --security-opt label=type:svirt_apache_t alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, option in enumerate(given(container.selinux, ())):
            if option == "disable" or option in {"type:spc_t", "type:unconfined_t"}:
                yield self.finding(
                    f"runs without SELinux confinement ({option})", ("selinux", index), fix=Remove("selinux", option)
                )
