from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Set, Severity, cwe, docker_docs


class UnconfinedPaths(Rule[Container]):
    """Masked paths under /proc and /sys are exposed.

    With `systempaths=unconfined` the container can write kernel settings under /proc/sys and read what the engine masks
    (/proc/kcore, /sys/firmware): root in it can name a program that the kernel then runs on the host. The option exists
    for nested engines; use a rootless engine image or a virtual machine instead.
    """

    id = "C010"
    keywords = ("masked paths", "/proc", "systempaths")
    aliases = ("KSV-0027",)
    severity = Severity.HIGH
    reads = ("unconfined_paths",)
    references = (cwe(250), docker_docs("reference/cli/docker/container/run/#security-opt"))
    remedy = "Remove systempaths=unconfined (in Kubernetes procMount: Unmasked)."
    bad = (
        "docker run --security-opt systempaths=unconfined alpine",
        "services:\n  app:\n    image: alpine:3.20\n    security_opt: ['systempaths=unconfined']\n",
    )
    good = ("docker run alpine", "docker run --security-opt no-new-privileges alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.unconfined_paths is True:
            yield self.finding(
                "can read and write the files under /proc and /sys that Docker masks",
                "unconfined_paths",
                fix=Set("unconfined_paths", False),
            )
