from __future__ import annotations

from sealock.rules.kit import (
    Container,
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
from sealock.rules.paths import agent_socket, credentials, host_source


class HostCredentials(Rule[Container]):
    """Host credentials are mounted.

    ~/.ssh, ~/.aws, ~/.kube and the like open far more than this container needs, and any program in it can copy them;
    an SSH agent's socket can be used while it is mounted. Give the program a secret of its own with the least rights
    (`secrets:`, a deploy key, a role), and builds `RUN --mount=type=secret` or `type=ssh`.
    """

    id = "C016"
    keywords = ("credentials", ".ssh", ".aws", "bind mount")
    severity = Severity.HIGH
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cis_docker("5.6"), cwe(522), docker_docs("compose/how-tos/use-secrets/"))
    remedy = "Remove the mount, and give the program a secret of its own with the least rights."
    bad = (
        "docker run -v ~/.ssh:/root/.ssh:ro alpine",
        "docker run -v /home/ann/.aws/credentials:/c alpine",
        "docker run -v $HOME/.kube:/root/.kube alpine",
        "services:\n  app:\n    image: alpine:3.20\n    volumes:\n      - ~/.docker/config.json:/config.json:ro\n",
    )
    good = ("docker run -v ~/projects/app:/app alpine", "docker run -v ssh:/root/.ssh alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            path = host_source(mount)
            if path is None:
                continue
            if (what := credentials(path)) is not None:
                yield self.finding(
                    f"mounts {mount.source} from the host: {what}", ("mounts", index), fix=Remove("mounts", mount)
                )
            elif agent_socket(path):
                yield self.finding(
                    f"mounts the SSH agent socket {mount.source} and can log in wherever its owner can",
                    ("mounts", index),
                    fix=Remove("mounts", mount),
                    severity=Severity.MEDIUM,
                )
