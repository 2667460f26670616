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
"""What engines mount themselves, in addition to the usual mounts."""
_MAX_REPORTED: Final = 20
"""Mounts that are reported one by one."""

_PODMAN: Final = frozenset({"/run", "/run/lock", "/tmp", "/var/log/journal", "/var/tmp"})  # noqa: S108  a container's
"""Where Podman mounts tmpfs in read-only or systemd containers without reporting it."""


class MountUndeclared(Rule[Enforced]):
    """Mount that the engine does not know.

    The mount was made after the start: by a process with SYS_ADMIN in the container, or from the host through the
    container's mount namespace. The engine neither shows nor removes it.
    """

    id = "K007"
    keywords = ("mount",)
    severity = Severity.MEDIUM
    references = (cis_docker("5.6"), man("mount_namespaces", 7))
    remedy = "Find out who mounted it; restart the container without SYS_ADMIN to remove it."
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
        for mount in later[:_MAX_REPORTED]:
            what = (
                f"{mount.source} of the host"
                if mount.source
                else "a tmpfs"
                if mount.kind == "tmpfs"
                else "a file system"
            )
            access = "read-only" if mount.read_only else "writable"
            yield self.finding(
                f"has an undeclared mount: {what} at {mount.target}, {access}",
                evidence=f"{mount.source} {mount.target}",
            )
        if len(later) > _MAX_REPORTED:
            yield self.finding(f"has {len(later) - _MAX_REPORTED} more undeclared mounts", evidence="more mounts")
        targets = Counter(mount.target.rstrip("/") for mount in given(enforced.process.mounts, ()))
        for target in sorted(name for name in known if targets[name] > 1)[:_MAX_REPORTED]:
            yield self.finding(f"has a second mount over {target}, which hides the declared one", evidence=target)


def _expected(mount: Mount, known: set[str], declared: Container) -> bool:
    """Whether an engine made the mount, or it is part of a known one."""
    target = mount.target.rstrip("/")
    if target in known or target.startswith(_ENGINES):
        return True
    if target.startswith("/dev/") and (mount.source or "").startswith("/dev/"):
        # In a user namespace, or without CAP_MKNOD, engines bind-mount each device.
        return True
    if (declared.gpus or declared.runtime == "nvidia") and re.search("nvidia|cuda", target):
        return True
    parts = target.split("/")
    return any("/".join(parts[:end]) in known for end in range(2, len(parts)))
