"""Joins what the declared and the effective view of a container report, and gives each finding the remedy that fits."""

from __future__ import annotations

from functools import lru_cache
from shlex import quote
from typing import Final, TypeGuard

from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.daemon.advice import RELOADED, describe_change
from sealock.model.absent import UNSET, Absent, given
from sealock.model.change import Add, FieldChange, Remove, Set, Swap
from sealock.model.container import Variable
from sealock.model.document import Document
from sealock.model.enforced import Enforced
from sealock.model.finding import Finding, Remedy
from sealock.model.location import Source
from sealock.rules.evaluation import Evaluation
from sealock.runtime.host.snapshot import CONFIG
from sealock.runtime.hosts import FLAGS, SETTINGS
from sealock.runtime.limitadvice import LIMITS, UNRELIABLE, advise, fitting, withheld

_PRIVILEGED: Final = "C001"
_ENGINE_DEFAULTS: Final = frozenset({"C006"})
"""Rules on what an engine can set for all its containers: the effective value counts, not what a container omits."""
_KERNEL_DECIDES: Final = frozenset({"C002", "C003", "C004", "C005"})
"""Rules on capabilities: what a process has of those that it is granted, only the kernel shows."""
_RUN: Final = "docker run x"
_UPDATABLE: Final = frozenset({
    "blkio_weight", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset_cpus", "cpuset_mems", "memory",
    "memory_reservation", "memory_swap", "pids_limit", "restart",
})  # fmt: skip
"""What `docker update` can change while a container runs."""


def merge_views(result: Evaluation, document: Document) -> Evaluation:
    """Merge findings from the declared and effective views, note which view each came from, and add the remedy command.

    The kernel shows less than the engine declares, so a rule that one view cannot decide is decided by the other.
    Effective findings that follow from --privileged are dropped.
    """
    views = {(subject.container, subject.view) for subject in document.subjects}
    both = {container for container, view in views if view == "effective" and (container, "declared") in views}
    declared = {(finding.container, finding.rule) for finding in result.findings if finding.view == "declared"}
    effective = {(finding.container, finding.rule) for finding in result.findings if finding.view == "effective"}
    undecided = {(skipped.container, skipped.rule) for skipped in result.skipped if skipped.view == "effective"}
    nouns = {subject.name: subject.noun for subject in document.subjects}
    declared_nouns = {subject.container: subject.noun for subject in document.subjects if subject.view == "declared"}
    compared = {subject.container: subject.noun for subject in document.subjects if isinstance(subject.noun, Enforced)}
    differing = [(finding.container, finding.rule) for finding in result.findings if finding.rule in UNRELIABLE]
    findings: list[Finding] = []
    for finding in result.findings:
        if document.kind == "host":
            findings.append(replace(finding, remedy=_setting(finding, document)))
            continue
        container, key = finding.container, (finding.container, finding.rule)
        note = ""
        if container in both and finding.view != "difference":
            if finding.rule in _ENGINE_DEFAULTS and key not in effective | undecided:
                continue
            if finding.rule in _KERNEL_DECIDES and key not in undecided:
                if finding.view == "declared" or (container, _PRIVILEGED) in declared:
                    continue
                note = " (declared and effective)" if key in declared else " (effective only)"
            elif finding.view == "effective":
                if key in declared or (container, _PRIVILEGED) in declared:
                    continue
                granted = _is_declared(finding, declared_nouns.get(container))
                note = " (declared and effective)" if granted else " (effective only)"
            elif key in effective:
                note = " (declared and effective)"
        rules = [rule for other, rule in differing if other == container]
        remedy = _remedy(finding, nouns.get(finding.subject), compared.get(container), rules)
        findings.append(replace(finding, message=finding.message + note, remedy=remedy))
    skipped = tuple(
        skipped
        for skipped in result.skipped
        if skipped.container not in both
        or skipped.view == "difference"
        or (skipped.view == "declared" and (skipped.container, skipped.rule) in undecided)
    )
    return Evaluation(tuple(findings), skipped)


