from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class CgroupParent(Rule[Container]):
    """Custom cgroup parent.

    The container then gets that cgroup's limits instead of the engine's, and none at the root of the tree. This is fine
    if the administrator made a slice with limits for it; otherwise leave the choice to the engine.
    """

    id = "C045"
    keywords = ("cgroup", "cgroup parent", "cgroup_parent")
    severity = Severity.LOW
    reads = ("cgroup_parent",)
    references = (cis_docker("5.25"), docker_docs("reference/cli/docker/container/run/#cgroup-parent"))
    remedy = "Remove cgroup_parent, unless it names a slice with limits that was made for this container."
    bad = (
        "docker run --cgroup-parent / alpine",
        "services:\n  app:\n    image: alpine:3.20\n    cgroup_parent: m-executor\n",
    )
    good = ("docker run alpine", "docker run --cgroup-parent docker alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        parent = container.cgroup_parent
        if isinstance(parent, str) and parent.strip("/") not in {"docker", "system.slice"}:
            where = "at the root of the cgroup tree" if parent.strip("/") == "" else f"under cgroup {parent}"
            yield self.finding(
                f"runs {where}, outside the engine's limits", "cgroup_parent", fix=Set("cgroup_parent", UNSET)
            )
