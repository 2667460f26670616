"""Which files are not looked into for secrets, by their folder, name and ending."""

from __future__ import annotations

from typing import Final

THEIRS: Final = (
    "usr/share/", "usr/lib/", "usr/lib64/", "usr/lib32/", "usr/libx32/", "usr/libexec/", "usr/include/", "usr/src/",
    "usr/bin/", "usr/sbin/", "usr/games/", "lib/", "lib64/", "lib32/", "libx32/", "bin/", "sbin/", "boot/", "proc/",
    "sys/", "dev/", "var/lib/dpkg/", "var/lib/apt/", "var/lib/rpm/", "var/lib/pacman/", "var/cache/", "etc/ssl/certs/",
    "etc/ca-certificates/", "etc/alternatives/", "usr/local/include/", "usr/local/go/", "usr/local/share/man/",
    "usr/local/share/doc/", "usr/local/share/locale/", "opt/conda/pkgs/", "opt/yarn", "nix/store/",
)  # fmt: skip
"""Where packages put their files."""

WITHIN: Final = frozenset({
    "node_modules", "site-packages", "dist-packages", "gems", "bower_components", "jspm_packages", "vendor", ".venv",
    ".cache", ".npm", "pnpm", "__pycache__", "_cacache", "mod", "registry", "objects", "locale", "locales", "i18n",
    "l10n", "lang", "translations", "man", "doc", "docs", "licenses", "zoneinfo", "__snapshots__", "python2.7",
    *(f"python3.{minor}" for minor in range(40)),
})  # fmt: skip
"""Folders of what others made, of documentation and of translations, wherever they are."""

BINARY: Final = frozenset({
    "so", "a", "o", "ko", "gz", "xz", "bz2", "zst", "zip", "jar", "war", "ear", "class", "pyc", "pyo", "whl", "egg",
    "png", "jpg", "jpeg", "gif", "ico", "webp", "svg", "svgz", "bmp", "tif", "tiff", "woff", "woff2", "ttf", "otf",
    "eot", "mp3", "mp4", "ogg", "wav", "avi", "webm", "pdf", "ps", "djvu", "mo", "gmo", "po", "pot", "wasm", "node",
    "dll", "exe", "pdb", "bin", "dat", "db", "sqlite", "sqlite3", "tar", "tgz", "deb", "rpm", "apk", "npy", "npz",
    "pkl", "pt", "onnx", "gguf", "safetensors", "parquet", "csv", "tsv", "p12", "pfx", "jks", "der", "crt", "cer",
    "crl", "gpg", "asc", "sig", "pub", "map", "css", "scss", "less", "md", "rst", "adoc", "tex", "html", "htm",
    "xhtml", "1", "2", "3", "4", "5", "6", "7", "8", "9", "h", "hh", "hpp", "c", "cc", "cpp", "cxx", "f", "f90", "s",
    "asm", "pyi", "list", "md5sums", "sha256sums", "lock", "sum",
})  # fmt: skip
"""Endings of files that are no text, hold public things alone, or speak of programs to people."""

CODE: Final = frozenset({
    "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "php", "pl", "pm", "java", "kt", "kts", "scala", "groovy", "go",
    "rs", "cs", "vb", "swift", "lua", "r", "ex", "exs", "erl", "clj", "dart", "vue", "svelte", "ipynb", "sql",
})  # fmt: skip
"""Endings of programs, in which names are those of fields more often than of secrets."""

NAMED: Final = frozenset({
    "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "packages.lock.json", "passwd", "group", "services",
    "mime.types", "known_hosts", "authorized_keys", "CHANGELOG", "LICENSE", "README",
})  # fmt: skip
"""Files with many digests or names, and no secrets."""
