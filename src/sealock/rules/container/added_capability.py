from __future__ import annotations

from sealock.rules.container._capabilities import DEFAULT, TAKEOVER, TIERS, hold
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, cwe, given, man


class AddedCapability(Rule[Container]):
    """Capability beyond Docker's default.

    Each capability opens a part of the kernel that Docker closes by default: NET_ADMIN configures the network,
    SYS_PTRACE reads other processes, BPF loads programs into the kernel. Keep it only if the program needs it, and drop
    all others (`cap_drop: [ALL]`), so that the list names exactly what is needed.
    """

    id = "C003"
    keywords = ("capability", "cap_add")
    aliases = ("KSV-0022", "CKV_K8S_25")
    differs = (
        (
            "KSV-0022 CKV_K8S_25",
            "not NET_BIND_SERVICE, nor what an ordinary user cannot hold; C002 has those that reach the host",
        ),
    )
    severity = Severity.HIGH
    reads = ("cap_add",)
    references = (cis_docker("5.4"), cwe(250), man("capabilities", 7))
    remedy = "Remove the capability unless the program's documentation asks for it."
    bad = (
        "docker run --cap-add NET_ADMIN --cap-add SYS_NICE alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cap_add: [SYS_PTRACE]\n",
    )
    good = (
        "docker run --cap-drop ALL --cap-add CHOWN --cap-add CAP_NET_BIND_SERVICE alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cap_drop: [ALL]\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        own_network = container.network_mode != "host"
        for index, name in enumerate(given(container.cap_add, ())):
            if name in DEFAULT or name in TAKEOVER or (name == "SYS_PTRACE" and container.pid == "host"):
                continue
            severity, reach = TIERS.get(name, (Severity.LOW, "a capability that Docker does not grant by default"))
            if name == "NET_ADMIN" and own_network:
                severity = Severity.MEDIUM
            elif name == "NET_ADMIN":
                reach = "changes the host's addresses, routes and firewall rules, since it uses the host's network"
            message = f"holds {name}: {reach}"
            match hold(container, name):
                case "none":
                    continue
                case "gainable":
                    message = f"holds no {name} as an ordinary user, but a setuid program could gain it: {reach}"
                    severity = Severity.LOW
                case "held":
                    pass
            yield self.finding(message, ("cap_add", index), fix=Remove("cap_add", name), severity=severity)
