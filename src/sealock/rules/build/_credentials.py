"""Which files hold credentials, by their names."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from sealock.model.finding import Confidence

_EXACT: Final[dict[str, str]] = {
    ".env": "settings with their secrets",
    ".npmrc": "npm's registry token",
    ".yarnrc.yml": "yarn's registry token",
    ".pypirc": "PyPI's password",
    ".netrc": "passwords for hosts",
    "_netrc": "passwords for hosts",
    ".git-credentials": "git's passwords",
    ".dockercfg": "registry passwords",
    ".pgpass": "database passwords",
    ".my.cnf": "a database password",
    ".mylogin.cnf": "a database password",
    ".htpasswd": "password hashes",
    ".vault-token": "a Vault token",
    ".boto": "cloud credentials",
    ".s3cfg": "cloud credentials",
    ".terraformrc": "a Terraform token",
    "terraform.tfstate": "the secrets of all Terraform resources",
    ".bash_history": "typed commands",
    ".aws": "AWS credentials",
    ".ssh": "SSH keys",
    ".gnupg": "private keys",
    ".kube": "cluster credentials",
    ".azure": "Azure credentials",
    "gcloud": "Google credentials",
    "kubeconfig": "cluster credentials",
    "id_rsa": "an SSH private key",
    "id_dsa": "an SSH private key",
    "id_ecdsa": "an SSH private key",
    "id_ed25519": "an SSH private key",
    "application_default_credentials.json": "Google credentials",
    "accessTokens.json": "Azure credentials",
    "master.key": "the application's master key",
    "server.key": "a private key",
    "privkey.pem": "a private key",
    "shadow": "password hashes",
    "wp-config.php": "a database password",
}
_WITH_DIRECTORY: Final[tuple[tuple[str, str], ...]] = (
    (".docker/config.json", "registry passwords"),
    (".aws/credentials", "AWS credentials"),
    (".aws/config", "AWS settings"),
    (".kube/config", "cluster credentials"),
    (".cargo/credentials", "a Cargo registry token"),
    (".cargo/credentials.toml", "a Cargo registry token"),
    (".gem/credentials", "a RubyGems key"),
    (".config/gcloud", "Google credentials"),
    (".config/gh/hosts.yml", "a GitHub token"),
    (".m2/settings.xml", "repository passwords"),
    (".composer/auth.json", "repository passwords"),
    ("etc/shadow", "password hashes"),
)
_HARMLESS: Final = re.compile(
    r"(?i)(?:example|sample|template|dist|tpl|schema|test|dummy|public|\bpub\b|\bca\b|ca[-_.]|[-_.]ca\b|chain|bundle|"
    r"root|\bcerts?\b|certificate|known_hosts|authorized)"
)
_PATTERNS: Final[tuple[tuple[str, str, Confidence], ...]] = (
    (r"\.env\.(?:local|prod(?:uction)?|dev(?:elopment)?|staging|private)", "settings and secrets", Confidence.MEDIUM),
    (r"(?:prod|production|staging|secrets?)\.env", "settings with their secrets", Confidence.MEDIUM),
    (r"id_(?:rsa|dsa|ecdsa|ed25519)[\w.-]*", "an SSH private key", Confidence.HIGH),
    (r"[\w.*-]+_(?:rsa|ed25519)", "an SSH private key", Confidence.MEDIUM),
    (r"[\w.*-]*\.(?:key|ppk)", "a private key", Confidence.MEDIUM),
    (r"[\w.*-]*\.(?:p12|pfx|jks|keystore|kdbx)", "a key store", Confidence.MEDIUM),
    (r"[\w.*-]*(?:key|priv)[\w-]*\.pem", "a private key", Confidence.HIGH),
    (r"[\w.*-]+\.pem", "a private key or a certificate", Confidence.LOW),
    (r"(?:[a-z]{2,12}[-_.])?(?:credentials?|creds)(?:\.(?:json|ya?ml|toml|ini))?", "credentials", Confidence.MEDIUM),
    (r"(?:client[-_]?)?secrets?\.(?:json|ya?ml|toml|ini|txt|env)", "secrets", Confidence.MEDIUM),
    (r"[\w.-]*service[-_]?account[\w.-]*\.json", "a service account's key", Confidence.MEDIUM),
    (r"[\w.-]*\.tfvars", "Terraform's variables", Confidence.LOW),
    (r"[\w.-]*kubeconfig[\w.-]*", "cluster credentials", Confidence.MEDIUM),
)  # fmt: skip


@cache
def _any_pattern() -> re.Pattern[str]:
    """All patterns in one: most names match none of them."""
    return re.compile("|".join(f"(?:{pattern})" for pattern, _, _ in _PATTERNS), re.IGNORECASE)


def credential_file(path: str) -> tuple[str, Confidence] | None:
    """What a file of this name usually contains, and with what confidence; None for other files."""
    path = path.replace("\\", "/").rstrip("/")
    base = path.rpartition("/")[2]
    for tail, contents in _WITH_DIRECTORY:
        if path == tail or path.endswith(f"/{tail}"):
            return contents, Confidence.HIGH
    if (exact_contents := _EXACT.get(base)) is not None:
        return exact_contents, Confidence.MEDIUM if base in {
            ".npmrc",
            ".yarnrc.yml",
            "shadow",
            "gcloud",
        } else Confidence.HIGH
    if base.endswith(
        (".pub", ".crt", ".cer", ".py", ".js", ".ts", ".go", ".rb", ".java", ".sh", ".md", ".asc", ".gpg")
    ):
        return None
    if not _any_pattern().fullmatch(base) or _HARMLESS.search(base):
        return None
    for pattern, contents, confidence in _PATTERNS:
        if re.fullmatch(pattern, base, re.IGNORECASE):
            return contents, confidence
    return None
