from __future__ import annotations

from sealock.rules.kit import Confidence, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs
from sealock.secrets.values import find_secret, kind_of_name, redact


class SecretInBuildArgument(Rule[Project]):
    """Secret in a build argument.

    Build arguments stay in the image's history and provenance: anyone who can pull the image can read them, wherever
    the value came from. Pass a build secret (`build: secrets:`) and mount it with `RUN --mount=type=secret`.
    """

    id = "P004"
    keywords = ("secret", "build argument", "build.args")
    severity = Severity.HIGH
    conceals = True
    references = (cwe(538), cwe(798), docker_docs("build/building/secrets/"))
    remedy = "Pass it under build: secrets:, mount it with RUN --mount=type=secret, and rotate what was written down."
    bad = (
        "services:\n  app:\n    build:\n      context: .\n      args:\n        DB_PASSWORD: kV9-tqz2LmWx\n",
        "services:\n  app:\n    build:\n      context: .\n      args: [NPM_TOKEN]\n",
    )
    good = (
        (
            "services:\n  app:\n    build:\n      context: .\n      args: [VERSION=1.2]\n      secrets: [npm]\n"
            "secrets:\n  npm:\n    environment: NPM_TOKEN\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for service in project.services:
            for index, (name, value) in enumerate(service.build.args if service.build else ()):
                at = ("services", service.name, "build", "args", index)
                if value and (secret := find_secret(name, value)) is not None:
                    yield self.finding(
                        f"builds {service.name} with {secret.kind} in the build argument {name} ({redact(value)})",
                        at,
                        confidence=secret.confidence,
                        severity=secret.severity,
                        evidence=f"{name}={redact(value)}",
                    )
                elif (not value or "$" in value) and (kind := kind_of_name(name)) is not None:
                    yield self.finding(
                        f"passes {kind} to the build of {service.name} as argument {name}, kept in the image's history",
                        at,
                        severity=Severity.MEDIUM,
                        confidence=Confidence.MEDIUM,
                        evidence=f"argument {name}",
                    )
