"""Files that development leaves behind and that a program does not need, recognised by their paths."""

from __future__ import annotations

from typing import Final

from sealock.image.entry import EntryKind
from sealock.inventory.secretfiles import SITES
from sealock.model.inventory import FileFact

DIRECTORIES: Final = {
    ".git": "a Git repository, with all its history",
    ".svn": "a Subversion work copy",
    ".hg": "a Mercurial repository, with all its history",
    ".bzr": "a Bazaar repository, with all its history",
    ".cache": "a cache of programs that built the image",
    ".aws": "settings of the AWS command line",
    ".azure": "settings of the Azure command line",
    ".gnupg": "a GnuPG key ring",
    ".kube": "settings of kubectl",
    ".terraform": "working data of Terraform",
    ".vagrant": "working data of Vagrant",
    ".idea": "settings of an editor",
    ".vscode": "settings of an editor",
    ".github": "settings of a hosted repository",
    ".circleci": "settings of a build service",
}
FILES: Final = {
    ".git": "a link to a Git repository",
    "Dockerfile": "a build recipe",
    "Containerfile": "a build recipe",
    ".dockerignore": "a build recipe",
    "docker-compose.yml": "a Compose file",
    "docker-compose.yaml": "a Compose file",
    "compose.yml": "a Compose file",
    "compose.yaml": "a Compose file",
    ".gitlab-ci.yml": "settings of a build service",
    ".travis.yml": "settings of a build service",
    "Jenkinsfile": "settings of a build service",
    "Vagrantfile": "a recipe of a virtual machine",
    ".bash_history": "shell history",
    ".ash_history": "shell history",
    ".zsh_history": "shell history",
    ".python_history": "shell history",
    ".node_repl_history": "shell history",
    ".mysql_history": "shell history",
    ".psql_history": "shell history",
    ".viminfo": "traces of an editor",
    ".DS_Store": "a list of files of a Mac",
}
CREDENTIALS: Final = {
    ".npmrc": "settings of npm, which may hold a token",
    ".yarnrc.yml": "settings of yarn, which may hold a token",
    ".pypirc": "credentials of a Python package index",
    ".netrc": "credentials of several hosts",
    "_netrc": "credentials of several hosts",
    ".git-credentials": "credentials of Git hosts",
    ".dockercfg": "credentials of image registries",
    ".pgpass": "passwords of PostgreSQL",
    ".my.cnf": "settings of MySQL, which may hold a password",
    ".s3cfg": "credentials of S3",
    ".boto": "credentials of a cloud",
    ".vault-token": "a token of Vault",
    ".htpasswd": "hashes of passwords",
    ".env": "settings for an environment, often secrets",
    "terraform.tfstate": "Terraform's state, which holds secrets in the clear",
    "application_default_credentials.json": "credentials of Google Cloud",
    "id_rsa": "an SSH private key",
    "id_dsa": "an SSH private key",
    "id_ecdsa": "an SSH private key",
    "id_ed25519": "an SSH private key",
    "id_ecdsa_sk": "an SSH private key",
    "id_ed25519_sk": "an SSH private key",
}
IN_DIRECTORY: Final = {
    "config.json": (".docker", "credentials of image registries"),
    "credentials": (".aws .gem .cargo", "credentials"),
    "credentials.toml": (".cargo", "credentials of a crate registry"),
    "credentials.db": ("gcloud", "credentials of Google Cloud"),
    "accessTokens.json": (".azure", "credentials of Azure"),
    "config": (".kube", "credentials of Kubernetes clusters"),
    "hosts.yml": ("gh", "a token of GitHub"),
    "settings.xml": (".m2", "settings of Maven, which may hold a password"),
}
"""Names that are leftovers only in one of these directories."""

KEY_ENDINGS: Final = frozenset({"pem", "key", "ppk", "p12", "pfx", "jks", "kdbx"})
PUBLIC_WORDS: Final = ("cert", "chain", "pub", "bundle", "root")
"""A .pem file with one of these in its name holds certificates or public keys."""

