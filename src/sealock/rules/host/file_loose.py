from __future__ import annotations

from sealock.rules.host._commands import shown
from sealock.rules.host._unread import unread
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given

_MOST: Final = {
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
"""The most that a role's mode may have; the owner, root, can write anyhow."""
_SECRET: Final = frozenset({"tls-key"})


class FileLoose(Rule[Host]):
    """Wrong ownership or permissions on Docker's files.

    Whoever changes a unit, daemon.json or the folder of certificates decides what runs as root at the next start;
    whoever reads the TLS key can speak to the engine in its name. Permissions are compared bit by bit.
    """

    id = "H007"
    keywords = ("permissions", "ownership", "owner", "mode")
    severity = Severity.HIGH
    reads = ("files",)
    references = (cis_docker("3.1"), cwe(732))
    remedy = "Give it back to root and close it: the commands stand with each finding."
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
        for one in given(host.files, ()):
            allowed = _MOST.get(one.role)
            if allowed is None:
                continue
            more = one.mode & 0o7777 & ~allowed
            if more:
                what = "written by others" if more & 0o022 else "read by others" if more & 0o044 else "used by others"
                yield self.finding(
                    f"has {one.path} with mode {one.mode:04o}, so that it can be {what}",
                    evidence=f"{one.path} mode",
                    remedy=f"Close it: `chmod {allowed:04o} {shown(one.path)}`.",
                    severity=None if more & 0o022 or one.role in _SECRET else Severity.MEDIUM,
                )
            # An engine that maps the users of containers gives the folder to the group that their root is mapped to.
            grouped = one.gid != 0 and (one.role != "data-root" or one.mode & 0o020)
            if one.uid != 0 or grouped:
                # A group that may not write can do no more than the mode lets it.
                harmless = one.uid == 0 and not one.mode & 0o020 and one.role not in _SECRET
                yield self.finding(
                    f"has {one.path}, which belongs to {one.owner or one.uid}:{one.group or one.gid}",
                    evidence=f"{one.path} owner",
                    remedy=f"Give it back: `chown root:root {shown(one.path)}`.",
                    severity=Severity.LOW if harmless else None,
                )
