from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Enforced, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man

_KINDS: Final = {
    "pid": "its PID namespace",
    "ipc": "its IPC namespace",
    "uts": "its UTS namespace",
    "network_mode": "its network namespace",
}


class HostNamespace(Rule[Enforced]):
    """Container is in an undeclared host namespace.

    The engine reports a namespace of the container's own, but the kernel shows the host's. The container sees and
    reaches the host's processes, shared memory, network or name.
    """

    id = "K008"
    keywords = ("namespace",)
    severity = Severity.HIGH
    references = (cis_docker("5.10"), man("namespaces", 7))
    remedy = "Restart the container without the host's namespace; if the difference stays, check the runtime."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"pid": null}, '
            '"effective": {"pid": "host"}, "process": {"pid": 7}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {}, '
            '"process": {"pid": 7, "namespaces": [{"kind": "mnt", "inode": 4026531832, "host": true}]}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"pid": "host", "ipc": null}, '
            '"effective": {"pid": "host", "ipc": "private"}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        namespaces = {namespace.kind: namespace.host for namespace in given(enforced.process.namespaces, ())}
        if namespaces.get("mnt"):
            # No engine has an option for that.
            yield self.finding("shares its mount namespace with the host", evidence="mnt", severity=Severity.CRITICAL)
        for field, words in _KINDS.items():
            expected, actual = getattr(enforced.declared, field), getattr(enforced.effective, field)
            joins = isinstance(expected, str) and (expected == "host" or expected.startswith("container:"))
            if actual == "host" and expected is not UNKNOWN and not joins:
                yield self.finding(f"shares {words} with the host", evidence=field)
