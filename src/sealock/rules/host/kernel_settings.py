from __future__ import annotations

from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given

_WANTED: Final = {
    "kernel.unprivileged_bpf_disabled": (1, "every user may load programs into the kernel"),
    "kernel.kptr_restrict": (1, "every user sees addresses of the kernel"),
    "kernel.dmesg_restrict": (1, "every user reads the kernel's log"),
    "kernel.yama.ptrace_scope": (1, "a program may read the memory of every other of the same user"),
    "fs.protected_symlinks": (1, "links in shared folders mislead privileged programs"),
    "fs.protected_hardlinks": (1, "hard links to files of others can be made"),
    "net.core.bpf_jit_harden": (1, "programs in the kernel's compiler are not hardened"),
}
"""The least value, and what a lower one means."""


class KernelSettings(Rule[Host]):
    """Kernel settings expose information to attackers (sysctl).

    These settings open doors that holes in the kernel were used through: BPF for everybody, addresses of the kernel,
    tracing of other processes, links in shared folders.
    """

    id = "H013"
    keywords = ("sysctl", "kernel settings", "kernel", "kptr_restrict", "ptrace")
    severity = Severity.LOW
    reads = ("sysctls",)
    references = (cis_docker("1.2.1"), cwe(1188))
    remedy = "Put the lines into /etc/sysctl.d/60-hardening.conf and load them with `sysctl --system`."
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
            least, why = _WANTED.get(name, (0, ""))
            if why and value.strip().lstrip("-").isdigit() and int(value) < least:
                loose.append((f"{name} = {value.strip()} ({why})", f"{name} = {least}"))
        if loose:
            lines = "; ".join(line for _, line in loose)
            yield self.finding(
                f"has {', '.join(words for words, _ in loose)}",
                evidence="sysctls",
                remedy=f"Put these lines into /etc/sysctl.d/60-hardening.conf: {lines}. `sysctl --system` loads them.",
            )
