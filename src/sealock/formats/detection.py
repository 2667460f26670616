"""Recognises the kind of a text by its name and its beginning."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats import runcalls as calls
from sealock.model.document import DocumentKind

_NAMES: Final[tuple[tuple[re.Pattern[str], DocumentKind], ...]] = (
    (re.compile(r"(.*[._-])?(docker-)?compose([._-].*)?\.ya?ml", re.IGNORECASE), "compose"),
    (re.compile(r".*\.(sh|bash|zsh|ksh|mk|service|md|markdown)", re.IGNORECASE), "run"),
    (re.compile(r"(gnu)?makefile|\.gitlab-ci\.ya?ml", re.IGNORECASE), "run"),
    (re.compile(r"daemon\.json", re.IGNORECASE), "daemon"),
)
_DOCKERFILE: Final = re.compile(r"(.*[._-])?(docker|container)file([._-].*)?", re.IGNORECASE)
_NOT_DOCKERFILE: Final = re.compile(
    r".*\.(py|go|js|ts|rb|rs|java|c|cc|cpp|h|cs|php|md|json|toml|sh|ps1|yml|yaml|html|svg|png|dockerignore"
    r"|containerignore)",
    re.IGNORECASE,
)
TEMPLATE_ENDINGS: Final = (".in", ".tmpl", ".tpl", ".template", ".j2", ".jinja", ".jinja2", ".erb", ".m4", ".mustache",
                           ".ejs")  # fmt: skip
LEFTOVER_ENDINGS: Final = (".rej", *(f".sw{letter}" for letter in "abcdefghijklmnop"))
"""Of rejected patches and editors' swap files."""
_KEYS: Final = (
    "authorization-plugins|cgroup-parent|data-root|default-(?:address-pools|cgroupns-mode|gateway|ipc-mode|runtime"
    "|shm-size|ulimits)|insecure-registries|ip6?tables|live-restore|log-opts|metrics-addr|registry-mirrors"
    "|seccomp-profile|storage-driver|tlsverify|userland-proxy|userns-remap|exec-opts|no-new-privileges"
)
"""Keys that only daemon.json has."""
_ENGINE: Final = f"{_KEYS}|debug|default-[a-z-]+|experimental|hosts|icc|log-driver|log-level|proxies"
_DOCKERFILE_START: Final = r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*(?:FROM\s+\S|ARG\s+\w)"
_FROM: Final = re.compile(r"^[ \t]*FROM[ \t]+\S+[ \t]*(?:\r?$|AS[ \t])", re.MULTILINE | re.IGNORECASE)
_JSON: Final[tuple[tuple[str, DocumentKind], ...]] = (
    (r"\s*\{\s*\"sealock\"\s*:", "inventory"),
    (r"\s*\{\s*\"observed\"\s*:", "observed"),
    (r"\s*\{[\s\S]{0,4096}?\"(bomFormat|spdxVersion)\"\s*:", "inventory"),
)
_KEY: Final = r"[\s\S]{0,65536}?(?:^|[{,])[ \t]*[\"']?%s[\"']?[ \t]*:"
_MANIFEST: Final = rf"(?={_KEY % 'apiVersion'})(?={_KEY % 'kind'})(?=[\s\S]{{0,65536}}?\b[cC]ontainers[\"']?[ \t]*:)"
_NAMELESS: Final[tuple[tuple[str, DocumentKind], ...]] = (
    *_JSON,
    (_MANIFEST, "kubernetes"),
    (r"\s*\{[\s\S]{0,65536}\"(rootfs|history|container_config|architecture)\"\s*:", "image-config"),
    (rf"\s*\{{[\s\S]{{0,4096}}?\"({_ENGINE})\"\s*:", "daemon"),
    (_DOCKERFILE_START, "dockerfile"),
    (r"[\s\S]{0,65536}?^(services|include)\s*:", "compose"),
)
"""What texts without a name start with: they are one of the formats that sealock reads."""
_NAMED: Final[tuple[tuple[str, DocumentKind], ...]] = (
    *_JSON,
    (r"\s*\{[\s\S]{0,65536}?\"(rootfs\"\s*:\s*\{\s*\"(type|diff_ids)|container_config)\"", "image-config"),
    (r"\s*\{(?=[\s\S]{0,65536}?\"architecture\"\s*:)(?=[\s\S]{0,65536}?\"os\"\s*:)[\s\S]{0,65536}?\"config\"\s*:\s*\{",
     "image-config"),
    (rf"\s*\{{[\s\S]{{0,4096}}?\"({_KEYS})\"\s*:", "daemon"),
)  # fmt: skip
"""The same of files with any name, in which other JSON is likelier."""


def is_dockerfile_name(base: str) -> bool:
    """Whether a file of this name is a Dockerfile."""
    return _DOCKERFILE.fullmatch(base) is not None and _NOT_DOCKERFILE.fullmatch(base) is None


def is_plain_dockerfile(base: str) -> bool:
    """Whether a file of this name is a Dockerfile, and no template, rejected patch or swap file of one."""
    return is_dockerfile_name(base) and not base.lower().endswith(TEMPLATE_ENDINGS + LEFTOVER_ENDINGS)


def is_certain(base: str) -> bool:
    """Whether a file of this name is a Dockerfile, a compose file or the engine's settings, whatever it holds."""
    lowered = base.lower()
    if "compose" not in lowered and "file" not in lowered and lowered != "daemon.json":
        return False  # most files: a walk asks this of each
    return is_dockerfile_name(base) or any(
        kind != "run" and pattern.fullmatch(base) is not None for pattern, kind in _NAMES
    )


def is_named(base: str) -> bool:
    """Whether the name alone shows what a file is."""
    return is_dockerfile_name(base) or any(pattern.fullmatch(base) for pattern, _ in _NAMES)


def sniff(name: str, text: str) -> DocumentKind | None:
    """Return the kind of a text, None where it is not recognised."""
    base = name.replace("\\", "/").rpartition("/")[2]
    if is_dockerfile_name(base):
        return "dockerfile"
    for named, kind in _NAMES:
        if named.fullmatch(base):
            return kind
    for pattern, kind in _NAMED if base else _NAMELESS:
        if re.match(pattern, text, re.MULTILINE):
            return kind
    if base and re.match(_DOCKERFILE_START, text) and _FROM.search(text):
        return "dockerfile"
    shell = calls.interpreter(text)
    return "run" if calls.may_run(text) or (shell and calls.is_bourne(shell)) else None
