from __future__ import annotations

from sealock.model.change import Change
from sealock.model.container import Mount
from sealock.rules.container._images import writable_directories
from sealock.rules.kit import Add, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs

_NOT_PROVEN = (
    "Make the root file system read-only, with a tmpfs on /tmp, /run and wherever else the program writes. It is not "
    "known where this image writes: `docker diff` shows it."
)


class WritableRoot(Rule[Container]):
    """Root file system is not read-only.

    An attacker in the container can replace its programs and leave tools behind. Make the root file system read-only,
    and mount a tmpfs or volume where the program writes: usually /tmp and /run, for some servers a cache directory.
    `docker diff` shows what a running container has written. sealock's fix adds what a well-known image needs, nothing
    for one that is known to write elsewhere, and /tmp and /run for others, of which it cannot prove that they need no
    more.
    """

    id = "C040"
    keywords = ("read-only", "root file system", "read_only", "readOnlyRootFilesystem")
    aliases = ("KSV-0014", "CKV_K8S_22")
    severity = Severity.MEDIUM
    reads = ("read_only",)
    references = (cis_docker("5.13"), cwe(732), docker_docs("reference/cli/docker/container/run/#read-only"))
    remedy = (
        "Make the root file system read-only (read_only, --read-only, readOnlyRootFilesystem), with a tmpfs on /tmp, "
        "/run and wherever else the program writes."
    )
    bad = (
        "docker run alpine",
        "docker run --read-only=false nginx:1.27",
        "services:\n  app:\n    image: alpine:3.20\n    tmpfs: [/tmp]\n",
    )
    good = (
        "docker run --read-only --tmpfs /tmp alpine",
        "services:\n  app:\n    image: alpine:3.20\n    read_only: true\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.read_only is not True:
            directories, proven = writable_directories(container)
            fix: tuple[Change, ...] = (
                Set("read_only", True),
                *(Add("mounts", Mount("tmpfs", None, path)) for path in directories),
            )
            yield self.finding(
                "can write to its root file system",
                "read_only",
                fix=fix if directories or not proven else (),
                remedy="" if proven else _NOT_PROVEN,
                evidence="the root file system is writable",
            )
