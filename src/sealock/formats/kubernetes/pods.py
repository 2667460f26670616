"""Finds the pods of manifests, wherever a resource has the specification of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.formats.kubernetes.manifest import ManifestValue

_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_OF_GROUP: Final = {"tekton.dev": ("steps", "sidecars"), "argoproj.io": ("container", "script", "sidecars")}
"""Keys with the containers of custom resources that have no pod specification as such."""
_KUBERNETES: Final = frozenset({"v1", "apps", "batch"})
"""API groups of Kubernetes itself, in which a key of containers holds nothing else."""
_NO_PODS: Final = frozenset({
    "annotations", "binaryData", "data", "labels", "matchLabels", "metadata", "openAPIV3Schema", "selector", "status",
    "stringData",
})  # fmt: skip
"""Keys below which no pod is declared."""
_RUN_TO_COMPLETION: Final = frozenset({"Job", "CronJob"})


class PodContainer(Struct, frozen=True):
    """A container of a pod: its value and the key of its list, such as "initContainers".

    `template` has what a container inherits, key by key: the steps of a Tekton task have one.
    """

    value: ManifestValue
    group: str
    template: ManifestValue | None = None
    amounts: str = "resources"
    """The key of its requests and limits, which Tekton's v1 calls otherwise."""

    def keys(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of a field as this kind of container has them."""
        return (self.amounts, *keys[1:]) if keys[:1] == ("resources",) else keys

    def inherited(self, *keys: str) -> ManifestValue | None:
        """The value that it has from its template, where its own text has none."""
        own = self.template is None or self.value.at(*keys) is not None
        return None if own or self.template is None else self.template.at(*keys)


class Pod(Struct, frozen=True):
    """The specification of a pod, with its metadata if it has some, and the resource that it belongs to."""

    resource: ManifestValue
    spec: ManifestValue
    metadata: ManifestValue | None
    kind: str
    name: str
    containers: tuple[PodContainer, ...]
    wrong: tuple[ManifestValue, ...] = ()
    """What should be a container or a list of them, and is none."""

    @property
    def is_whole(self) -> bool:
        """Whether it is a pod's specification, rather than a part from which a controller makes one."""
        return all(member.group in _CONTAINERS for member in self.containers)

    @property
    def serves(self) -> bool:
        """Whether its containers should run for ever, so that a probe has something to watch."""
        return self.kind not in _RUN_TO_COMPLETION


class _Resource(Struct, frozen=True):
    value: ManifestValue
    kind: str = ""
    name: str = ""
    api_group: str = ""


def find_pods(root: ManifestValue) -> Iterator[Pod]:
    """Find the pods of a document in the order of the text; none of a document that is no resource."""
    pending: list[tuple[ManifestValue, ManifestValue | None, _Resource]] = [(root, None, _Resource(root))]
    while pending:
        value, parent, resource = pending.pop()
        if value.is_list:
            pending += ((item, None, resource) for item in reversed(value.items))
        if not value.is_mapping:
            continue
        if value.word("apiVersion") and value.word("kind"):
            metadata = value.at("metadata")
            name = (metadata.word("name") or metadata.word("generateName")) if metadata is not None else ""
            resource = _Resource(value, value.word("kind"), name, value.word("apiVersion").partition("/")[0])
        lists: dict[str, ManifestValue] = {}
        if resource.kind:
            keys = (*_CONTAINERS, *_OF_GROUP.get(resource.api_group, ()))
            lists = {key: inner for key in keys if (inner := value.at(key)) is not None}
            template = value.at("stepTemplate") if resource.api_group == "tekton.dev" else None
            amounts = "computeResources" if resource.value.word("apiVersion") == "tekton.dev/v1" else "resources"
            containers, wrong = _split(lists, template, amounts)
            if containers or (wrong and resource.api_group in _KUBERNETES):
                metadata = parent.at("metadata") if parent is not None else None
                # Argo's templates keep metadata beside the container.
                metadata = metadata or value.at("metadata")
                yield Pod(
                    resource.value, value, metadata, resource.kind, resource.name, tuple(containers), tuple(wrong)
                )
        pending += (
            (inner, value, resource)
            for key, inner in reversed(value.entries.items())
            if key not in _NO_PODS and key not in lists
        )


def _split(
    lists: dict[str, ManifestValue], template: ManifestValue | None, amounts: str
) -> tuple[list[PodContainer], list[ManifestValue]]:
    """The containers in some keys of a pod, and what stands there and is no container."""
    containers: list[PodContainer] = []
    wrong: list[ManifestValue] = []
    for key, value in lists.items():
        single = value.is_mapping and key not in _CONTAINERS
        if not single and not value.is_list:
            wrong.append(value)
        for item in (value,) if single else value.items:
            if item.is_mapping and (item.word("name") or item.at("image") is not None):
                own = key in _OF_GROUP["tekton.dev"]
                inherits = template if key == "steps" else None
                containers.append(PodContainer(item, key, inherits, amounts if own else "resources"))
            else:
                wrong.append(item)
    return containers, wrong
