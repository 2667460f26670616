from __future__ import annotations

from sealock.rules.host._commands import shown
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given


class SocketLoose(Rule[Host]):
    """Docker socket is world-accessible.

    Each user and each program here, the ones in containers that see the socket too, can become root through it. It
    belongs to root and the group docker, and to nobody else.
    """

    id = "H009"
    keywords = ("Docker socket", "docker.sock", "socket", "owner", "mode")
    severity = Severity.CRITICAL
    reads = ("files",)
    references = (cis_docker("3.15"), cis_docker("3.23"), cwe(732))
    remedy = "Close it: `chown root:docker` and `chmod 0660` on the socket; in the unit docker.socket: SocketMode=0660."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"files": [{"role": "engine-socket", "path": "/run/docker.sock", '
            '"kind": "socket", "mode": 438, "uid": 0, "gid": 0}]}}}'
        ),
    )
    good = (
        (
            '{"observed": {"host": {"files": [{"role": "engine-socket", "path": "/run/docker.sock", '
            '"kind": "socket", "mode": 432, "uid": 0, "gid": 999, "group": "docker"}]}}}'
        ),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        for one in given(host.files, ()):
            if one.role not in {"engine-socket", "containerd-socket"}:
                continue
            if more := one.mode & 0o7777 & ~0o660:
                # Whoever may write to a socket may connect to it; the other bits let nobody in.
                what = "everybody here is root" if more & 0o002 else "more than a socket needs"
                yield self.finding(
                    f"has {one.path} with mode {one.mode:04o}: {what}",
                    evidence=f"{one.path} mode",
                    severity=None if more & 0o002 else Severity.LOW,
                    remedy=f"Close it: `chmod 0660 {shown(one.path)}`; in the unit docker.socket: SocketMode=0660.",
                )
            if one.uid != 0 or (one.role == "containerd-socket" and one.gid != 0 and one.mode & 0o060):
                yield self.finding(
                    f"has {one.path}, which belongs to {one.owner or one.uid}:{one.group or one.gid}",
                    evidence=f"{one.path} owner",
                    severity=Severity.HIGH,
                    remedy=f"Give it back: `chown root:root {shown(one.path)}`.",
                )
