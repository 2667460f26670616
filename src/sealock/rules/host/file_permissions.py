from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.host._unread import unread
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given

_MAX_MODE: Final = {
    "engine-unit": 0o644,
    "engine-socket-unit": 0o644,
    "containerd-unit": 0o644,
    "config-directory": 0o755,
    "daemon-config": 0o644,
    "engine-defaults": 0o644,
    "containerd-config": 0o644,
    "registry-certificate": 0o444 | 0o200,
    "tls-ca": 0o444 | 0o200,
    "tls-certificate": 0o444 | 0o200,
    "tls-key": 0o400 | 0o200,
    "engine-binary": 0o755,
    "containerd-directory": 0o711,
    "data-root": 0o711,
}
"""The maximum mode for each role; root, the owner, can write anyway."""
_SECRET: Final = frozenset({"tls-key"})


class FilePermissions(Rule[Host]):
    """Wrong ownership or permissions on Docker's files.

    A user who can change a unit, daemon.json or the certificates directory decides what runs as root at the next start;
    one who can read the TLS key can impersonate the engine. Permissions are compared bit by bit.
    """

    id = "H007"
    keywords = ("permissions", "ownership", "owner", "mode")
    severity = Severity.HIGH
    reads = ("files",)
    references = (cis_docker("3.1"), cwe(732))
    remedy = "Make root the owner and restrict the mode; each finding shows the command."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"files": [{"role": "daemon-config", "path": '
            '"/etc/docker/daemon.json", "kind": "file", "mode": 438, "uid": 0, "gid": 0}]}}}'
        ),
        (
            '{"observed": {"host": {"files": [{"role": "tls-key", "path": "/etc/docker/key.pem", "kind": '
            '"file", "mode": 420, "uid": 0, "gid": 0}]}}}'
        ),
        (
            '{"observed": {"host": {"files": [{"role": "engine-unit", "path": '
            '"/lib/systemd/system/docker.service", "kind": "file", "mode": 420, "uid": 1000, "gid": '
            "0}]}}}"
        ),
    )
    good = (
        (
            '{"observed": {"host": {"files": [{"role": "daemon-config", "path": '
            '"/etc/docker/daemon.json", "kind": "file", "mode": 420, "uid": 0, "gid": 0}, {"role": '
            '"tls-key", "path": "/etc/docker/key.pem", "kind": "file", "mode": 256, "uid": 0, "gid": '
            "0}]}}}"
        ),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if path := unread(host, "/etc/docker", "/systemd/system/"):
            yield self.skip(f"{path} could not be read")
        for file in given(host.files, ()):
            allowed = _MAX_MODE.get(file.role)
            if allowed is None:
                continue
            more = file.mode & 0o7777 & ~allowed
            if more:
                what = "written by others" if more & 0o022 else "read by others" if more & 0o044 else "used by others"
                yield self.finding(
                    f"has {file.path} with mode {file.mode:04o}, so it can be {what}",
                    evidence=f"{file.path} mode",
                    remedy=f"Restrict it: `chmod {allowed:04o} {quoted(file.path)}`.",
                    severity=None if more & 0o022 or file.role in _SECRET else Severity.MEDIUM,
                )
            # With userns-remap the engine gives the data directory to the group of the remapped root.
            grouped = file.gid != 0 and (file.role != "data-root" or file.mode & 0o020)
            if file.uid != 0 or grouped:
                # A group without write permission has only the rights that the mode check covers.
                harmless = file.uid == 0 and not file.mode & 0o020 and file.role not in _SECRET
                yield self.finding(
                    f"has {file.path} owned by {file.owner or file.uid}:{file.group or file.gid}",
                    evidence=f"{file.path} owner",
                    remedy=f"Change the owner: `chown root:root {quoted(file.path)}`.",
                    severity=Severity.LOW if harmless else None,
                )
