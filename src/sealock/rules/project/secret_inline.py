from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.kit import Final, Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs
from sealock.secrets.values import Secret, find_in_text, find_secret, redact

_SETTING: Final = compile_lazily(
    r"^[ \t]*[\"']?([A-Za-z_][\w.-]{0,99})[\"']?[ \t]*[=:][ \t]*(\S[^\n]{0,999})", re.MULTILINE
)

_PROGRAMS: Final = frozenset({"py", "js", "mjs", "cjs", "ts", "go", "rb", "lua", "java", "groovy", "pl", "php", "rs"})
"""Endings of programs."""
_QUOTES: Final = frozenset("\"'`")
_BY_NAME: Final = frozenset({"a password", "a secret", "a token", "a key", "credentials"})
"""Kinds of secrets that are known by the name of a setting alone."""


class SecretInline(Rule[Project]):
    """Secret in a config, volume or provider.

    A value under `content:`, in the options of a volume or provider, or in the data of a Kubernetes ConfigMap or Secret
    is in the file, and so in the history of its repository: base64 hides nothing. Take it from a file outside the
    repository (`secrets: file:`) or from the caller's environment (`secrets: environment:`); in a cluster from a sealed
    or external Secret.
    """

    id = "P005"
    keywords = ("secret", "config", "inline", "ConfigMap", "stringData", "base64")
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
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  DB_PASSWORD: kV9-tqz2LmWx\n",
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData:\n"
            "  app.ini: |\n    db_password=kV9-tqz2LmWx\n    x=1\n"
        ),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\ndata:\n  password: a1Y5LXRxejJMbVd4\n",
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  app.py: |\n"
            '    db_password = "kV9-tqz2LmWx"\n    x = 1\n'
        ),
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    configs: [conf]\n"
            "configs:\n  conf:\n    content: |\n      db_password=${DB_PASSWORD}\n      log_level=info\n"
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  app.py: |\n"
            "    credential = DefaultAzureCredential()\n    client = Client(url, credential=credential)\n"
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData:\n  tls.key: |\n"
            "    -----BEGIN PRIVATE KEY-----\n    YOUR_PRIVATE_KEY_HERE\n    -----END PRIVATE KEY-----\n"
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
            which = secret.name if project.kind == "settings" else f"the config {secret.name}"
            for named, redacted, line in _secrets(secret.content or "", is_program=_is_program(secret.name)):
                yield self.finding(
                    f"has {named.kind} in {which} ({redacted})",
                    (*at, line),
                    evidence=f"{secret.name} {named.kind} {redacted}",
                    confidence=named.confidence,
                    severity=named.severity,
                )
        for service in project.services:
            for name, value in service.provider:
                if (found := find_secret(name, value)) is not None:
                    redacted = redact(value)
                    yield self.finding(
                        f"has {found.kind} in the option {name} of {service.name}'s provider ({redacted})",
                        ("services", service.name, "provider", name),
                        evidence=f"{service.name} {name} {redacted}",
                        confidence=found.confidence,
                        severity=found.severity,
                        remedy="Let the provider take it from its own environment or settings, and rotate it.",
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


def _is_program(name: str) -> bool:
    """Whether a setting is a program by its name, in which a value without quotes is an expression."""
    return name.rpartition(".")[2].lower() in _PROGRAMS


def _secrets(content: str, *, is_program: bool) -> Iterator[tuple[Secret, str, int]]:
    """The secrets in a configuration file, redacted, and their lines from 0: by shape, and by the names of settings."""
    seen: set[str] = set()
    for kind, start, end in find_in_text(content):
        if is_program and kind in _BY_NAME and content[start - 1 : start] not in _QUOTES:
            continue
        seen.add(content[start:end])
        yield Secret(kind), redact(content[start:end]), content.count("\n", 0, start)
    for match in _SETTING.finditer(content):
        if is_program and match[2][0] not in _QUOTES:
            continue
        value = match[2].strip().strip("\"',;")
        if not any(value in text or text in value for text in seen) and (found := find_secret(match[1], value)):
            seen.add(value)
            yield found, redact(value), content.count("\n", 0, match.start(1))
