"""The facts of a rule in words, for its page in every format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.report import FixSafety, RulePage

_KINDS: Final = {
    "container": "containers",
    "build": "Dockerfiles",
    "project": "Compose projects and scripts",
    "image": "contents of images",
    "daemon": "the engine's configuration",
    "host": "hosts",
    "network": "networks of the engine",
    "enforced": "what the kernel enforces on running containers",
    "policy": "ignores, inline and in sealock.toml",
}
_FIXES: Final[dict[FixSafety, str]] = {
    "safe": "sealock check --fix (safe: programs behave as before)",
    "unsafe": "sealock check --fix --unsafe (review the change)",
    "none": "by hand",
}


def checked(rule: RulePage) -> str:
    """The kinds of nouns that the rule checks."""
    return "; ".join(_KINDS[kind] for kind in rule.kinds)


def facts(rule: RulePage) -> Iterator[tuple[str, str]]:
    """The rows at the top of the rule's page: a label and its text."""
    yield "Severity", rule.severity.word + (" (a finding's own goes by its circumstances)" if rule.varies else "")
    yield "Confidence", rule.confidence.word
    yield "Checks", checked(rule)
    yield "Fix", _FIXES[rule.fix]
    if rule.pedantic:
        yield "Pedantic", "only runs with --pedantic"
    if rule.aliases:
        yield "Also known as", ", ".join(rule.aliases)
    if rule.replaces:
        yield "Replaces", ", ".join(rule.replaces)
