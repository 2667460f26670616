"""Mounts taken over from other containers."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.references import cwe, docker_docs
from sealock.rules.rule import Rule


class VolumesFrom(Rule[Container]):
    """Mounts of another container are taken over.

    `volumes_from` gives this container whatever the other has mounted, now and after its next change, sockets and
    secrets included, and writable unless `:ro` is said. Name the volumes that both are meant to share.
    """

    id = "C056"
    severity = Severity.LOW
    reads = ("volumes_from",)
    references = (cwe(668), docker_docs("reference/cli/docker/container/run/#volumes-from"))
    remedy = "Name the volumes that both are meant to share, read-only where this one only reads."
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
        """Look at each container that mounts are taken from."""
        for index, source in enumerate(given(container.volumes_from, ())):
            name = source.removeprefix("container:").partition(":")[0]
            writable = "" if source.endswith(":ro") else ", writable"
            yield self.finding(f"takes over all mounts of {name}{writable}", ("volumes_from", index))
