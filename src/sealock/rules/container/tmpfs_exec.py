from __future__ import annotations

from msgspec.structs import replace

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, Swap, cwe, docker_docs, given


class TmpfsExec(Rule[Container]):
    """tmpfs mount without noexec, nosuid or nodev.

    Docker mounts tmpfs with noexec, nosuid and nodev. The options exec, suid and dev undo that, and give an attacker a
    place to run downloaded programs, which a read-only root would deny. Programs that unpack libraries into /tmp (Java,
    .NET) need exec; nothing needs suid or dev.
    """

    id = "C041"
    keywords = ("tmpfs", "noexec", "nosuid")
    severity = Severity.LOW
    reads = ("mounts", "volumes_from")
    separate = True
    references = (cwe(732), docker_docs("engine/storage/tmpfs/"))
    remedy = "Remove exec, suid and dev from the tmpfs options."
    bad = (
        "docker run --tmpfs /tmp:exec alpine",
        "docker run --tmpfs /run:rw,suid,dev,size=1m alpine",
        "services:\n  app:\n    image: alpine:3.20\n    tmpfs: ['/tmp:exec,size=64m']\n",
    )
    good = ("docker run --tmpfs /tmp alpine", "docker run --tmpfs /tmp:noexec,size=64m alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, mount in enumerate(given(container.mounts, ())):
            loose = [option for option in mount.options if option in {"exec", "suid", "dev"}]
            if mount.kind == "tmpfs" and loose:
                # Spelled out: Podman's default has exec.
                strict = tuple(f"no{option}" if option in loose else option for option in mount.options)
                yield self.finding(
                    f"mounts a tmpfs on {mount.target} with {', '.join(loose)}",
                    ("mounts", index),
                    fix=Swap("mounts", mount, replace(mount, options=strict)),
                    severity=Severity.LOW if loose == ["exec"] else Severity.MEDIUM,
                )
