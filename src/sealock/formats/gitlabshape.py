"""Recognises a pipeline of GitLab by its content, whatever its name: jobs with a script at the top."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    from sealock.formats.yamltree import YamlNode, YamlTree

_SCRIPT: Final = compile_lazily(r"^[ \t]+[\"']?script[\"']?[ \t]*:", re.MULTILINE)
"""What is quick to search for: the script of a job, which is not at the margin."""
_OF_JOBS: Final = frozenset({"stage", "rules", "only", "except", "extends", "before_script", "after_script", "needs"})
"""Keys of which a job has one, beside its script."""
_OF_OTHERS: Final = frozenset({
    "apiVersion", "jobs", "kind", "language", "on", "pipeline", "pipelines", "pool", "steps", "tasks", "version",
})  # fmt: skip
"""Keys at the top of other systems' pipelines and of other files with scripts."""


def is_gitlab(path: str, text: str) -> bool:
    """Whether a file of YAML is a pipeline of GitLab, or a part of one that others include."""
    if not path.lower().endswith((".yml", ".yaml")) or "script" not in text or _SCRIPT.search(text) is None:
        return False
    from sealock.formats import yamltree  # noqa: PLC0415  it loads PyYAML, and most texts end above

    return has_jobs(yamltree.parse(text))


def has_jobs(tree: YamlTree) -> bool:
    """Whether a text that is read is a pipeline of GitLab."""
    from sealock.formats import yamltree  # noqa: PLC0415  as above

    broken = any(not flaw.message.startswith(yamltree.DUPLICATE_KEY) for flaw in tree.flaws)
    return not broken and any(map(_is_pipeline, tree.documents))


def _is_pipeline(document: YamlNode) -> bool:
    from sealock.formats.yamltree import Mapping, Scalar, Sequence, target  # noqa: PLC0415  as above

    top = target(document)
    if not isinstance(top, Mapping) or not _OF_OTHERS.isdisjoint(_keys(top)):
        return False
    services = top.get("services")
    if services is not None and not isinstance(target(services), Sequence):
        return False
    jobs = [job for _, value in top.entries if isinstance(job := target(value), Mapping)]
    return any(
        script is not None and isinstance(target(script), Scalar | Sequence) and not _OF_JOBS.isdisjoint(_keys(job))
        for job in jobs
        for script in (job.get("script"),)
    )


def _keys(value: YamlNode) -> set[str]:
    from sealock.formats.yamltree import Mapping, Scalar  # noqa: PLC0415  as above

    entries = value.entries if isinstance(value, Mapping) else ()
    return {key.text for key, _ in entries if isinstance(key, Scalar)}
