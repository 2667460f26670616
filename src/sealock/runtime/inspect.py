"""Gathers what `sealock inspect` shows of a container or a process."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

import msgspec
from msgspec.structs import replace

from sealock.errors import EngineError, TargetError
from sealock.formats.engine import read_network
from sealock.formats.observed import to_plain
from sealock.model.absent import UNKNOWN, given
from sealock.model.container import Container
from sealock.model.enforced import Enforced
from sealock.model.inspection import Difference, Inspection, LimitAdvice
from sealock.model.process import Process
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from sealock.runtime.containers import ObservedContainer, container_document, observe
from sealock.runtime.engine import Engine, connect
from sealock.runtime.kernel.access import mount_access
from sealock.runtime.kernel.limits import average_cpus
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.seccomp import blocked_calls
from sealock.runtime.kernel.views import SELF, is_id, look
from sealock.runtime.limitadvice import advise, too_early, withheld

_CONTAINER: Final = "container"
_ONLY_ROOT: Final = "only root may read it"
_ABSENT: Final = "it does not exist, or cannot be read from here"
_LABELS: Final = {
    "namespaces": "its namespaces",
    "uid_map": "its uid map",
    "mounts": "its mounts",
    "effective": "its capabilities",
    "seccomp": "its seccomp mode",
    "apparmor": "its AppArmor label",
    "selinux": "its SELinux label",
    "resources": "its limits and usage",
    "devices": "its device rules",
    "sysctls": "the sysctls of its namespaces",
    "listening": "its listening sockets",
    "command": "its command",
    "cgroup_paths": "its cgroups",
}
_FILES: Final = {"namespaces": "ns/", "mounts": "mountinfo", "sysctls": "ns/"}
_FILTERED: Final = 2
"""The seccomp mode of a process with a filter."""
_MOUNTS: Final = 100
_UPDATERS: Final = {"docker": "docker", "podman": "podman", "": "docker"}


def inspect(kind: str, name: str, where: str = "", *, filters: bool = False) -> Inspection:
    """Inspect "container" NAME, "pid" N or "self"; TargetError where that fails.

    Without an engine a container is found by the start of its id. `filters` reads its seccomp filter too, for which its
    process is stopped for less than a millisecond.
    """
    inspection = _inspect(kind, name, where)
    process = inspection.enforced.process
    if not filters or process.seccomp != _FILTERED:
        return inspection
    return replace(inspection, blocked=blocked_calls(process.pid))


def _inspect(kind: str, name: str, where: str) -> Inspection:
    if kind != _CONTAINER:
        machine = ProcReader()
        return _inspection(look(SELF if kind == SELF and not name else f"{kind}:{name}", machine), machine)
    if name in {"", "*"}:
        message = f"container:{name} names no container: inspect takes one container"
        raise TargetError(message)
    try:
        engine = connect(where)
    except EngineError as error:
        try:
            machine = ProcReader()
            return _inspection(look(f"container:{name}", machine), machine)
        except TargetError as missing:
            message = f"{error} {missing}" if is_id(name) else str(error)
            raise TargetError(message) from None
    with engine:
        machine = ProcReader(engine=engine.process())
        observed = next(observe(engine, (name,), machine))
        names = tuple(_names(engine, observed))
    if observed.fault:
        raise TargetError(observed.fault)
    if observed.enforced is None:
        raise TargetError(_why_not(observed))
    return replace(_inspection(observed.enforced, machine, observed), names=names)


def _names(engine: Engine, observed: ObservedContainer) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of other containers that resolve on its networks, and the aliases of its links."""
    declared = observed.inspected.container if observed.inspected is not None else Container()
    for network in given(declared.networks, ()):
        try:
            details = read_network(engine.network(network.name))
        except EngineError:
            pass
        else:
            places = given(details.endpoints, ()) if details is not None else ()
            names = dict.fromkeys(place.container for place in places)
            yield network.name, tuple(name for name in names if name != observed.listed.name)
    if links := given(declared.links, ()):
        yield "links", tuple(dict.fromkeys(link.alias for link in links))


def _why_not(observed: ObservedContainer) -> str:
    name = observed.listed.name
    if observed.unseen:
        return f"the kernel's view of container {name} is missing: {observed.unseen}"
    state = observed.listed.state or "not running"
    check = f"`sealock check {quote(f'container:{name}')}`"
    return f"container {name} is {state}, so it has no effective view; {check} checks what it declares"


