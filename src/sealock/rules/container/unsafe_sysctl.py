from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cwe, docker_docs, given

_NAMESPACED = ("kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.", "net.")
_ALSO = frozenset({"kernel.hostname", "kernel.domainname", "kernel.sem"})
# Network settings: the last part of the name, the unsafe values, and their effect.
_LOOSE = (
    ("rp_filter", {"0", "2"}, "accepts packets from forged addresses", Severity.LOW),
    ("accept_source_route", {"1"}, "lets senders choose the route (source routing)", Severity.MEDIUM),
    ("accept_redirects", {"1"}, "lets neighbours change its routes", Severity.MEDIUM),
    ("secure_redirects", {"0"}, "lets neighbours change its routes", Severity.LOW),
    ("send_redirects", {"1"}, "makes neighbours change their routes", Severity.LOW),
    ("tcp_syncookies", {"0"}, "disables the protection against SYN floods", Severity.MEDIUM),
    ("route_localnet", {"1"}, "lets neighbours reach its loopback address", Severity.MEDIUM),
    ("proxy_arp", {"1"}, "answers for its neighbours' addresses", Severity.MEDIUM),
    ("ip_forward", {"1"}, "forwards packets between its networks", Severity.LOW),
    ("forwarding", {"1"}, "forwards packets between its networks", Severity.LOW),
    ("icmp_echo_ignore_broadcasts", {"0"}, "can be made to amplify floods", Severity.LOW),
)


class UnsafeSysctl(Rule[Container]):
    """Unsafe sysctl.

    Parameters outside the container's namespaces (vm.*, most of kernel.*) apply to the host, and the engine refuses
    them unless the container shares or controls the host; set them on the host. Others weaken the container's own
    network: source routes, redirects and forwarding connect networks that were separate. A router or VPN needs
    forwarding.
    """

    id = "C050"
    keywords = ("sysctl", "kernel parameter")
    aliases = ("KSV-0026",)
    severity = Severity.MEDIUM
    reads = ("sysctls",)
    references = (cwe(16), docker_docs("reference/cli/docker/container/run/#sysctl"))
    remedy = "Remove the parameter, or set it on the host if it applies to the host."
    bad = (
        "services:\n  app:\n    image: alpine:3.20\n    sysctls: ['kernel.core_pattern=/tmp/x']\n",
        "docker run --sysctl net.ipv4.ip_forward=1 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    sysctls:\n      net.ipv4.conf.all.accept_redirects: 1\n",
    )
    good = (
        "docker run --sysctl net.core.somaxconn=1024 --sysctl net.ipv4.ip_unprivileged_port_start=0 alpine",
        "docker run --sysctl kernel.shmmax=1073741824 alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, sysctl in enumerate(given(container.sysctls, ())):
            name, value = sysctl.name.replace("/", "."), sysctl.value.strip()
            if not name.startswith(_NAMESPACED) and name not in _ALSO:
                why, severity = "it applies to the whole host", Severity.HIGH
            else:
                fits = (
                    (what, bad) for end, loose, what, bad in _LOOSE if name.rpartition(".")[2] == end and value in loose
                )
                why, severity = next(fits, ("", Severity.LOW))
            if why:
                yield self.finding(
                    f"sets {name}={value}: {why}",
                    ("sysctls", index),
                    fix=Remove("sysctls", sysctl),
                    severity=severity,
                )
