"""Finds the namespaces of manifests, and the Pod Security level that their labels enforce."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.kubernetes.podsecurity import NEWEST
from sealock.formats.kubernetes.resources import resources
from sealock.model.podsecurity import LEVELS, PodSecurityLevel
from sealock.patterns import compile_lazily

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_VERSION: Final = "pod-security.kubernetes.io/enforce-version"
_MINOR: Final = compile_lazily(r"v1\.(0|[1-9][0-9]{0,2})")


def find_enforcing(root: ManifestValue) -> Iterator[tuple[str, PodSecurityLevel, int, ManifestValue]]:
    """Yield each namespace with its name, the level and minor version that it enforces, and the label.

    A level that is none is the strictest, and a version that is none is the newest, as the admission controller has it.
    """
    for resource in resources(root):
        if resource.word("kind") != "Namespace" or resource.word("apiVersion") != "v1":
            continue
        label = resource.at("metadata", "labels", _ENFORCE)
        if label is None:
            continue
        written = resource.word("metadata", "labels", _ENFORCE)
        level: PodSecurityLevel = next((level for level in LEVELS if level == written), "restricted")
        match = _MINOR.fullmatch(resource.word("metadata", "labels", _VERSION))
        minor = min(int(match[1]), NEWEST) if match else NEWEST
        yield resource.word("metadata", "name"), level, minor, label
