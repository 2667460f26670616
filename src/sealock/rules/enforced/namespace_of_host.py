from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Enforced, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man

_KINDS: Final = {
    "pid": "its view of processes",
    "ipc": "its shared memory and semaphores",
    "uts": "its host name",
    "network_mode": "its network",
}


class NamespaceOfHost(Rule[Enforced]):
    """Container is in an undeclared host namespace.

    The engine says that it has its own, and the kernel shows the host's. What it sees and can reach is then the host's:
    its processes, its shared memory, its network, its name.
    """

    id = "K008"
    keywords = ("namespace",)
    severity = Severity.HIGH
    references = (cis_docker("5.10"), man("namespaces", 7))
    remedy = (
        "Start the container anew without that namespace of the host, and look at the runtime where the "
        "difference stays."
    )
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
        spaces = {one.kind: one.host for one in given(enforced.process.namespaces, ())}
        if spaces.get("mnt"):
            # No option of any engine asks for that.
            yield self.finding("sees the files of the host as they are", evidence="mnt", severity=Severity.CRITICAL)
        for field, words in _KINDS.items():
            asked, there = getattr(enforced.declared, field), getattr(enforced.effective, field)
            joins = isinstance(asked, str) and (asked == "host" or asked.startswith("container:"))
            if there == "host" and asked is not UNKNOWN and not joins:
                yield self.finding(f"shares {words} with the host", evidence=field)
