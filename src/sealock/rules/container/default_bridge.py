from __future__ import annotations

from sealock.model.windows import is_for_windows
from sealock.rules.container._networks import on_default_bridge
from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cis_docker,
    docker_docs,
)


class DefaultBridge(Rule[Container]):
    """Container uses the default bridge network.

    Every container that names no network joins docker0 (on Windows: nat), and all of them can reach each other there.
    docker0 does not resolve names, so people add links or publish ports needlessly. Make a network for each
    application: `docker network create app`, then `--network app`. A container that needs no network takes `--network
    none`.
    """

    id = "C064"
    keywords = ("default bridge", "docker0", "bridge")
    severity = Severity.LOW
    reads = ("network_mode", "networks")
    references = (cis_docker("5.30"), docker_docs("engine/network/drivers/bridge/#use-the-default-bridge-network"))
    remedy = "Make a network for the application (docker network create app) and join it (--network app)."
    bad = (
        "docker run alpine",
        "docker run --network bridge alpine",
        "podman run alpine",
        "services:\n  app:\n    image: alpine:3.20\n    network_mode: bridge\n",
        "docker run mcr.microsoft.com/windows/nanoserver:ltsc2025",
        "docker run --network nat mcr.microsoft.com/windows/nanoserver:ltsc2025",
    )
    good = (
        "docker run --network app alpine",
        "docker run --net=none alpine",
        "services:\n  a:\n    image: alpine:3.20\n",
        "docker run --network nat alpine",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if on_default_bridge(container):
            # Without a network a compose service joins its project's network; for a run line we cannot guess one.
            fix = Set("network_mode", UNSET) if container.auto_remove is UNKNOWN else ()
            podman = container.engine == "podman"
            name, network = ("docker0", "bridge") if not is_for_windows(container) else ("nat", "network")
            name = "podman0" if podman else name
            yield self.finding(
                f"joins the default {network} ({name}) with every container that names no network"
                + ("; Podman without root gives it a network of its own" if podman else ""),
                "network_mode",
                fix=fix,
                evidence=name,
                remedy=self.remedy.replace("docker", "podman") if podman else "",
            )
