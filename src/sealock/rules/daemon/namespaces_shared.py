from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, docker_docs, man


class NamespacesShared(Rule[Daemon]):
    """Containers share host namespaces by default.

    In the host's cgroup namespace a container sees the whole cgroup tree and its own place in it; with shareable IPC
    any other container can join its shared memory.
    """

    id = "E018"
    keywords = ("namespaces", "namespace", "default-cgroupns-mode", "default-ipc-mode")
    severity = Severity.LOW
    reads = ("default_cgroupns_mode",)
    references = (docker_docs("reference/cli/dockerd/#default-cgroup-parent"), man("cgroup_namespaces", 7))
    remedy = 'Set "default-cgroupns-mode" and "default-ipc-mode" to "private".'
    bad = (
        '{"default-cgroupns-mode": "host", "icc": false}',
        '{"default-ipc-mode": "shareable", "icc": false}',
    )
    good = (
        '{"default-cgroupns-mode": "private", "default-ipc-mode": "private"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.default_cgroupns_mode == "host":
            yield self.finding(
                "shows containers the host's cgroup tree",
                "default_cgroupns_mode",
                fix=Set("default_cgroupns_mode", "private"),
            )
        if daemon.default_ipc_mode == "shareable":
            yield self.finding(
                "lets containers join each other's IPC namespace",
                "default_ipc_mode",
                fix=Set("default_ipc_mode", "private"),
            )
