from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs


class BuildPrivileged(Rule[Project]):
    """Build with elevated privileges.

    A privileged build, or one that is entitled to security.insecure, runs each RUN with the rights of the host's root:
    every package that it installs gets them too. The host's network lets it reach what listens on the host's loopback
    address. Take them away; what needs them belongs before or after the build.
    """

    id = "P006"
    keywords = ("privileges", "build", "privileged", "entitlements")
    severity = Severity.HIGH
    references = (cwe(250), docker_docs("reference/compose-file/build/#entitlements"))
    remedy = "Take privileged, the entitlements and the host's network away from the build."
    bad = (
        "services:\n  app:\n    build:\n      context: .\n      privileged: true\n",
        "services:\n  app:\n    build:\n      context: .\n      entitlements: [security.insecure]\n",
        "services:\n  app:\n    build:\n      context: .\n      network: host\n",
    )
    good = (
        "services:\n  app:\n    build: .\n",
        "services:\n  app:\n    build:\n      context: .\n      ssh: [default]\n      network: none\n",
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for service in project.services:
            build, at = service.build, ("services", service.name, "build")
            if build is None:
                continue
            if build.privileged:
                yield self.finding(f"builds {service.name} as the host's root", (*at, "privileged"))
            for index, one in enumerate(build.entitlements):
                if one in {"security.insecure", "network.host"} or one.startswith("device"):
                    severity = Severity.HIGH if one == "security.insecure" else Severity.MEDIUM
                    yield self.finding(
                        f"entitles the build of {service.name} to {one}",
                        (*at, "entitlements", index),
                        severity=severity,
                    )
            if build.network == "host":
                yield self.finding(
                    f"builds {service.name} on the host's own network", (*at, "network"), severity=Severity.MEDIUM
                )
            for index, key in enumerate(build.ssh):
                if (
                    "=" in key
                    and key.partition("=")[2].startswith(("/", "~", "./", ".."))
                    and not key.endswith(".sock")
                ):
                    yield self.finding(
                        f"hands a private key to the build of {service.name} ({key})",
                        (*at, "ssh", index),
                        severity=Severity.LOW,
                        remedy="Hand over an agent (ssh: [default]): it signs, and never shows the key.",
                    )
