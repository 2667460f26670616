from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given

_MINIMUM: Final = {
    "kernel.unprivileged_bpf_disabled": (1, "every user can load BPF programs into the kernel"),
    "kernel.kptr_restrict": (1, "every user sees kernel addresses"),
    "kernel.dmesg_restrict": (1, "every user can read the kernel log"),
    "kernel.yama.ptrace_scope": (1, "a process can read the memory of the same user's other processes"),
    "fs.protected_symlinks": (1, "symlinks in shared directories can mislead privileged programs"),
    "fs.protected_hardlinks": (1, "users can make hard links to other users' files"),
    "net.core.bpf_jit_harden": (1, "the BPF JIT compiler is not hardened"),
}
"""The minimum value, and what a lower one means."""
_NUMBER: Final = compile_lazily(r"-?[0-9]{1,10}")


class KernelSettings(Rule[Host]):
    """Kernel settings expose information to attackers (sysctl).

    Kernel exploits rely on these settings: BPF for every user, kernel addresses, tracing of other processes, links in
    shared directories.
    """

    id = "H013"
    keywords = ("sysctl", "kernel settings", "kernel", "kptr_restrict", "ptrace")
    severity = Severity.LOW
    reads = ("sysctls",)
    references = (cis_docker("1.2.1"), cwe(1188))
    remedy = "Add the lines to /etc/sysctl.d/60-hardening.conf and load them with `sysctl --system`."
    fixable = False
    bad = ('{"observed": {"host": {"sysctls": [["kernel.unprivileged_bpf_disabled", "0"]]}}}',)
    good = (
        (
            '{"observed": {"host": {"sysctls": [["kernel.unprivileged_bpf_disabled", "2"], '
            '["kernel.dmesg_restrict", "1"]]}}}'
        ),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        loose: list[tuple[str, str]] = []
        for name, value in given(host.sysctls, ()):
            least, why = _MINIMUM.get(name, (0, ""))
            if why and _NUMBER.fullmatch(value.strip()) and int(value) < least:
                loose.append((f"{name} = {value.strip()} ({why})", f"{name} = {least}"))
        if loose:
            lines = "; ".join(line for _, line in loose)
            yield self.finding(
                f"has {', '.join(words for words, _ in loose)}",
                evidence="sysctls",
                remedy=f"Add these lines to /etc/sysctl.d/60-hardening.conf: {lines}. `sysctl --system` loads them.",
            )
