from __future__ import annotations

from sealock.rules.kit import (
    UNSET,
    Container,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    docker_docs,
)

_USUAL: Final = frozenset({"docker", "system.slice"})
"""The groups that engines take by themselves: with the driver cgroupfs, and with systemd."""


class CgroupParent(Rule[Container]):
    """Custom cgroup parent.

    The container then has that cgroup's limits instead of those of the engine's own group, and none at the root of the
    tree. The engine's group is the one that its setting cgroup-parent names, else docker, or system.slice with the
    driver systemd: with that setting, both names lead out of it. A parent is fine if the administrator made a slice
    with limits for it; otherwise leave the choice to the engine.
    """

    id = "C045"
    keywords = ("cgroup", "cgroup parent", "cgroup_parent")
    severity = Severity.LOW
    reads = ("cgroup_parent",)
    references = (cis_docker("5.25"), docker_docs("reference/cli/docker/container/run/#cgroup-parent"))
    remedy = "Remove cgroup_parent, unless it names a slice with limits that was made for this container."
    bad = (
        "docker run --cgroup-parent / alpine",
        "docker run --cgroup-parent system.slice alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cgroup_parent: m-executor\n",
    )
    good = ("docker run alpine", "docker run --memory 512m --cpus 1 alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        parent = container.cgroup_parent
        if not isinstance(parent, str):
            return
        if parent.strip("/") in _USUAL:
            message = (
                f"runs under cgroup {parent}, also where the engine has another group, with limits, for containers"
            )
        else:
            where = "at the root of the cgroup tree" if parent.strip("/") == "" else f"under cgroup {parent}"
            message = f"runs {where}, outside the engine's limits"
        yield self.finding(message, "cgroup_parent", fix=Set("cgroup_parent", UNSET))
