"""Recognises the kind of a text by its name and its beginning."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from sealock.formats import runcalls as calls
from sealock.model.document import DocumentKind
from sealock.patterns import compile_lazily

_Start: TypeAlias = tuple[tuple[str, ...], str, DocumentKind]
"""Words of which a text has one if it starts like this, which are quick to look for; the pattern; the kind."""
_NAMES: Final[tuple[tuple[re.Pattern[str], DocumentKind], ...]] = (
    (compile_lazily(r"(.*[._-])?(docker-)?compose([._-].*)?\.ya?ml", re.IGNORECASE), "compose"),
    (compile_lazily(r".*\.(sh|bash|zsh|ksh|mk|service|md|markdown)", re.IGNORECASE), "run"),
    (compile_lazily(r"(gnu)?makefile|\.gitlab-ci\.ya?ml", re.IGNORECASE), "run"),
    (compile_lazily(r"daemon\.json", re.IGNORECASE), "daemon"),
)
_COMPOSE: Final = compile_lazily(r"(docker-)?compose(\.override)?\.ya?ml")
"""The names that Compose looks for."""
_COMPOSE_KEY: Final = compile_lazily(
    r"(?:^|\A\s+|[{,]\s*)[\"']?"
    r"(?:services|include|networks|volumes|configs|secrets|models|name|version|x-[\w-]+)[\"']?[ \t]*:",
    re.MULTILINE,
)
"""A key that a project has: the reference of Compose's commands has files of like names."""
_TASKS: Final = compile_lazily(
    r"\s*(?:(?:#|---)[^\n]*\n\s*)*- +[\"']?"
    r"(?:name|hosts|block|when|tags|(?:ansible\.builtin\.)?(?:include|import|set|debug)\w*)[\"']?:"
)
"""The start of Ansible's tasks and playbooks, which are lists: `roles/x/tasks/compose.yml`."""
_WORKFLOW: Final = compile_lazily(
    r"(?=[\s\S]*?^[\"']?on[\"']?[ \t]*:)(?=[\s\S]*?^[\"']?jobs[\"']?[ \t]*:)", re.MULTILINE
)
"""The keys that each workflow of GitHub has: `.github/workflows/docker-compose.yml`."""
_CONTENT: Final = compile_lazily(r"^[ \t]*[^\s#]", re.MULTILINE)
_DOCKERFILE: Final = compile_lazily(
    r"(.*\.)?(docker|container)file([._-].*)?|.*[_-](docker|container)file(\..*)?", re.IGNORECASE
)
"""A name of Dockerfiles. In `fix_dockerfile_option.txt` it is a word; such a file shows by its text what it is."""
_NOT_DOCKERFILE: Final = compile_lazily(
    r".*\.(py|go|js|jsx|ts|tsx|rb|rs|java|kt|kts|scala|groovy|gradle|swift|dart|lua|pl|ex|exs|c|cc|cpp|h|cs|php|sql|css|md|rst|adoc"
    r"|json|jsonc|toml|tf|hcl|nix|xml|proto|sh|bats|ps1|yml|yaml|html|svg|png|snap|dockerignore|containerignore|rego|license|golden|earth)",
    re.IGNORECASE,
)
TEMPLATE_ENDINGS: Final = (
    ".in", ".tmpl", ".tpl", ".template", ".j2", ".jinja", ".jinja2", ".erb", ".m4", ".mustache", ".ejs", ".gotmpl",
    ".hbs", ".handlebars", ".liquid", ".mako", ".tftpl", ".ftl", ".njk", ".twig",
)  # fmt: skip
_TEMPLATE_OPTION: Final = "${templateOption:"
"""What the templates of development containers have in place of what their users choose."""
_SIGNS: Final = ("{{", "{%", "<%", "%%", "@")
_FILLED_FROM: Final = compile_lazily(
    r"^[ \t]*FROM[ \t][^\n#]*(?:\{\{|\{%|<%|%%\w+%%|@\w+@)", re.MULTILINE | re.IGNORECASE
)
"""An image that another program fills in, which no builder takes."""
LEFTOVER_ENDINGS: Final = (".rej", *(f".sw{letter}" for letter in "abcdefghijklmnop"))
"""Of rejected patches and editors' swap files."""
_KEYS: Final = (
    "authorization-plugins", "cgroup-parent", "data-root", "default-address-pools", "default-cgroupns-mode",
    "default-gateway", "default-ipc-mode", "default-runtime", "default-shm-size", "default-ulimits", "exec-opts",
    "insecure-registries", "ip6tables", "iptables", "live-restore", "log-opts", "metrics-addr", "no-new-privileges",
    "registry-mirrors", "seccomp-profile", "storage-driver", "tlsverify", "userland-proxy", "userns-remap",
)  # fmt: skip
"""Keys that only daemon.json has."""
_ENGINE: Final = f"{'|'.join(_KEYS)}|debug|default-[a-z-]+|experimental|hosts|icc|log-driver|log-level|proxies"
_DOCKERFILE_START: Final = r"(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*(?:FROM\s+\S|ARG\s+\w)"
_FROM: Final = compile_lazily(r"^[ \t]*FROM[ \t]+\S+[ \t]*(?:\r?$|AS[ \t])", re.MULTILINE | re.IGNORECASE)
_JSON: Final[tuple[_Start, ...]] = (
    (("sealock",), r"\s*\{\s*\"sealock\"\s*:", "inventory"),
    (("observed",), r"\s*\{\s*\"observed\"\s*:", "observed"),
    (("bomFormat", "spdxVersion"), r"\s*\{[\s\S]{0,4096}?\"(bomFormat|spdxVersion)\"\s*:", "inventory"),
)
_JSON_START: Final = compile_lazily(r"\s*\{")
_KEY: Final = r"[\s\S]{0,65536}?(?:^|[{,])[ \t]*[\"']?%s[\"']?[ \t]*:"
_MANIFEST: Final = (
    rf"(?={_KEY % 'apiVersion'})(?={_KEY % 'kind'})"
    r"(?=[\s\S]{0,65536}?\b(?:[cC]ontainers[\"']?[ \t]*:|kind[\"']?[ \t]*:[ \t]*[\"']?(?:ConfigMap|Secret)\b))"
)
_NAMELESS: Final[tuple[_Start, ...]] = (
    *_JSON,
    (("apiVersion",), _MANIFEST, "kubernetes"),
    (
        ("rootfs", "history", "container_config", "architecture"),
        r"\s*\{[\s\S]{0,65536}\"(rootfs|history|container_config|architecture)\"\s*:",
        "image-config",
    ),
    (("{",), rf"\s*\{{[\s\S]{{0,4096}}?\"({_ENGINE})\"\s*:", "daemon"),
    (("FROM", "ARG"), _DOCKERFILE_START, "dockerfile"),
    (("services", "include"), r"[\s\S]{0,65536}?^(services|include)\s*:", "compose"),
)
"""What texts without a name start with: they are one of the formats that sealock reads."""
_NAMED: Final[tuple[_Start, ...]] = (
    *_JSON,
    (
        ("rootfs", "container_config"),
        r"\s*\{[\s\S]{0,65536}?\"(rootfs\"\s*:\s*\{\s*\"(type|diff_ids)|container_config)\"",
        "image-config",
    ),
    (
        ("architecture",),
        (
            r"\s*\{(?=[\s\S]{0,65536}?\"architecture\"\s*:)(?=[\s\S]{0,65536}?\"os\"\s*:)"
            r"[\s\S]{0,65536}?\"config\"\s*:\s*\{"
        ),
        "image-config",
    ),
    (_KEYS, rf"\s*\{{[\s\S]{{0,4096}}?\"({'|'.join(_KEYS)})\"\s*:", "daemon"),
)
"""The same of files with any name, in which other JSON is likelier. All of them are JSON."""


