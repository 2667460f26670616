from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, cwe, docker_docs


class HostUserns(Rule[Container]):
    """Container opts out of user-namespace remapping.

    Where the engine maps root in containers to an ordinary user of the host (userns-remap), `userns: host` makes it the
    host's root again. Without remapping, which is the default, the setting changes nothing.
    """

    id = "C022"
    keywords = ("user-namespace", "userns", "user namespace")
    severity = Severity.LOW
    reads = ("userns",)
    references = (cis_docker("5.31"), cwe(250), docker_docs("engine/security/userns-remap/"))
    remedy = "Remove userns: host, unless the container has to be the host's root."
    bad = ("docker run --userns=host alpine", "services:\n  app:\n    image: alpine:3.20\n    userns_mode: host\n")
    good = ("docker run alpine", "services:\n  app:\n    image: alpine:3.20\n")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.userns == "host":
            yield self.finding(
                "opts out of user-namespace remapping, if the engine remaps",
                "userns",
                fix=Set("userns", UNSET),
            )
