from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs

_FIELDS = {
    "pid": (Severity.MEDIUM, "sees and controls the processes of"),
    "ipc": (Severity.LOW, "reads and writes the shared memory of"),
    "network_mode": (Severity.INFO, "shares the network namespace of"),
}


class JoinedNamespace(Rule[Container]):
    """Container joins another container's namespace.

    A shared namespace removes the boundary: an attacker in either container is in the other. A shared PID namespace
    also opens /proc/PID/root, and so the other container's files. A sidecar that routes traffic (a VPN) shares the
    network on purpose; otherwise a common network or volume is enough.
    """

    id = "C024"
    keywords = ("namespace", "container:")
    severity = Severity.LOW
    reads = ("pid", "ipc", "network_mode")
    separate = True
    references = (cwe(653), docker_docs("engine/containers/run/#pid-settings---pid"))
    remedy = "Let both containers join a network or share a volume instead of a namespace."
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
