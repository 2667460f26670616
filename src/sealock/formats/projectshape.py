"""Recognises a compose file by its content, whatever its name: services with the keys of Compose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    from sealock.formats.yamltree import YamlNode

_SERVICES: Final = compile_lazily(
    r"(?:^|[{,])[ \t]*(?:\?[ \t]+)?(?:[&!][^\s,]*[ \t]+)*[\"']?(?:services|include)[\"']?[ \t]*(?::|$)", re.MULTILINE
)
_KEY: Final = compile_lazily(r"(?:services|include)[\"']?[ \t\r]*(?::|$)", re.MULTILINE)
"""What is quick to search for, before `_SERVICES`."""
_HIDDEN_KEY: Final = compile_lazily(r"\"[^\"\n\\]{0,40}\\[xuU][^\"\n]{0,80}\"[ \t]*:")
"""A key that is written with escapes."""
_PLATFORM: Final = "captainVersion"
"""The key of a template of CapRover: services with the keys of Compose, and others, under names to fill in."""
_AT_MARGIN: Final = compile_lazily(r"^services[ \t]*:", re.MULTILINE)
_SERVICE: Final = compile_lazily(r"\b(?:image|build|extends|provider)\b[\"']?[ \t]*:")
_SERVICE_KEYS: Final = frozenset({
    "build", "cap_add", "cap_drop", "command", "container_name", "depends_on", "deploy", "devices", "entrypoint",
    "env_file", "environment", "extends", "image", "ipc", "network_mode", "networks", "pid", "ports", "privileged",
    "restart", "security_opt", "user", "volumes", "volumes_from",
})  # fmt: skip
_TOP: Final = frozenset({
    "configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes",
})  # fmt: skip
_OTHER_INCLUDES: Final = frozenset({"local", "remote", "template", "component"})
"""Keys of an include in GitLab's pipelines."""
_OTHER: Final = compile_lazily(
    r".*\.(?:md|mdx|markdown|rst|adoc|asciidoc|org|tex|sh|bash|zsh|ksh|fish|ps1|psm1|bat|cmd|mk|service|toml|ini|cfg|conf)",
    re.IGNORECASE,
)
"""Names of texts that are never one document of YAML or JSON."""


def may_be_document(name: str) -> bool:
    """Whether a file of this name may hold a document of YAML or JSON, such as compose.yml.example or stack.txt."""
    return _OTHER.fullmatch(name) is None


def has_hidden_key(text: str) -> bool:
    """Whether a text has a key that is written with escapes."""
    return "\\" in text and _HIDDEN_KEY.search(text) is not None


def is_project(name: str, text: str) -> bool:
    """Whether a text with this file name is a compose file."""
    if not may_be_document(name):
        return False
    if (_KEY.search(text) is None or _SERVICES.search(text) is None) and not has_hidden_key(text):
        return False
    from sealock.formats import yamltree  # noqa: PLC0415  it loads PyYAML, and most texts end above

    tree = yamltree.parse(text)
    if tree.flaws:
        return bool(_AT_MARGIN.search(text) and _SERVICE.search(text)) and name.lower().endswith((".yml", ".yaml"))
    return any(map(is_project_node, tree.documents))


def is_project_node(document: YamlNode) -> bool:
    """Whether a document of YAML is a compose file."""
    from sealock.formats.yamltree import Mapping, Scalar, Sequence, target  # noqa: PLC0415  as above

    top = target(document)
    if not isinstance(top, Mapping):
        return False
    keys = {key.text for key, _ in top.entries if isinstance(key, Scalar)} - {"<<"}
    if _PLATFORM in keys:
        return False
    only_known = all(key in _TOP or key.startswith("x-") for key in keys)
    value = top.get("services")
    if value is None and (merged := top.get("<<")) is not None and isinstance(other := target(merged), Mapping):
        value = other.get("services")
    services = target(value) if value is not None else None
    if isinstance(services, Mapping):
        parts = [target(value) for _, value in services.entries]
        if not parts:
            return only_known
        mappings = [part for part in parts if isinstance(part, Mapping)]
        named = {key.text for part in mappings for key, _ in part.entries if isinstance(key, Scalar)}
        return not _SERVICE_KEYS.isdisjoint(named) or (only_known and not named and len(keys) > 1)
    included = target(value) if (value := top.get("include")) is not None else None
    if services is not None or not only_known or not isinstance(included, Sequence):
        return False
    items = [target(item) for item in included.items]
    return not any(
        isinstance(item, Mapping)
        and (item.get("path") is None or any(item.get(key) is not None for key in _OTHER_INCLUDES))
        for item in items
    )
