from __future__ import annotations

from sealock.rules.kit import (
    Container,
    Final,
    Iterator,
    Remove,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)
from sealock.rules.paths import engine_of, host_source

_OF_USER: Final = (
    "/run/user/", "/var/run/user/", "$XDG_RUNTIME_DIR/", "${XDG_RUNTIME_DIR", "%h/", "$HOME/", "${HOME}/", "~/",
)  # fmt: skip
"""How the path of the socket of an engine begins that runs as an ordinary user."""


class EngineSocket(Rule[Container]):
    """Docker socket (docker.sock) is mounted.

    A process that can write to the socket of Docker, containerd or Podman can start a privileged container, and so is
    root on the host. A read-only mount (`:ro`) does not help: it protects the file, not the API behind it. Use a socket
    proxy that allows only the calls that the program needs, or a rootless engine.
    """

    id = "C011"
    keywords = ("docker.sock", "Docker socket", "socket", "/var/run/docker.sock")
    aliases = ("KSV-0006", "CKV_K8S_27")
    severity = Severity.CRITICAL
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.32"), cwe(250), docker_docs("engine/security/#docker-daemon-attack-surface"))
    remedy = "Remove the socket, or give the program a socket proxy that allows only the calls it needs."
    bad = (
        "docker run -v /var/run/docker.sock:/var/run/docker.sock alpine",
        "docker run -v /run/containerd/containerd.sock:/c.sock:ro alpine",
        "docker run --mount type=bind,src=/run/user/1000/docker.sock,dst=/var/run/docker.sock,readonly alpine",
        "services:\n  ui:\n    image: alpine:3.20\n    volumes:\n      - /var/run/docker.sock:/run/docker.sock:ro\n",
    )
    good = ("docker run -v app:/var/lib/app alpine", "docker run -v ./docker.sock.md:/readme alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        proxy = "socket-proxy" in given(container.image, "") or "socketproxy" in given(container.image, "")
        for index, mount in enumerate(given(container.mounts, ())):
            path = host_source(mount)
            engine = engine_of(path) if path else None
            if engine is not None and proxy:
                yield self.finding(
                    f"mounts the {engine} socket {mount.source}, as a socket proxy has to: check what it allows",
                    ("mounts", index),
                    remedy="Allow only the API calls that its clients need, and keep its port on an internal network.",
                    severity=Severity.MEDIUM,
                )
            elif engine is not None:
                own = (mount.source or "").startswith(_OF_USER)
                power = "all that its user may do on the host" if own else "root on the host"
                yield self.finding(
                    f"mounts the {engine} socket {mount.source}: write access to it is {power}",
                    ("mounts", index),
                    fix=Remove("mounts", mount),
                    severity=Severity.HIGH if own else None,
                )
