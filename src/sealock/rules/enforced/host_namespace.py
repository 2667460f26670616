from __future__ import annotations

from sealock.rules.enforced._expected import called
from sealock.rules.kit import UNKNOWN, Enforced, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man

_KINDS: Final = {
    "pid": "its PID namespace",
    "ipc": "its IPC namespace",
    "uts": "its UTS namespace",
    "network_mode": "its network namespace",
    "cgroupns": "its cgroup namespace",
}
"""The fields that an engine declares. Without an own setting, the cgroup namespace depends on the machine."""
_OF_OTHERS: Final[dict[str, str]] = {"mnt": "mount", "pid": "PID", "ipc": "IPC", "uts": "UTS", "net": "network"}
"""The namespaces of processes beside the first, as messages name them."""


class HostNamespace(Rule[Enforced]):
    """Container is in an undeclared host namespace.

    The engine reports a namespace of the container's own, but the kernel shows the host's: of PID 1, or of another
    process or thread that joined it later. It sees and reaches the host's processes, shared memory, network or name.
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
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {"network_mode": "none"}, '
            '"process": {"pid": 7, "namespaces": [{"kind": "net", "inode": 4026532567, "host": false}]}, '
            '"others": [{"pid": 9, "name": "sh", '
            '"namespaces": [{"kind": "net", "inode": 4026531833, "host": true}]}]}]}}'
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
        yield from self._of_others(enforced)
        if unseen:
            yield self.skip(f"whether it is the host's could not be read: {', '.join(unseen)}")

    def _of_others(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        """The processes and threads that are in a namespace of the host where the first process is not."""
        apart = {space.kind for space in given(enforced.process.namespaces, ()) if space.host is False}
        for other in enforced.others:
            spaces = {space.kind for space in given(other.namespaces, ()) if space.host} & apart & set(_OF_OTHERS)
            if spaces:
                words = ", ".join(_OF_OTHERS[kind] for kind in _OF_OTHERS if kind in spaces)
                message = f"contains {called(other)}, which is in namespaces of the host: {words}"
                yield self.finding(message, evidence=f"{other.name} {sorted(spaces)}")
