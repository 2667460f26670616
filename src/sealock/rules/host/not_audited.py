from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, given, man

_ROLES: Final = frozenset({
    "engine-binary", "containerd-directory", "data-root", "config-directory", "engine-unit", "containerd-socket",
    "engine-socket-unit", "engine-socket", "engine-defaults", "daemon-config", "containerd-config",
})  # fmt: skip
"""The files of CIS 1.1.3 to 1.1.18, if they exist."""
_RULES: Final = "/etc/audit/rules.d/docker.rules"
_SAME: Final = (("/lib/", "/usr/lib/"), ("/bin/", "/usr/bin/"), ("/sbin/", "/usr/sbin/"), ("/var/run/", "/run/"))
"""Directories that are symlinks to others on current systems."""


def unwatched(host: Host) -> tuple[str, ...]:
    """Existing files of the engine without an audit rule on them or on a parent directory."""
    watched = {_plain(path) for path in given(host.audited, ())}
    existing = {file.path for file in given(host.files, ()) if file.role in _ROLES}
    return tuple(path for path in sorted(existing) if not watched & set(_above(_plain(path))))


def _plain(path: str) -> str:
    path = path.rstrip("/") or "/"
    return next((f"{new}{path[len(old) :]}" for old, new in _SAME if path.startswith(old)), path)


def _above(path: str) -> Iterator[str]:
    """Yield the path and its parents, except the root."""
    while path:
        yield path
        path = path.rpartition("/")[0]


class NotAudited(Rule[Host]):
    """No audit rules on Docker's files.

    After a break-in the first question is who did what. The kernel's audit log answers it for files with an audit rule:
    the engine's programs, sockets, settings and data.
    """

    id = "H004"
    keywords = ("audit", "auditd")
    severity = Severity.LOW
    reads = ("audited", "files")
    references = (cis_docker("1.1.3"), man("audit.rules", 7))
    remedy = "Add audit rules to /etc/audit/rules.d/docker.rules and load them with `augenrules --load`."
    fixable = False
    bad = (
        (
            '{"observed": {"host": {"audited": ["/etc/docker"], "files": [{"role": "engine-binary", "path": '
            '"/usr/bin/dockerd", "kind": "file", "mode": 493, "uid": 0, "gid": 0}]}}}'
        ),
    )
    good = (
        (
            '{"observed": {"host": {"audited": ["/usr/bin/dockerd", "/etc/docker"], "files": [{"role": '
            '"engine-binary", "path": "/usr/bin/dockerd", "kind": "file", "mode": 493, "uid": 0, "gid": 0}, '
            '{"role": "daemon-config", "path": "/etc/docker/daemon.json", "kind": "file", "mode": 420, "uid": 0, '
            '"gid": 0}]}}}'
        ),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        paths = unwatched(host)
        if paths:
            words = " ".join(quoted(path) for path in paths if not set(list(_above(path))[1:]) & set(paths))
            loop = f'for f in {words}; do echo "-w $f -k docker"; done >>{_RULES}; augenrules --load'
            yield self.finding(
                f"has no audit rule on {', '.join(paths)}",
                evidence="audit rules",
                remedy=f"Add audit rules: `{loop}`.",
            )
