from __future__ import annotations

from sealock.rules.container._capabilities import TAKEOVER, hold
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given, man


class TakeoverCapability(Rule[Container]):
    """Capability amounts to root on the host (SYS_ADMIN and the like).

    With SYS_ADMIN, SYS_MODULE, SYS_RAWIO, DAC_READ_SEARCH or ALL, root in the container can become root on the host by
    well-known methods; with SYS_PTRACE too, if the container sees the host's processes. Most programs that ask for
    SYS_ADMIN need far less: FUSE a device, a VPN NET_ADMIN, BPF tools BPF and PERFMON. An ordinary user's process holds
    no capability that is added: a setuid program could gain it (medium), and with no-new-privileges nothing can.
    """

    id = "C002"
    keywords = ("capability", "SYS_ADMIN", "CAP_SYS_ADMIN", "cap_add")
    aliases = ("KSV-0005", "CKV_K8S_39")
    severity = Severity.CRITICAL
    reads = ("cap_add",)
    references = (cis_docker("5.4"), cwe(250), man("capabilities", 7))
    remedy = "Remove the capability; add the narrower one that the program needs, if any."
    bad = (
        "docker run --cap-add SYS_ADMIN alpine",
        "docker run --cap-add=all alpine",
        "docker run --pid=host --cap-add SYS_PTRACE alpine",
        "docker run --user 1000 --cap-add SYS_ADMIN alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cap_add:\n      - CAP_SYS_MODULE\n",
    )
    good = (
        "docker run --cap-drop ALL --cap-add NET_BIND_SERVICE alpine",
        "docker run --cap-add SYS_PTRACE alpine",
        "docker run --user 1000 --cap-add SYS_ADMIN --security-opt no-new-privileges alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, name in enumerate(given(container.cap_add, ())):
            reach = TAKEOVER.get(name)
            if name == "SYS_PTRACE" and container.pid == "host":
                reach = "controls every process of the host, since it shares its PID namespace"
            if reach is None:
                continue
            fix = Remove("cap_add", name)
            match hold(container, name):
                case "held":
                    yield self.finding(f"holds {name}: {reach}", ("cap_add", index), fix=fix)
                case "gainable":
                    lacked, gained = ("capability", "them") if name == "ALL" else (name, "it")
                    message = (
                        f"holds no {lacked} as an ordinary user, but a setuid program could gain {gained}: {reach}"
                    )
                    yield self.finding(message, ("cap_add", index), fix=fix, severity=Severity.MEDIUM)
                case "none":
                    pass