THEIRS: Final = (
    "usr/share/",
    "usr/lib/",
    "usr/include/",
    "usr/local/lib/",
    "usr/local/share/",
    "lib/",
    "var/lib/dpkg/",
)
THEIRS_WITHIN: Final = ("/node_modules/", "/site-packages/", "/dist-packages/", "/gems/", "/go/pkg/mod/", "/go/src/")
"""Directories with leftovers of a package's authors: not from this image, and of no use to an attacker."""

REPOSITORIES: Final = frozenset({".git", ".svn", ".hg", ".bzr"})


_NAMES: Final = frozenset({*FILES, *CREDENTIALS, *IN_DIRECTORY})
_ENDINGS: Final = KEY_ENDINGS | {"swp", "swo"}
_STARTS: Final = (".env.", "ssh_host_", "Dockerfile.", "docker-compose.")


def may_be(name: str, ending: str) -> bool:
    """Whether a file with this name and ending may be a leftover: a quick test."""
    return name in _NAMES or ending in _ENDINGS or name.startswith(_STARTS)


def is_cleared(path: str, data: bytes) -> bool:
    """Whether a file whose name suggests a secret holds none, given that the search found none."""
    if b"\0" in data[:4096]:
        return False  # the search skips binary files
    name = path.rpartition("/")[2]
    if any(word in name for word in ("history", ".htpasswd")):
        return False
    if name.rpartition(".")[2] in KEY_ENDINGS:
        return data.lstrip().startswith(b"-----BEGIN ") and b"PRIVATE KEY-----" not in data
    text = CREDENTIALS.get(name) or CREDENTIALS[".env"] if name.startswith(".env") else CREDENTIALS.get(name, "")
    return any(word in text for word in ("may hold", "often secrets")) or name in {"settings.xml", "config.json"}


def fact(path: str, kind: EntryKind) -> FileFact | None:
    """A leftover as a fact: "leftover", or "credential-file" for a file that probably holds a secret."""
    directory, _, name = path.rpartition("/")
    if kind == "directory":
        text = DIRECTORIES.get(name)
        fact = FileFact("leftover", path, detail=text) if text else None
    elif kind in {"file", "hard link"}:
        fact = _file(path, directory, name)
    else:
        return None
    if fact is None or (name not in REPOSITORIES and _is_theirs(path)):
        return None
    return fact


def _file(path: str, directory: str, name: str) -> FileFact | None:
    if text := CREDENTIALS.get(name) or _credential(directory, name):
        return FileFact("credential-file", path, detail=text)
    if text := FILES.get(name) or _leftover(name):
        return FileFact("leftover", path, detail=text)
    return None


def _credential(directory: str, name: str) -> str:
    if name in IN_DIRECTORY:
        parents, text = IN_DIRECTORY[name]
        return text if directory.rpartition("/")[2] in parents.split(" ") else ""
    if name.startswith(".env."):
        # What ends so is a pattern to copy from, without secrets.
        return "" if name.endswith(("example", "sample", "template", "dist", "defaults")) else CREDENTIALS[".env"]
    if name.startswith("ssh_host_") and name.endswith("_key"):
        return "an SSH host key, the same for everybody who has this image"
    stem, dot, ending = name.rpartition(".")
    if not dot or ending not in KEY_ENDINGS or directory.startswith("etc/ssl/certs"):
        return ""
    low = stem.lower()
    if ending == "pem" and (
        low == "ca" or low.startswith(("ca-", "ca_", "cacert")) or any(w in low for w in PUBLIC_WORDS)
    ):
        return ""
    return "a file that by its name holds a private key"


def _leftover(name: str) -> str:
    if name.startswith("Dockerfile."):
        return FILES["Dockerfile"]
    if name.startswith("docker-compose.") and name.endswith((".yml", ".yaml")):
        return FILES["compose.yml"]
    return "unsaved work of an editor" if name.startswith(".") and name.endswith((".swp", ".swo")) else ""


def _is_theirs(path: str) -> bool:
    theirs = path.startswith(THEIRS) and not path.startswith(SITES)
    return theirs or any(part in path for part in THEIRS_WITHIN)
