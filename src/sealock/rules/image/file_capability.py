from __future__ import annotations

from sealock.rules.image._where import origin, place, present, whose
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man

_TAKEOVER: Final = frozenset({
    "all", "cap_sys_admin", "cap_sys_module", "cap_sys_rawio", "cap_dac_read_search", "cap_sys_ptrace", "cap_bpf",
    "cap_sys_boot", "cap_mac_admin", "cap_mac_override", "cap_audit_control", "cap_perfmon",
})  # fmt: skip
"""Capabilities that lead to the host if the container has them."""
_ROOT: Final = frozenset({
    "cap_setuid", "cap_setgid", "cap_chown", "cap_dac_override", "cap_fowner", "cap_setfcap", "cap_setpcap",
    "cap_mknod", "cap_sys_chroot", "cap_fsetid", "cap_kill", "cap_net_admin",
})  # fmt: skip
"""Capabilities that lead to root in the container, or nearly so; most are in Docker's default set."""


class FileCapability(Rule[Inventory]):
    """Program with file capabilities.

    A file capability gives an ordinary user a part of root's power when they start the program. cap_setuid, cap_chown
    or cap_dac_override make root in the container; cap_sys_admin and similar ones, if the container has them, root on
    the host. A web server needs none for a port below 1024: Docker lets every user bind those. Remove capabilities with
    setcap -r, or run with no-new-privileges, which disables them.
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
                f"contains /{fact.path}{whose(fact)} with {fact.detail}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path}",
                severity=severity,
            )


def _gained(detail: str) -> frozenset[str]:
    """The capabilities that any user gains; merely inheritable ones give nothing. "?" stands for unreadable ones."""
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
