"""Selects the files to search for secrets, and how closely, by directory, name and ending."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final

from sealock.patterns import compile_lazily


class SecretLook(IntEnum):
    """How closely the files of a directory are searched."""

    NOTHING = 0
    """Only files whose names suggest credentials."""
    SETTINGS = 1
    """These, and settings: packages put their files there, and people theirs among them."""
    SCRIPTS = 2
    """These, and scripts, recognised by their first line."""
    TOKENS = 3
    """All text files, as if they were programs: a named value counts only if it looks random."""
    ALL = 4


_PACKAGES: Final = (
    "usr/include/", "usr/local/include/", "usr/local/go/", "usr/src/linux-", "usr/src/kernels/", "usr/src/debug/",
    "var/lib/dpkg/", "var/lib/apt/", "var/lib/rpm/", "var/lib/pacman/", "opt/conda/pkgs/", "opt/yarn",
)  # fmt: skip
"""Directories that hold only files of packages."""
_THEIRS: Final = (
    "usr/share/", "usr/lib/", "usr/lib64/", "usr/lib32/", "usr/libx32/", "lib/", "lib64/", "lib32/", "libx32/", "boot/",
    "var/cache/", "nix/store/",
)  # fmt: skip
"""Directories with most files of packages."""
_PROGRAMS: Final = ("usr/bin/", "usr/sbin/", "usr/games/", "usr/libexec/", "bin/", "sbin/")
SITES: Final = ("usr/share/nginx/", "usr/share/caddy/", "usr/share/httpd/", "usr/lib/cgi-bin/")
"""Directories among these that people's own files are for."""
_OTHERS: Final = frozenset({
    "node_modules", "site-packages", "dist-packages", "gems", "bower_components", "jspm_packages", "vendor",
    "__pycache__", "_cacache", "locale", "man", "zoneinfo",
})  # fmt: skip
"""Directories of what others made, wherever they are."""
_OTHERS_WITHIN: Final = (
    "/pkg/mod/",
    "cargo/registry/",
    ".git/objects/",
    "/pnpm/store/",
    "/lib/python3.",
    "/lib/python2.",
)
_PROSE: Final = frozenset({
    "locales", "i18n", "l10n", "lang", "translations", "doc", "docs", "licenses", "__snapshots__",
})  # fmt: skip
"""Directories of documentation and of translations."""

BINARY: Final = frozenset({
    "so", "a", "o", "ko", "gz", "xz", "bz2", "zst", "zip", "jar", "war", "ear", "class", "pyc", "pyo", "whl", "egg",
    "png", "jpg", "jpeg", "gif", "ico", "webp", "svg", "svgz", "bmp", "tif", "tiff", "woff", "woff2", "ttf", "otf",
    "eot", "mp3", "mp4", "ogg", "wav", "avi", "webm", "pdf", "ps", "djvu", "mo", "gmo", "po", "pot", "wasm", "node",
    "dll", "exe", "pdb", "bin", "dat", "db", "sqlite", "sqlite3", "tar", "tgz", "deb", "rpm", "apk", "npy", "npz",
    "pkl", "pt", "onnx", "gguf", "safetensors", "parquet", "p12", "pfx", "jks", "der", "crl", "sig", "pub", "css",
    "scss", "less", "md", "rst", "adoc", "tex", "1", "2", "3", "4", "5", "6", "7", "8", "9", "h", "hh", "hpp", "c",
    "cc", "cpp", "cxx", "f", "f90", "s", "asm", "pyi", "md5sums", "sha256sums", "lock", "sum",
})  # fmt: skip
"""Endings of binary files, of public data and of documentation."""

CODE: Final = frozenset({
    "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "php", "pl", "pm", "java", "kt", "kts", "scala", "groovy", "go",
    "rs", "cs", "vb", "swift", "lua", "r", "ex", "exs", "erl", "clj", "dart", "vue", "svelte", "ipynb", "sql", "map",
    "html", "htm", "xhtml", "csv", "tsv",
})  # fmt: skip
"""Endings of programs and the like, in which names are those of fields more often than of secrets."""

_SETTINGS: Final = frozenset({
    "env", "conf", "cfg", "cnf", "ini", "properties", "config", "yml", "yaml", "json", "toml", "xml", "service", "sh",
    "bash", "key", "pem",
})  # fmt: skip

_NAMED: Final = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "packages.lock.json", "passwd", "group", "services",
    "mime.types", "known_hosts", "authorized_keys", "CHANGELOG", "LICENSE", "README",
})  # fmt: skip
"""Files with many digests or names, and no secrets."""
_CREDENTIALS: Final = frozenset({
    ".env", ".npmrc", ".yarnrc.yml", ".pypirc", ".netrc", "_netrc", ".git-credentials", ".dockercfg",
    ".dockerconfigjson", ".pgpass", ".my.cnf", ".s3cfg", ".boto", ".vault-token", "credentials",
    "application_default_credentials.json", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
})  # fmt: skip
SMALLEST: Final = 12
LARGEST: Final = 1 << 20
"""Maximum bytes of a file to search."""


@lru_cache(maxsize=1024)
def looks_into(directory: str) -> SecretLook:
    """How closely to search the files right in a directory."""
    inside, parts = directory + "/", directory.split("/")
    if (
        inside.startswith(_PACKAGES)
        or not _OTHERS.isdisjoint(parts)
        or any(within in f"/{inside}" for within in _OTHERS_WITHIN)
    ):
        return SecretLook.NOTHING
    prose = not _PROSE.isdisjoint(parts)
    if inside.startswith(_THEIRS) and not inside.startswith(SITES):
        return SecretLook.NOTHING if prose else SecretLook.SETTINGS
    if prose:
        return SecretLook.TOKENS
    return SecretLook.SCRIPTS if inside.startswith(_PROGRAMS) else SecretLook.ALL


def may_hold(name: str, ending: str, size: int, look: SecretLook) -> bool:
    """Whether to search a file with this name and ending, given how closely its directory is searched."""
    if not SMALLEST <= size <= LARGEST:
        return False
    if name in _CREDENTIALS:
        return True
    if look <= SecretLook.SETTINGS:
        # Most of what packages hold of settings are manifests of npm's.
        return look == SecretLook.SETTINGS and ending in _SETTINGS and name not in _NAMED and name != "package.json"
    return ending.lower() not in BINARY and name not in _NAMED


_TRANSLATION: Final = compile_lazily(
    r"(?:.*[._-]|)(?:ar|bg|ca|cs|da|de|el|en|eo|es|et|eu|fa|fi|fr|ga|gl|he|hi|hr|hu|hy|id|is|it|ja|ka|ko|lt|lv|mk|ms|"
    r"nb|nl|nn|pl|pt|ro|ru|sk|sl|sq|sr|sv|th|tr|uk|vi|zh)(?:[_-][A-Za-z]{2,4})?\.(?:json|ya?ml|properties|xml|resx)"
)
"""Files whose names end in a language: messages_de.properties, pt-BR.json."""


def is_code(directory: str, name: str) -> bool:
    """Whether names in such a file are mostly names of fields or of labels, not of secrets."""
    ending = name.rpartition(".")[2].lower()
    return ending in CODE or _TRANSLATION.fullmatch(name) is not None or looks_into(directory) == SecretLook.TOKENS