def is_dockerfile_name(base: str) -> bool:
    """Whether a file of this name is a Dockerfile."""
    return _DOCKERFILE.fullmatch(base) is not None and _NOT_DOCKERFILE.fullmatch(base) is None


def is_plain_dockerfile(base: str) -> bool:
    """Whether a file of this name is a Dockerfile, and no template, rejected patch or swap file of one."""
    return is_dockerfile_name(base) and not base.lower().endswith(TEMPLATE_ENDINGS + LEFTOVER_ENDINGS)


def is_template_of_dockerfile(base: str, text: str) -> bool:
    """Whether a text shows what the name of a Dockerfile does not: that it is a template of one."""
    starts = "." in base and text.lstrip().startswith(("{{", "{%", "<%"))
    is_filled_in = any(sign in text for sign in _SIGNS) and _FILLED_FROM.search(text) is not None
    return starts or _TEMPLATE_OPTION in text or is_filled_in


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


def _may_be_project(base: str, text: str) -> bool:
    """Whether a file that is named like a compose file is one, or is empty: many a program's settings are called so."""
    if "jobs" in text and _WORKFLOW.match(text) is not None:
        return False
    if _COMPOSE.fullmatch(base) is not None:
        return _TASKS.match(text) is None
    return _COMPOSE_KEY.search(text) is not None or not _CONTENT.search(text)


def sniff(name: str, text: str) -> DocumentKind | None:
    """Return the kind of a text, None where it is not recognised."""
    base = name.replace("\\", "/").rpartition("/")[2]
    if is_dockerfile_name(base):
        return "dockerfile"
    for named, kind in _NAMES:
        if named.fullmatch(base) and (kind != "compose" or _may_be_project(base, text)):
            return kind
    for words, pattern, kind in _NAMELESS if not base else _NAMED if _JSON_START.match(text) else ():
        if any(word in text for word in words) and re.match(pattern, text, re.MULTILINE):
            return kind
    if base and re.match(_DOCKERFILE_START, text) and _FROM.search(text):
        return "dockerfile"
    shell = calls.interpreter(text)
    may_run = calls.may_run(text) or calls.sources_engine(text)
    return "run" if may_run or (shell and calls.is_bourne(shell)) else None
