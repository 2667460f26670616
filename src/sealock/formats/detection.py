"""Recognises the kind of a text by its name and its beginning."""

from __future__ import annotations

import re
from typing import Final

from sealock.model.document import DocumentKind

_NAMES: Final[tuple[tuple[str, DocumentKind], ...]] = (
    (r"(.*[./_-])?(docker|container)file([./_-].*)?", "dockerfile"),
    (r"(.*[._-])?(docker-)?compose([._-].*)?\.ya?ml", "compose"),
    (r".*\.(sh|bash|zsh|ksh|mk|service|md|markdown)", "run"),
    (r"(gnu)?makefile|\.gitlab-ci\.ya?ml", "run"),
    (r"daemon\.json", "daemon"),
)
_NOT_DOCKERFILE: Final = re.compile(
    r".*\.(py|go|js|ts|rb|rs|java|md|json|sh|yml|yaml|html|dockerignore)$", re.IGNORECASE
)
_ENGINE: Final = (
    "authorization-plugins|cgroup-parent|data-root|debug|default-[a-z-]+|experimental|hosts|icc|insecure-registries"
    "|ip6?tables|live-restore|log-driver|log-level|log-opts|metrics-addr|no-new-privileges|proxies|registry-mirrors"
    "|seccomp-profile|storage-driver|tlsverify|userland-proxy|userns-remap"
)
"""Keys that distinguish daemon.json from other JSON."""
_TEXTS: Final[tuple[tuple[str, DocumentKind], ...]] = (
    (r"\s*\{\s*\"sealock\"\s*:", "inventory"),
    (r"\s*\{\s*\"observed\"\s*:", "observed"),
    (r"\s*\{[\s\S]{0,4096}?\"(bomFormat|spdxVersion)\"\s*:", "inventory"),
    (r"\s*\{[\s\S]{0,65536}\"(rootfs|history|container_config|architecture)\"\s*:", "image-config"),
    (rf"\s*\{{[\s\S]{{0,4096}}?\"({_ENGINE})\"\s*:", "daemon"),
    (r"(\s*#.*\n|\s*\n)*\s*(FROM\s+\S|ARG\s+\w)", "dockerfile"),
    (r"[\s\S]{0,65536}?^(services|include)\s*:", "compose"),
    (r"[\s\S]{0,262144}?\b(docker|podman|nerdctl)\s+(\S+\s+){0,8}(run|create)\b", "run"),
    (r"#!\s*/\S*(sh|env\s+\w*sh)\b", "run"),
)


def sniff(name: str, text: str) -> DocumentKind | None:
    """Return the kind of a text, None where it is not recognised."""
    base = name.replace("\\", "/").rpartition("/")[2]
    for pattern, kind in _NAMES:
        if re.fullmatch(pattern, base, re.IGNORECASE) and not (kind == "dockerfile" and _NOT_DOCKERFILE.match(base)):
            return kind
    for pattern, kind in _TEXTS:
        if re.match(pattern, text, re.MULTILINE):
            return kind
    return None
