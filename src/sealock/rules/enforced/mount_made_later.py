from __future__ import annotations

import re
from collections import Counter

from sealock.model.container import Mount
from sealock.rules.enforced._expected import mounts
from sealock.rules.kit import (
    Container,
    Enforced,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    given,
    man,
)

_ENGINES: Final = ("/run/secrets", "/run/configs")
"""What engines mount by themselves, beside what every container has."""
_MOST: Final = 20
"""Mounts that are told one by one."""

_PODMAN: Final = frozenset({"/run", "/run/lock", "/tmp", "/var/log/journal", "/var/tmp"})  # noqa: S108  a container's
"""Where Podman mounts memory by itself in containers that are read-only or run systemd, which it does not tell."""


class MountMadeLater(Rule[Enforced]):
    """Mount that the engine does not know.

    It was mounted after the start: by a process with SYS_ADMIN in the container, or from the host through its mount
    namespace. The engine will neither show nor undo it.
    """

    id = "K007"
    keywords = ("mount",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.6"), man("mount_namespaces", 7))
    remedy = "Find who mounted it; start the container anew to be rid of it, without SYS_ADMIN."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": null, "privileged": false}, '
            '"effective": {"mounts": [{"kind": "bind", "source": "/etc", "target": "/mnt"}]}, "process": {"pid": 7}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [{"kind": "volume", "source": "v", '
            '"target": "/data"}]}, "effective": {"mounts": null}, "process": {"pid": 7, "mounts": ['
            '{"target": "/data", "root": "/v", "kind": "ext4", "source": "/dev/sda", "options": ["rw"]}, '
            '{"target": "/data", "root": "/etc", "kind": "ext4", "source": "/dev/sda", "options": ["rw"]}]}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [], "read_only": true}, "effective": '
            '{"mounts": [{"kind": "tmpfs", "source": null, "target": "/run"}]}, "process": {"pid": 7, '
            '"container_engine": "podman"}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"mounts": [{"kind": "bind", '
            '"source": "/etc", "target": "/mnt"}]}, '
            '"effective": {"mounts": [{"kind": "bind", "source": "/etc", "target": "/mnt"}]}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        views = mounts(enforced)
        if views is None:
            yield self.skip("its mounts could not be read")
            return
        declared, effective = views
        known = {mount.target.rstrip("/") for mount in declared}
        if enforced.process.container_engine == "podman":
            known |= {mount.target for mount in effective if mount.kind == "tmpfs" and mount.target in _PODMAN}
        later = [mount for mount in effective if not _expected(mount, known, enforced.declared)]
        for mount in later[:_MOST]:
            what = (
                f"{mount.source} of the host"
                if mount.source
                else "a file system in memory"
                if mount.kind == "tmpfs"
                else "a file system"
            )
            access = "read-only" if mount.read_only else "for writing"
            yield self.finding(
                f"has {what} mounted {access} at {mount.target}", evidence=f"{mount.source} {mount.target}"
            )
        if len(later) > _MOST:
            yield self.finding(f"has {len(later) - _MOST} more mounts", evidence="more mounts")
        targets = Counter(mount.target.rstrip("/") for mount in given(enforced.process.mounts, ()))
        for target in sorted(name for name in known if targets[name] > 1)[:_MOST]:
            yield self.finding(f"has something mounted over {target}, which hides what belongs there", evidence=target)


def _expected(mount: Mount, known: set[str], declared: Container) -> bool:
    """Whether an engine made the mount, or it came along with one that is known."""
    target = mount.target.rstrip("/")
    if target in known or target.startswith(_ENGINES):
        return True
    if target.startswith("/dev/") and (mount.source or "").startswith("/dev/"):
        # With a user namespace, or without the right to make them, devices are mounted one by one.
        return True
    if (declared.gpus or declared.runtime == "nvidia") and re.search("nvidia|cuda", target):
        return True
    parts = target.split("/")
    return any("/".join(parts[:end]) in known for end in range(2, len(parts)))
