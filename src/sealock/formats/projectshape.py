"""Recognises a compose file by its content, whatever its name: services with the keys of Compose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    from sealock.formats.yamltree import YamlNode

_SERVICES: Final = compile_lazily(r"(?:^|[{,])[ \t]*[\"']?(?:services|include)[\"']?[ \t]*:", re.MULTILINE)
_KEY: Final = (compile_lazily(r"services[\"']?[ \t]*:"), compile_lazily(r"include[\"']?[ \t]*:"))
"""What is quick to search for, before `_SERVICES`."""
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
_DATA: Final = (".yml", ".yaml", ".json", ".in", ".bak", ".orig", ".old", ".yaml-dist")


def is_project(name: str, text: str) -> bool:
    """Whether a text with this file name is a compose file."""
    if "." in name.lstrip(".") and not name.lower().endswith(_DATA):
        return False
    if not any(key.search(text) for key in _KEY) or _SERVICES.search(text) is None:
        return False
    from sealock.formats import yamltree  # noqa: PLC0415  it loads PyYAML, and most texts end above

    tree = yamltree.parse(text)
    if tree.flaws:
        return bool(_AT_MARGIN.search(text) and _SERVICE.search(text)) and name.lower().endswith((".yml", ".yaml"))
    return any(is_project_node(node) for node in tree.documents if node is not None)


def is_project_node(document: YamlNode) -> bool:
    """Whether a document of YAML is a compose file."""
    from sealock.formats.yamltree import Mapping, Scalar, Sequence, target  # noqa: PLC0415  as above

    top = target(document)
    if not isinstance(top, Mapping):
        return False
    keys = {key.text for key, _ in top.entries if isinstance(key, Scalar)}
    only_known = all(key in _TOP or key.startswith("x-") for key in keys)
    services = target(value) if (value := top.get("services")) is not None else None
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
        isinstance(item, Mapping) and any(item.get(key) is not None for key in _OTHER_INCLUDES) for item in items
    )
