from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs
from sealock.secrets.values import find_in_text, redact


class SecretInline(Rule[Project]):
    """Secret in a config or volume of the compose file.

    A value under `content:` or in a volume's options is in the file, and so in the history of its repository. Take it
    from a file outside the repository (`secrets: file:`) or from the caller's environment (`secrets: environment:`).
    """

    id = "P005"
    keywords = ("secret", "config", "inline")
    severity = Severity.HIGH
    conceals = True
    references = (cwe(798), docker_docs("reference/compose-file/secrets/"))
    remedy = "Make it a secret from a file outside the repository or from the environment, and rotate it."
    bad = (
        (
            "services:\n  app:\n    image: acme/app:1\n    configs: [conf]\n"
            "configs:\n  conf:\n    content: |\n      db_password=kV9-tqz2LmWx\n"
        ),
        (
            "services:\n  app:\n    image: acme/app:1\n    volumes: ['nas:/nas']\nvolumes:\n  nas:\n    driver_opts:\n"
            "      type: cifs\n      device: //nas/x\n      o: username=app,password=kV9-tqz2LmWx\n"
        ),
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    configs: [conf]\n"
            "configs:\n  conf:\n    content: |\n      db_password=${DB_PASSWORD}\n      log_level=info\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for secret in project.secrets:
            at = ("secrets", secret.name, "content")
            if secret.kind == "secret" and secret.content:
                yield self.finding(
                    f"writes the secret {secret.name} into the file", at, evidence=f"content of {secret.name}"
                )
                continue
            for kind, start, end in find_in_text(secret.content or ""):
                redacted = redact((secret.content or "")[start:end])
                yield self.finding(
                    f"has {kind} in the config {secret.name} ({redacted})",
                    at,
                    evidence=f"{secret.name} {kind} {redacted}",
                )
        for volume in project.volumes:
            for name, value in volume.options:
                for kind, start, end in find_in_text(value.replace(",", " ")):
                    redacted = redact(value[start:end])
                    yield self.finding(
                        f"has {kind} in the options of the volume {volume.name} ({redacted})",
                        ("volumes", volume.name, "driver_opts"),
                        evidence=f"{volume.name} {name} {redacted}",
                        remedy="Keep the login in a file that only root can read (credentials=/etc/cifs.secret).",
                    )
