from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given


class SocketPermissions(Rule[Host]):
    """Docker socket is world-accessible.

    Every user and every program that sees the socket, including those in containers, can become root through it. It
    belongs to root and the group docker only.
    """

    id = "H009"
    keywords = ("Docker socket", "docker.sock", "socket", "owner", "mode")
    severity = Severity.CRITICAL
    reads = ("files",)
    references = (cis_docker("3.15"), cis_docker("3.23"), cwe(732))
    remedy = (
        "Restrict it: `chown root:docker` and `chmod 0660` on the socket; in the unit docker.socket: SocketMode=0660."
    )
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
        for socket in given(host.files, ()):
            if socket.role not in {"engine-socket", "containerd-socket"}:
                continue
            if more := socket.mode & 0o7777 & ~0o660:
                # Write permission on a socket allows connections; the other bits have no effect.
                what = "every user is root" if more & 0o002 else "more permissions than a socket needs"
                yield self.finding(
                    f"has {socket.path} with mode {socket.mode:04o}: {what}",
                    evidence=f"{socket.path} mode",
                    severity=None if more & 0o002 else Severity.LOW,
                    remedy=f"Restrict it: `chmod 0660 {quoted(socket.path)}`; in docker.socket: SocketMode=0660.",
                )
            if socket.uid != 0 or (socket.role == "containerd-socket" and socket.gid != 0 and socket.mode & 0o060):
                yield self.finding(
                    f"has {socket.path} owned by {socket.owner or socket.uid}:{socket.group or socket.gid}",
                    evidence=f"{socket.path} owner",
                    severity=Severity.HIGH,
                    remedy=f"Change the owner: `chown root:root {quoted(socket.path)}`.",
                )
