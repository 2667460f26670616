from __future__ import annotations

from sealock.rules.kit import (
    Iterator,
    OnBuild,
    Project,
    Remove,
    Rule,
    RuleFinding,
    Set,
    Severity,
    cwe,
    docker_docs,
)


class BuildPrivileged(Rule[Project]):
    """Build with elevated privileges.

    A privileged build, or one with the entitlement security.insecure, runs each RUN with root's rights on the host, and
    so does every package that it installs. On the host's network a build reaches what listens on the host's loopback
    address. Remove these rights; do what needs them before or after the build.
    """

    id = "P006"
    keywords = ("privileges", "build", "privileged", "entitlements")
    severity = Severity.HIGH
    references = (cwe(250), docker_docs("reference/compose-file/build/#entitlements"))
    remedy = "Remove privileged, the entitlements and the host's network from the build."
    bad = (
        "services:\n  app:\n    build:\n      context: .\n      privileged: true\n",
        "services:\n  app:\n    build:\n      context: .\n      entitlements: [security.insecure]\n",
        "services:\n  app:\n    build:\n      context: .\n      network: host\n",
    )
    good = (
        "services:\n  app:\n    build: .\n",
        "services:\n  app:\n    build:\n      context: .\n      ssh: [default]\n      network: none\n",
    )

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for service in project.services:
            build, at = service.build, ("services", service.name, "build")
            if build is None:
                continue
            if build.privileged:
                yield self.finding(
                    f"builds {service.name} in privileged mode",
                    (*at, "privileged"),
                    fix=OnBuild(service.name, Set("privileged", False)),
                )
            for index, entitlement in enumerate(build.entitlements):
                if entitlement in {"security.insecure", "network.host"} or entitlement.startswith("device"):
                    severity = Severity.HIGH if entitlement == "security.insecure" else Severity.MEDIUM
                    yield self.finding(
                        f"grants the entitlement {entitlement} to the build of {service.name}",
                        (*at, "entitlements", index),
                        fix=OnBuild(service.name, Remove("entitlements", entitlement)),
                        severity=severity,
                    )
            if build.network == "host":
                yield self.finding(
                    f"builds {service.name} on the host's network",
                    (*at, "network"),
                    fix=OnBuild(service.name, Set("network", None)),
                    severity=Severity.MEDIUM,
                )
            for index, key in enumerate(build.ssh):
                if (
                    "=" in key
                    and key.partition("=")[2].startswith(("/", "~", "./", ".."))
                    and not key.endswith(".sock")
                ):
                    yield self.finding(
                        f"passes a private key to the build of {service.name} ({key})",
                        (*at, "ssh", index),
                        severity=Severity.LOW,
                        remedy="Pass an SSH agent (ssh: [default]): it signs without revealing the key.",
                    )
