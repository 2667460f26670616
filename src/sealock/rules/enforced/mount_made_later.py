"""Something is mounted that the engine knows nothing of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, given
from sealock.model.enforced import Enforced
from sealock.model.finding import Fault, Severity
from sealock.rules.references import cis_docker, man
from sealock.rules.rule import Rule

_ENGINES: Final = ("/run/secrets", "/dev/", "/proc/", "/sys/", "/sbin/docker-init", "/run/.containerenv")
"""What engines mount by themselves."""


class MountMadeLater(Rule[Enforced]):
    """Something is mounted that the engine knows nothing of.

    It was mounted after the start: by a process with SYS_ADMIN in the container, or from the host through its mount
    namespace. The engine will neither show nor undo it.
    """

    id = "K007"
    severity = Severity.MEDIUM
    references = (cis_docker("5.6"), man("mount_namespaces", 7))
    remedy = "Find who mounted it; start the container anew to be rid of it, without SYS_ADMIN."
    mends = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": null, "privileged": false}, '
            '"effective": {"mounts": [{"kind": "bind", "source": "/etc", "target": "/mnt"}]}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [{"kind": "bind", '
            '"source": "/etc", "target": "/mnt"}]}, '
            '"effective": {"mounts": [{"kind": "bind", "source": "/etc", "target": "/mnt"}]}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[Fault]:
        """Compare the targets; what lies within a mount that is known came along with it."""
        declared, there = enforced.declared.mounts, enforced.effective.mounts
        if declared is UNKNOWN or there is UNKNOWN:
            yield self.undecided("its mounts could not be read")
            return
        known = {mount.target.rstrip("/") for mount in given(declared, ())}
        for mount in given(there, ()):
            target = mount.target.rstrip("/")
            if target in known or target.startswith(_ENGINES) or any(target.startswith(f"{one}/") for one in known):
                continue
            what = (
                f"{mount.source} of the host"
                if mount.source
                else "a file system in memory"
                if mount.kind == "tmpfs"
                else "a file system"
            )
            access = "read-only" if mount.read_only else "for writing"
            yield self.fault(
                f"has {what} mounted {access} at {mount.target}", evidence=f"{mount.source} {mount.target}"
            )
