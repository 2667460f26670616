"""Which files a program makes manifests of: kustomizations and Helm charts."""

from __future__ import annotations

import os
import re
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.formats.yamltree import parse, scalars
from sealock.patterns import compile_lazily
from sealock.targets.files import read_named

_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})
_COMPONENT: Final = compile_lazily(r"^kind:[ \t]*Component\b", re.MULTILINE)


def is_renderable(path: str) -> bool:
    """Whether a file of this name is a kustomization or a chart."""
    return is_chart(path) or os.path.basename(path).lower() in _KUSTOMIZATIONS


def is_chart(path: str) -> bool:
    """Whether a file of this name is a chart."""
    return os.path.basename(path) == "Chart.yaml"


def named_parts(path: str) -> set[str]:
    """The paths that a kustomization names: its resources and patches; none of another file."""
    if os.path.basename(path).lower() not in _KUSTOMIZATIONS:
        return set()
    try:
        text = read_named(path, outside=True)
    except FileRefusedError:
        return set()
    directory = os.path.dirname(path)
    return {os.path.normpath(os.path.join(directory, scalar.text)) for scalar in scalars(parse(text))}


def is_part(path: str) -> bool:
    """Whether what lies there is only a part of something else: a subchart, or a kustomization's component."""
    if is_chart(path):
        above = os.path.dirname(os.path.dirname(os.path.abspath(path)))
        return os.path.basename(above) == "charts" and os.path.isfile(
            os.path.join(os.path.dirname(above), "Chart.yaml")
        )
    try:
        return _COMPONENT.search(read_named(path, outside=True)) is not None
    except FileRefusedError:
        return False
