"""Evaluates the workloads of manifests by the Pod Security Standards, as the cluster's admission controller would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sealock import __version__
from sealock.errors import UsageError
from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.namespaces import find_enforcing
from sealock.formats.kubernetes.pods import Pod, find_pods
from sealock.formats.kubernetes.podsecurity import NEWEST, controls, violations
from sealock.model.finding import InputError
from sealock.model.location import Location, Place, Source
from sealock.model.podsecurity import (
    LEVELS,
    PodNamespace,
    PodSecurityLevel,
    PodSecurityReport,
    PodViolation,
    PodWorkload,
    SkippedManifest,
)
from sealock.patterns import compile_lazily
from sealock.scan.inputerrors import mask_errors
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.manifests import ManifestText, read_manifests

NAMES: Final = "pod-security-baseline or pod-security-restricted, with -1.N for the standards of that Kubernetes"
_NAME: Final = compile_lazily(r"pod-security-(baseline|restricted)(?:-1\.(0|[1-9][0-9]{0,2}))?")
_PATCH: Final = "a container has no image: this is a patch, and what it changes decides"
_PARTIAL: Final = "its controller makes the pod, and adds what the resource does not show"


def is_pod_security(name: str) -> bool:
    """Whether a benchmark of this name is one of the Pod Security Standards."""
    return _NAME.fullmatch(name) is not None


class _Standard(Struct, frozen=True):
    level: PodSecurityLevel
    minor: int


def _standard(name: str) -> _Standard:
    match = _NAME.fullmatch(name)
    if match is None:
        msg = f"there is no benchmark {name!r}; choose {NAMES}"
        raise UsageError(msg)
    minor = int(match[2]) if match[2] else NEWEST
    if minor > NEWEST:
        msg = f"sealock knows the Pod Security Standards up to Kubernetes 1.{NEWEST}, not 1.{minor}"
        raise UsageError(msg)
    return _Standard("baseline" if match[1] == "baseline" else "restricted", minor)


def check_pod_security(
    name: str,
    targets: Iterable[str],
    settings: Settings | None = None,
    progress: Callable[[str], None] = lambda _name: None,
) -> PodSecurityReport:
    """Evaluate every workload in the manifests of the targets by the standard with this name."""
    standard = _standard(name)
    tree = CheckRun(settings or Settings()).policies.tree
    texts = tuple(
        read_manifests(
            targets,
            lambda named, path: (root := tree.root(named)) != "" and tree.excluded(root, path),
            rendered=settings is not None and settings.render,
        )
    )
    roots: list[tuple[Source, ManifestValue]] = []
    errors: list[InputError] = []
    for text in texts:
        progress(text.path)
        errors += _errors(text)
        roots += _roots(text.source, errors)
    namespaces = tuple(namespace for source, root in roots for namespace in _enforcing(source, root))
    workloads = tuple(
        workload for source, root in roots for workload in _workloads(source, root, standard.minor, namespaces)
    )
    if not workloads and not errors:
        errors.append(InputError("there is no workload in it: no pod, and nothing with a pod template", Location("-")))
    known = dict.fromkeys((*controls("baseline", standard.minor), *controls(standard.level, standard.minor)))
    return PodSecurityReport(
        __version__,
        name,
        standard.level,
        standard.minor,
        tuple(known),
        workloads,
        namespaces,
        tuple(SkippedManifest(text.path, text.skipped) for text in texts if text.skipped),
        mask_errors(errors),
    )


def _errors(text: ManifestText) -> Iterator[InputError]:
    if text.error:
        yield InputError(text.error, Location(text.path))


def _roots(source: Source, errors: list[InputError]) -> Iterator[tuple[Source, ManifestValue]]:
    tree = parse(source.text)
    errors += (InputError(flaw.message, source.location(Place(flaw.start, flaw.end))) for flaw in tree.flaws)
    for document in tree.documents:
        yield source, ManifestValue(document, Place(document.start, document.end))


def _enforcing(source: Source, root: ManifestValue) -> Iterator[PodNamespace]:
    for name, level, minor, label in find_enforcing(root):
        yield PodNamespace(name, level, minor, source.location(label.place))


def _workloads(
    source: Source, root: ManifestValue, minor: int, namespaces: tuple[PodNamespace, ...]
) -> Iterator[PodWorkload]:
    for pod in find_pods(root):
        own = pod.resource.word("metadata", "namespace")
        yield _workload(source, pod, minor, [namespace for namespace in namespaces if namespace.name == own])


def _workload(source: Source, pod: Pod, minor: int, namespaces: Iterable[PodNamespace]) -> PodWorkload:
    name = " ".join(filter(None, (pod.kind, pod.name or pod.spec.word("name"))))
    at = source.location((pod.resource.at("metadata", "name") or pod.spec).place)
    named = pod.resource.word("metadata", "namespace")
    if pod.wrong:
        return PodWorkload(name, pod.kind, at, named, skipped="what should be its containers is no list of containers")
    if any(member.value.at("image") is None for member in pod.containers):
        return PodWorkload(name, pod.kind, at, named, skipped=_PATCH)
    found: dict[PodSecurityLevel, tuple[PodViolation, ...]] = {
        level: tuple(
            PodViolation(control, message, source.location(place))
            for control, message, place in violations(pod, level, minor)
        )
        for level in LEVELS
    }
    met: PodSecurityLevel = next(level for level in reversed(LEVELS) if not found[level])
    return PodWorkload(
        name,
        pod.kind,
        at,
        named,
        met,
        tuple(dict.fromkeys((*found["baseline"], *found["restricted"]))),
        partial="" if pod.is_whole else _PARTIAL,
        refused_by=next((space for space in namespaces if any(violations(pod, space.enforces, space.version))), None),
    )
