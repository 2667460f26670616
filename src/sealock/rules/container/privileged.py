from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.kit import (
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Set,
    Severity,
    Swap,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class Privileged(Rule[Container]):
    """Container runs in privileged mode.

    It holds every capability, sees every device of the host and runs without seccomp and AppArmor: root in it is root
    on the host. Add only the capability (`cap_add`) or device (`devices`) that the program needs. Docker in Docker can
    run rootless, and images can be built without an engine.
    """

    id = "C001"
    keywords = ("privileged",)
    aliases = ("KSV-0017", "CKV_K8S_16")
    severity = Severity.CRITICAL
    reads = ("privileged",)
    references = (
        cis_docker("5.5"),
        cwe(250),
        docker_docs("engine/containers/run/#runtime-privilege-and-linux-capabilities"),
    )
    remedy = "Remove privileged, and add only the capability or device that the program needs."
    bad = (
        "docker run --privileged alpine",
        "services:\n  dind:\n    image: docker:27-dind\n    privileged: true\n",
        (
            "services:\n  app:\n    image: acme/app:1\n    post_start:\n"
            "      - command: /setup.sh\n        privileged: true\n"
        ),
    )
    good = ("docker run --cap-add NET_ADMIN alpine", "docker run --privileged=false alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.privileged is True:
            yield self.finding(
                "holds every capability and sees every device: root in it is root on the host",
                "privileged",
                fix=Set("privileged", False),
            )
        for index, hook in enumerate(given(container.hooks, ())):
            if hook.privileged:
                yield self.finding(
                    f"runs its {hook.moment} hook with every capability: root in it is root on the host",
                    ("hooks", index),
                    fix=Swap("hooks", hook, replace(hook, privileged=False)),
                )
