from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, given


class VolumesFrom(Rule[Container]):
    """Volumes of another container are mounted (volumes_from).

    `volumes_from` gives this container everything that the other one mounts, now and later, including sockets and
    secrets, and writable unless you add `:ro`. Name the volumes that both should share.
    """

    id = "C056"
    keywords = ("volumes_from", "--volumes-from")
    severity = Severity.LOW
    reads = ("volumes_from",)
    references = (cwe(668), docker_docs("reference/cli/docker/container/run/#volumes-from"))
    remedy = "Name the volumes that both should share, read-only where this one only reads."
    bad = (
        "docker run --volumes-from app alpine",
        "services:\n  a:\n    image: alpine:3.20\n  b:\n    image: alpine:3.20\n    volumes_from: [a]\n",
    )
    good = (
        "docker run -v data:/data:ro alpine",
        "services:\n  b:\n    image: alpine:3.20\n    volumes: ['data:/d:ro']\nvolumes:\n  data:\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, source in enumerate(given(container.volumes_from, ())):
            name = source.removeprefix("container:").partition(":")[0]
            writable = "" if source.endswith(":ro") else ", writable"
            yield self.finding(f"gets all mounts of {name}{writable}", ("volumes_from", index))
