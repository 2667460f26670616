from __future__ import annotations

from sealock.model.build import Workdir
from sealock.rules.build._ran import unshipped
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_SYSTEM: Final = frozenset({
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/usr/bin",
    "/usr/lib", "/usr/lib64", "/usr/sbin", "/var/run", "/root/.ssh",
})  # fmt: skip
_KERNEL: Final = ("/proc/", "/sys/", "/dev/", "/boot/")


class WorkdirOnSystem(Rule[Build]):
    """WORKDIR is a system directory.

    Files copied or written to a relative path then land among the system files, and can replace them. Under /proc, /sys
    and /dev they are not even stored, because the kernel mounts its file systems there.
    """

    id = "B135"
    keywords = ("WORKDIR", "system directory")
    aliases = ("DS-0030",)
    severity = Severity.MEDIUM
    references = (docker_docs("reference/dockerfile/#workdir"),)
    remedy = "Use a separate directory: /app, /srv/NAME or /opt/NAME."
    bad = ("FROM debian:12\nWORKDIR /etc\nCOPY app.conf .\n", "FROM debian:12\nENV D=/proc\nWORKDIR $D/self\n")
    good = ("FROM debian:12\nWORKDIR /app\n", "FROM debian:12\nWORKDIR /usr/src/app\n", "FROM debian:12\nWORKDIR /\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Workdir):
            if isinstance(instruction.path.value, str):
                path = instruction.path.value.rstrip("/") or "/"
                if path in _SYSTEM or path.startswith(_KERNEL):
                    yield self.finding(
                        f"works in {path}, a system directory",
                        at,
                        place=instruction.path.place,
                        severity=unshipped(build, at, path),
                    )
