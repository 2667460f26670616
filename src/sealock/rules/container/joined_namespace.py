from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs

_FIELDS = {
    "pid": (Severity.MEDIUM, "sees, signals and looks into the processes of"),
    "ipc": (Severity.LOW, "reads and writes the shared memory of"),
    "network_mode": (Severity.INFO, "shares addresses, ports and loopback services with"),
}


class JoinedNamespace(Rule[Container]):
    """Container joins another container's namespace.

    The two are one as far as that namespace goes: what gets into one of them is in the other. A shared process
    namespace opens /proc/PID/root, so the other's files too. Sidecars that route traffic (a VPN) are made of a shared
    network on purpose; for all else a common network or volume does.
    """

    id = "C024"
    keywords = ("namespace", "container:")
    severity = Severity.LOW
    reads = ("pid", "ipc", "network_mode")
    references = (cwe(653), docker_docs("engine/containers/run/#pid-settings---pid"))
    remedy = "Let both join a network or share a volume instead of a namespace."
    bad = (
        "docker run --pid container:db alpine",
        "docker run --network container:vpn alpine",
        "services:\n  a:\n    image: alpine:3.20\n  b:\n    image: alpine:3.20\n    ipc: service:a\n",
    )
    good = ("docker run --network app alpine", "docker run --ipc private alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for field, (severity, reach) in _FIELDS.items():
            mode = getattr(container, field)
            kind, colon, other = mode.partition(":") if isinstance(mode, str) else ("", "", "")
            if colon and kind in {"container", "service"}:
                yield self.finding(f"{reach} {kind} {other}", field, fix=Set(field, UNSET), severity=severity)
