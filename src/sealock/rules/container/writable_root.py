from __future__ import annotations

from sealock.model.container import Mount
from sealock.rules.container._images import writable_directories
from sealock.rules.kit import Add, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class WritableRoot(Rule[Container]):
    """Root file system is not read-only.

    Whoever gets into the container can replace its programs and leave tools behind. Make the root read-only, and give
    the few places that the program writes to a tmpfs or a volume: mostly /tmp and /run, for some servers a cache
    folder. `docker diff` shows what a running container has written. sealock adds /tmp and /run, or what a well-known
    image needs.
    """

    id = "C040"
    keywords = ("read-only", "root file system", "read_only", "readOnlyRootFilesystem")
    aliases = ("KSV-0014", "CKV_K8S_22")
    severity = Severity.MEDIUM
    reads = ("read_only",)
    references = (cis_docker("5.13"), cwe(732), docker_docs("reference/cli/docker/container/run/#read-only"))
    remedy = "Make the root read-only, with a tmpfs on /tmp, /run and what else the program writes to."
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
            folders = writable_directories(container)
            yield self.finding(
                "can change its own programs and files",
                "read_only",
                fix=(Set("read_only", True), *(Add("mounts", Mount("tmpfs", None, folder)) for folder in folders)),
                evidence="the root file system is writable",
            )