def _setting(finding: Finding, document: Document) -> Remedy:
    """A running engine is fixed through daemon.json: the changes become the words to write there."""
    words = [describe_change(change) for change in finding.remedy.changes]
    if not words or not all(words):
        return Remedy(finding.remedy.text)
    settings, flags = document.sources.get(SETTINGS), document.sources.get(FLAGS)
    path = settings.name if settings is not None else CONFIG
    how = f"In {path}: {', '.join(words)}"
    if flags is not None and finding.location.file == flags.name:
        rest = [word for word in words if not word.startswith("take ")]
        how = "Take the flag off the engine's command line (`systemctl edit docker`)"
        how += f"; in {path}: {', '.join(rest)}" if rest else ""
    elif settings is not None:
        unsafe = "" if finding.remedy.safe else " --unsafe"
        how += f" (`sealock check {quote(path)} --only {finding.rule} --fix{unsafe}` does it)"
    live = all(getattr(change, "field", "") in RELOADED for change in finding.remedy.changes)
    after = "reload the engine (SIGHUP)" if live else "restart the engine"
    return Remedy(f"{finding.remedy.text} {how}, then {after}.")


def _is_declared(finding: Finding, noun: object) -> bool:
    """Whether the engine declares what a finding on the effective view would remove."""
    changes = [change for change in finding.remedy.changes if isinstance(change, Remove)]
    return bool(changes) and all(change.value in given(getattr(noun, change.field, UNSET), ()) for change in changes)


def _remedy(finding: Finding, noun: object, enforced: Enforced | None, rules: list[str]) -> Remedy:
    """A running container is no text to fix: the changes become options to start or update it with.

    A limit is the one that fits what it uses; `rules` are those whose findings make that unknown.
    """
    changes = [change for change in finding.remedy.changes if isinstance(change, FieldChange)]
    client = "docker"
    if enforced is not None:
        client = "podman" if enforced.process.container_engine == "podman" else client
        if withheld(enforced, rules) and any(getattr(change, "field", "") in LIMITS for change in changes):
            return Remedy(finding.remedy.text)
        changes = [fitting(change, advise(enforced, rules)) for change in changes]
    options = [_options(change, noun) for change in changes]
    added = " ".join(dict.fromkeys(add for add, _ in options if add))
    removed = " ".join(dict.fromkeys(remove for _, remove in options if remove))
    updatable = all(getattr(change, "field", "") in _UPDATABLE for change in changes)
    if added and not removed and updatable and finding.container:
        # The engine refuses a memory limit above the limit of memory and swap, and "no limit" counts as one.
        swaps: list[FieldChange] = [
            Set("memory_swap", 2 * change.value) for change in changes if _limits_memory(change)
        ]
        if enforced is not None:
            swaps = [fitting(swap, advise(enforced, rules)) for swap in swaps]
        how = " ".join([f"{client} update", added, *map(_flags, swaps), quote(finding.container)])
    elif added or removed:
        parts = [f"{word} {flags}" for word, flags in (("with", added), ("without", removed)) if flags]
        how = f"start it again {' and '.join(parts)}"
    else:
        return Remedy(finding.remedy.text)
    return Remedy(f"{finding.remedy.text} Here: {how}")


def _limits_memory(change: object) -> TypeGuard[Set]:
    return isinstance(change, Set) and change.field == "memory" and isinstance(change.value, int)


def _options(change: FieldChange, noun: object) -> tuple[str, str]:
    """The options of `docker run` that a change adds, and those that it removes."""
    match change:
        case Set(field="cgroupns", value=Absent()):
            # The engine's default depends on the machine.
            return "--cgroupns private", ""
        case Swap("environment", Variable(name), new):
            # Its value may be the secret that the finding is about.
            return _flags(Add("environment", new)), f"--env {quote(name)}=…"
        case Remove("environment", Variable(name)):
            return "", f"--env {quote(name)}=…"
        case Set(field, Absent() | False):
            return "", _flags(Set(field, getattr(noun, field, UNSET)))
        case Remove(field, value):
            return "", _flags(Add(field, value))
        case Swap(field, old, new):
            return _flags(Add(field, new)), _flags(Add(field, old))
    return _flags(change), ""


@lru_cache(1024)
def _flags(change: FieldChange) -> str:
    """A change as options of `docker run`, "" where there are none. Cached: containers have many equal changes."""
    document = formats.read("run", Source("run", _RUN))
    try:
        made = formats.apply_edits(_RUN, formats.edits(document, document.subjects[0], change))
    except FormatError:
        return ""
    return made.removeprefix("docker run ").removesuffix(" x").removesuffix("x").strip()
