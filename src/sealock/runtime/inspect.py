"""One look at a container or a process: what `sealock inspect` shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

import msgspec

from sealock.errors import EngineError, TargetError
from sealock.model.absent import UNKNOWN, given
from sealock.model.enforced import Enforced
from sealock.model.look import Difference, LimitAdvice, Look
from sealock.model.process import Process
from sealock.runtime.containers import ObservedContainer, container_document, observe
from sealock.runtime.engine import connect
from sealock.runtime.kernel.limits import advised, average, room
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.views import SELF, is_id, look

_CONTAINER: Final = "container"
_ROOT_ALONE: Final = "only root may read it"
_ABSENT: Final = "it is not there, or cannot be read from here"
_WORDS: Final = {
    "namespaces": "its namespaces",
    "uid_map": "its map of user ids",
    "mounts": "its mounts",
    "effective": "its capabilities",
    "seccomp": "its filter of system calls",
    "apparmor": "its AppArmor label",
    "selinux": "its SELinux label",
    "resources": "its limits and its use",
    "devices": "its rules on devices",
    "sysctls": "the kernel parameters of its namespaces",
    "listening": "its listening sockets",
    "command": "its command",
    "cgroup_paths": "its control groups",
}
_FILES: Final = {"namespaces": "ns/", "mounts": "mountinfo", "sysctls": "ns/"}
_UPDATERS: Final = {"docker": "docker", "podman": "podman", "": "docker"}


def looked(kind: str, name: str, where: str = "") -> Look:
    """Look at "container" NAME, "pid" N or "self"; TargetError where that cannot be.

    Without an engine a container is found by the beginning of its id.
    """
    machine = ProcReader()
    if kind != _CONTAINER:
        return _look(look(SELF if kind == SELF and not name else f"{kind}:{name}", machine), machine)
    if name in {"", "*"}:
        message = f"container:{name} names no container: one is inspected at a time"
        raise TargetError(message)
    try:
        engine = connect(where)
    except EngineError as error:
        try:
            return _look(look(f"container:{name}", machine), machine)
        except TargetError as missing:
            message = f"{error} {missing}" if is_id(name) else str(error)
            raise TargetError(message) from None
    with engine:
        one = next(observe(engine, (name,)))
    if one.fault:
        raise TargetError(one.fault)
    if one.enforced is None:
        raise TargetError(_why_not(one))
    return _look(one.enforced, machine, one)


def _why_not(observed_container: ObservedContainer) -> str:
    name = observed_container.listed.name
    if observed_container.unseen:
        return f"the kernel's view of container {name} is missing: {observed_container.unseen}"
    state = observed_container.listed.state or "not running"
    return (
        f"container {name} is {state}, so the kernel shows nothing of it; `sealock check {quote(f'container:{name}')}`"
        " judges how it would be started"
    )


def _look(enforced: Enforced, machine: ProcReader, observed_container: ObservedContainer | None = None) -> Look:
    size = room(machine.tree)
    advice = advised(enforced.process, size)
    return Look(
        enforced=enforced,
        room=size,
        busy=average(enforced.process, size),
        advised=advice,
        update=_update(enforced.process, advice, observed_container),
        differences=None if observed_container is None else tuple(_differences(observed_container)),
        unseen=tuple(_unseen(enforced.process, machine)),
        image="" if observed_container is None else given(enforced.declared.image, ""),
    )


def _update(process: Process, advice: tuple[LimitAdvice, ...], observed_container: ObservedContainer | None) -> str:
    """The command that sets all that is advised."""
    here = given(process.container_id, "")
    wanted = [f"{each.option} {each.value}" for each in advice if each.value]
    name = observed_container.listed.name if observed_container is not None else here[:12]
    program = _UPDATERS.get(given(process.container_engine, ""))
    if not wanted or not name or program is None:
        return ""
    return f"{program} update {' '.join(wanted)} {quote(name)}"


def _differences(observed_container: ObservedContainer) -> Iterator[Difference]:
    """What the rules on declared and enforced find."""
    from sealock.rules.catalog import rules  # noqa: PLC0415  only where there is something to compare
    from sealock.rules.evaluation import evaluate  # noqa: PLC0415  as above

    result = evaluate(
        observed_container.listed.name, container_document(observed_container), {"enforced": rules("enforced")}
    )
    for finding in sorted(result.findings, key=lambda each: (-each.severity, each.rule)):
        yield Difference(finding.rule, finding.message or finding.title, finding.severity)
    for skipped in result.skipped:
        yield Difference(skipped.rule, skipped.reason)


def _unseen(process: Process, machine: ProcReader) -> Iterator[str]:
    """What the kernel did not show, with the reason."""
    denied = {path.removeprefix(f"proc/{process.pid}/") for path in machine.tree.denied}
    for field, words in _WORDS.items():
        if getattr(process, field) is UNKNOWN:
            file = _FILES.get(field, field)
            if field == "sysctls" and not any(path.startswith(file) for path in denied):
                why = "only root may enter them"
            elif any(path.startswith(file) for path in denied):
                why = _ROOT_ALONE
            elif field == "devices" and process.cgroup_version == 2:
                why = "control groups of version 2 keep them in a program in the kernel, which no file shows"
            else:
                why = _ABSENT
            yield f"{words}: {why}"


def as_json(one: Look) -> dict[str, object]:
    """The look as `sealock check` reads it back, with what is advised beside it."""
    from sealock.formats.observed import to_plain  # noqa: PLC0415  people do without

    return {
        "observed": {"containers": [to_plain(one.enforced)]},
        "advised": msgspec.to_builtins(one.advised),
        "update": one.update,
        "differences": None
        if one.differences is None
        else [
            {
                "rule": each.rule,
                "message": each.message,
                "severity": None if each.severity is None else each.severity.name.lower(),
            }
            for each in one.differences
        ],
        "unseen": list(one.unseen),
    }
