"""Which files hold credentials, by their names."""

from __future__ import annotations

import re
from typing import Final

from sealock.model.finding import Confidence
from sealock.patterns import compile_lazily

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
_HARMLESS: Final = compile_lazily(
    r"(?i)(?:example|sample|template|dist|tpl|schema|test|dummy|public|\bpub\b|\bca\b|ca[-_.]|[-_.]ca\b|chain|bundle|"
    r"root|\bcerts?\b|certificate|known_hosts|authorized|dh[-_]?param|ff?dhe?\d{3,4}|\bdh\d{3,4})"
)
_MEDIUM: Final = Confidence.MEDIUM
_PATTERNS: Final[tuple[tuple[tuple[str, ...], str, str, Confidence], ...]] = (
    ((".env.",), r"\.env\.(?:local|prod(?:uction)?|dev(?:elopment)?|staging|private)", "settings and secrets", _MEDIUM),
    ((".env",), r"(?:prod|production|staging|secrets?)\.env", "settings with their secrets", _MEDIUM),
    (("id_",), r"id_(?:rsa|dsa|ecdsa|ed25519)[\w.-]*", "an SSH private key", Confidence.HIGH),
    (("_rsa", "_ed25519"), r"[\w.*-]+_(?:rsa|ed25519)", "an SSH private key", _MEDIUM),
    ((".key", ".ppk"), r"[\w.*-]*\.(?:key|ppk)", "a private key", _MEDIUM),
    ((".p12", ".pfx", ".jks"), r"[\w.*-]*\.(?:p12|pfx|jks)", "a key store", _MEDIUM),
    ((".keystore", ".kdbx"), r"[\w.*-]*\.(?:keystore|kdbx)", "a key store", _MEDIUM),
    ((".pem",), r"[\w.*-]*(?:key|priv)[\w-]*\.pem", "a private key", Confidence.HIGH),
    ((".pem",), r"[\w.*-]+\.pem", "a private key or a certificate", Confidence.LOW),
    (("cred",), r"(?:[a-z]{2,12}[-_.])?(?:credentials?|creds)(?:\.(?:json|ya?ml|toml|ini))?", "credentials", _MEDIUM),
    (("secret",), r"(?:client[-_]?)?secrets?\.(?:json|ya?ml|toml|ini|txt|env)", "secrets", _MEDIUM),
    (("service",), r"[\w.-]*service[-_]?account[\w.-]*\.json", "a service account's key", _MEDIUM),
    ((".tfvars",), r"[\w.-]*\.tfvars", "Terraform's variables", Confidence.LOW),
    (("kubeconfig",), r"[\w.-]*kubeconfig[\w.-]*", "cluster credentials", _MEDIUM),
)  # fmt: skip
"""Texts of which a name has one at least if it matches the pattern, since most names have none; the pattern; what such
a file usually contains."""


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
    lower = base.lower()
    for texts, pattern, contents, confidence in _PATTERNS:
        if any(text in lower for text in texts) and re.fullmatch(pattern, base, re.IGNORECASE):
            return None if _HARMLESS.search(base) else (contents, confidence)
    return None