def _inspection(enforced: Enforced, machine: ProcReader, observed: ObservedContainer | None = None) -> Inspection:
    differences = None if observed is None else tuple(_differences(observed))
    rules = [difference.rule for difference in differences or () if difference.severity is not None]
    advice = advise(enforced, rules)
    return Inspection(
        enforced=enforced,
        cpus_used=average_cpus(enforced.process, enforced.machine),
        advised=advice,
        withheld=withheld(enforced, rules) or too_early(enforced),
        update=_update(enforced.process, advice, observed),
        differences=differences,
        unseen=tuple(_unseen(enforced.process, machine)),
        image="" if observed is None else given(enforced.declared.image, ""),
        rules=tuple((field, tuple(ids)) for field, ids in _by_field(enforced.effective).items()),
        access=tuple(_access(enforced, machine)),
        interfaces=machine.interfaces(enforced.process.pid),
    )


def _by_field(container: Container) -> dict[str, dict[str, None]]:
    """The rules that report something of the effective view, by the field."""
    by_field: dict[str, dict[str, None]] = {}
    for rule in rules("container"):
        if any(getattr(container, field) is UNKNOWN for field in rule.reads):
            continue
        for fault in rule.check(container):
            if not fault.unknown:
                field = str(fault.at[0]) if fault.at else rule.reads[0]
                by_field.setdefault(field, {})[rule.id] = None
    return by_field


def _access(enforced: Enforced, machine: ProcReader) -> Iterator[tuple[str, str]]:
    """What its user may do in what is mounted from the host; nothing from inside a container, where that is hidden."""
    mounts = given(enforced.effective.mounts, ()) if not machine.inside else ()
    for mount in mounts[:_MOUNTS]:
        if words := mount_access(enforced.process, mount, machine.tree):
            yield mount.target, words


def _update(process: Process, advice: tuple[LimitAdvice, ...], observed: ObservedContainer | None) -> str:
    """The command that sets all advised limits."""
    options = [f"{limit.option} {limit.value}" for limit in advice if limit.value]
    name = observed.listed.name if observed is not None else given(process.container_id, "")[:12]
    program = _UPDATERS.get(given(process.container_engine, ""))
    if not options or not name or program is None:
        return ""
    return f"{program} update {' '.join(options)} {quote(name)}"


def _differences(observed: ObservedContainer) -> Iterator[Difference]:
    """The findings of the rules that compare the declared with the effective view."""
    result = evaluate(observed.listed.name, container_document(observed), {"enforced": rules("enforced")})
    for finding in sorted(result.findings, key=lambda finding: (-finding.severity, finding.rule)):
        yield Difference(finding.rule, finding.message or finding.title, finding.severity)
    for skipped in result.skipped:
        yield Difference(skipped.rule, skipped.reason)


def _unseen(process: Process, machine: ProcReader) -> Iterator[str]:
    """What could not be read, with the reason."""
    denied = {path.removeprefix(f"proc/{process.pid}/") for path in machine.tree.denied}
    for field, label in _LABELS.items():
        if getattr(process, field) is UNKNOWN:
            file = _FILES.get(field, field)
            if field == "sysctls" and not any(path.startswith(file) for path in denied):
                why = "only root may enter them"
            elif any(path.startswith(file) for path in denied):
                why = _ONLY_ROOT
            elif field == "devices" and process.cgroup_version == 2:
                why = "cgroup v2 keeps them in a BPF program, which no file shows"
            else:
                why = _ABSENT
            yield f"{label}: {why}"


def as_json(inspection: Inspection) -> dict[str, object]:
    """The inspection as `sealock check` reads it, with the advice."""
    differences = inspection.differences
    return {
        "observed": {"containers": [to_plain(inspection.enforced)]},
        "advised": msgspec.to_builtins(inspection.advised),
        "update": inspection.update,
        "differences": None
        if differences is None
        else [
            {
                "rule": difference.rule,
                "message": difference.message,
                "severity": None if difference.severity is None else difference.severity.word,
            }
            for difference in differences
        ],
        "unseen": list(inspection.unseen),
        "rules": dict(inspection.rules),
        "access": dict(inspection.access),
        "names": dict(inspection.names),
        "interfaces": list(inspection.interfaces),
        "seccomp": None if inspection.blocked is None else msgspec.to_builtins(inspection.blocked),
    }
