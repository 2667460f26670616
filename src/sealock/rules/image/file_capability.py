from __future__ import annotations

from sealock.rules.image._where import origin, place, present, whose
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man

_TAKEOVER: Final = frozenset({
    "all", "cap_sys_admin", "cap_sys_module", "cap_sys_rawio", "cap_dac_read_search", "cap_sys_ptrace", "cap_bpf",
    "cap_sys_boot", "cap_mac_admin", "cap_mac_override", "cap_audit_control", "cap_perfmon",
})  # fmt: skip
"""Where the container is given them too, they lead to the host."""
_ROOT: Final = frozenset({
    "cap_setuid", "cap_setgid", "cap_chown", "cap_dac_override", "cap_fowner", "cap_setfcap", "cap_setpcap",
    "cap_mknod", "cap_sys_chroot", "cap_fsetid", "cap_kill", "cap_net_admin",
})  # fmt: skip
"""Of these an ordinary user makes root within the container, or nearly so; nearly all are in Docker's default set."""


class FileCapability(Rule[Inventory]):
    """Program with file capabilities.

    A file capability is a part of root's power that an ordinary user gains by starting the program. With cap_setuid,
    cap_chown or cap_dac_override that is root within the container; with cap_sys_admin and its like, where the
    container has them, root on the host. A web server that only needs a port below 1024 needs none: Docker lets every
    user bind those. Remove them with setcap -r, or run with no-new-privileges, which makes them void.
    """

    id = "F002"
    keywords = ("file capabilities", "capability", "setcap")
    severity = Severity.LOW
    reads = ("files",)
    references = (cis_docker("4.8"), cwe(250), man("capabilities", 7))
    remedy = (
        "Remove the capabilities (setcap -r FILE) in the instruction that sets them, or run with no-new-privileges."
    )
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "capability", "path": "bin/py", "detail": "cap_setuid=ep"}]}',
        '{"sealock": "1", "files": [{"kind": "capability", "path": "ping", "detail": "cap_net_raw=p"}]}',
        '{"sealock": "1", "files": [{"kind": "capability", "path": "opt/agent", "detail": "all=eip"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "capability", "path": "bin/x", "detail": "cap_kill=i"}]}',
        '{"sealock": "1", "files": [{"kind": "capability", "path": "x", "detail": "all=ep", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        for fact in present(image, "capability"):
            gained = _gained(fact.detail)
            if not gained:
                continue
            severity = _severity(gained)
            if fact.owner and severity > Severity.LOW:
                severity = Severity(severity - 1)
            yield self.finding(
                f"holds /{fact.path}{whose(fact)} with {fact.detail}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path}",
                severity=severity,
            )


def _gained(detail: str) -> frozenset[str]:
    """The capabilities that every caller gains; inheritable ones by themselves give nothing. "?" is unreadable."""
    if detail.startswith("not understood"):
        return frozenset({"?"})
    names: set[str] = set()
    for clause in detail.split(" "):
        capabilities, equals, letters = clause.partition("=")
        if equals and ("p" in letters or "e" in letters) and not clause.startswith("[rootid"):
            names.update(capabilities.split(","))
    return frozenset(names)


def _severity(gained: frozenset[str]) -> Severity:
    if not gained.isdisjoint(_TAKEOVER):
        return Severity.HIGH
    if not gained.isdisjoint(_ROOT) or "?" in gained:
        return Severity.MEDIUM
    return Severity.INFO if gained == {"cap_net_bind_service"} else Severity.LOW
