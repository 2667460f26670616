from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Enforced, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man

_KINDS: Final = {
    "pid": "its PID namespace",
    "ipc": "its IPC namespace",
    "uts": "its UTS namespace",
    "network_mode": "its network namespace",
    "cgroupns": "its cgroup namespace",
}
"""The fields that an engine declares. Without an own setting, the cgroup namespace depends on the machine."""


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
            '"effective": {"pid": "host", "ipc": "private"}, "process": {"pid": 7, '
            '"namespaces": [{"kind": "mnt", "inode": 4026532567, "host": false}]}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        declared, effective = enforced.declared, enforced.effective
        mount = {namespace.kind: namespace.host for namespace in given(enforced.process.namespaces, ())}.get("mnt")
        unseen = ["its mount namespace"] if mount is None else []
        if mount:
            # No engine has an option for that.
            yield self.finding("shares its mount namespace with the host", evidence="mnt", severity=Severity.CRITICAL)
        for field, words in _KINDS.items():
            expected, actual = getattr(declared, field), getattr(effective, field)
            joins = isinstance(expected, str) and (expected == "host" or expected.startswith("container:"))
            if expected is UNKNOWN or joins or (field == "cgroupns" and expected != "private"):
                continue
            if actual is UNKNOWN:
                unseen.append(words)
            elif actual == "host":
                yield self.finding(f"shares {words} with the host", evidence=field)
        if unseen:
            yield self.skip(f"whether it is the host's could not be read: {', '.join(unseen)}")
