"""`docker run` with safe defaults: what the caller leaves open is closed, the image is pinned, the rule book decides.

The defaults are the fixes of rules, written by the field table of run lines. What the caller sets wins, unless a rule
at or above the policy's `fail-on` finds it: then the container is refused, and an ignore in the policy allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import UNSET, given
from sealock.model.change import Change, Set, Swap
from sealock.model.container import Container
from sealock.model.imagename import ImageName, is_id, parse
from sealock.model.trust import TrustResult
from sealock.rules.catalog import rules
from sealock.rules.container.capabilities_kept import CapabilitiesKept
from sealock.rules.container.new_privileges import NewPrivileges
from sealock.rules.container.pids_unlimited import PidsUnlimited
from sealock.rules.container.writable_root import WritableRoot
from sealock.rules.ports import loopback
from sealock.scan.run import CheckRun
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.scan.settings import Settings

if TYPE_CHECKING:
    from sealock.scan.agentrun import AgentRequest

_BY_RULES: Final = (NewPrivileges(), CapabilitiesKept(), WritableRoot(), PidsUnlimited())
"""The rules whose fixes are defaults, where the caller does not set the field that they read."""
_LEAST_MEMORY: Final = 64 << 20
_LIMITS: Final = {
    "memory": "C028: half of the machine's memory; else it can use all of it",
    "cpus": "C029: half of the machine's CPUs; else it can use all of them",
}


class AddedDefault(Struct, frozen=True):
    """Words that were added to a command, and why."""

    words: tuple[str, ...]
    why: str


class SafeRun(Struct, frozen=True):
    """A command with safe defaults; `refused` says why it must not run, () if it may.

    `pull` is set where the engine does not have the image yet.
    """

    words: tuple[str, ...]
    added: tuple[AddedDefault, ...]
    refused: tuple[str, ...] = ()
    pull: bool = False


class RunSources(Struct, frozen=True):
    """Where the facts come from: the engine's image and machine, the registry's digest, the trust policy's decision."""

    machine: Callable[[], RunMachine]
    local: Callable[[str], RunImage | None]
    digest: Callable[[ImageName], str]
    verify: Callable[[ImageName, str], TrustResult] | None = None
    """None where the policy has no trust table."""


PlannedChanges: TypeAlias = Callable[[Container, RunImage | None, RunMachine], Iterable[Change]]
"""The changes that a profile plans for a container, by its image and machine."""


def make_safe(
    words: Sequence[str],
    settings: Settings,
    sources: RunSources,
    agent: AgentRequest | None = None,
    planned: PlannedChanges | None = None,
) -> SafeRun:
    """Add safe defaults to a `docker run`, pin its image, and evaluate the rule book on the result.

    `settings` are those of the check. With `agent`, more is closed, and the command may use fewer options. What a
    profile has `planned` comes before the defaults. TargetError for a line that is no `docker run`, or whose image is
    not found.
    """
    line = EditableRun(words)
    name, text = line.image()
    local = sources.local(text)
    if local is None and is_id(text):
        message = f"the engine has no image {text}, and an id names none of a registry"
        raise TargetError(message)
    # The engine takes its time for what it says of itself: the rules are loaded meanwhile.
    rules("container")
    machine = sources.machine()
    added: list[AddedDefault] = []
    refused: list[str] = []
    asked = line.container
    if agent is not None:
        from sealock.scan.agentrun import agent_changes, agent_refusals  # noqa: PLC0415  3 ms, and most runs are for people

        refused += agent_refusals(line, agent)
        for changes, why in agent_changes(asked, agent, machine) if not refused else ():
            if more := line.apply(changes):
                added.append(AddedDefault(more, why))
    changes = tuple(planned(asked, local, machine)) if planned is not None else ()
    if changes:
        added.append(AddedDefault(line.apply(changes), "the profile shows that this is what it needs"))
    for changes, why in defaults(line, local, machine):
        if more := line.apply(changes):
            added.append(AddedDefault(more, why))
    verified = sources.verify(name, text) if sources.verify is not None and name is not None else None
    if sources.verify is not None and name is None:
        refused.append(f"the trust policy goes by names, and {text} is none: run the image by its name")
    elif verified is not None and not verified.passes:
        refused.append(f"{text} is not trusted: {verified.why}")
    else:
        pinned, why = _pinned(name, text, None if line.container.pull == "always" else local, verified, sources)
        if pinned != text:
            added.append(AddedDefault(line.apply((Set("image", pinned),)), why))
    refused += _faults(line.text, settings)
    if agent is not None and machine.rootless and asked.user is UNSET and local is not None and local.user:
        # It is no root that the rule book speaks of.
        more = line.apply((Set("user", "0:0"),))
        added.append(AddedDefault(more, "the engine is rootless: this is the user who runs it, as outside"))
    return SafeRun(line.words, tuple(added), tuple(refused), pull=local is None)


def defaults(
    line: EditableRun, local: RunImage | None, machine: RunMachine
) -> Iterator[tuple[tuple[Change, ...], str]]:
    """The defaults for what the line leaves open, each with its reason."""
    asked = line.container
    for rule in _BY_RULES:
        if getattr(asked, rule.reads[0]) is not UNSET and rule.id != CapabilitiesKept.id:
            continue
        noun = line.container
        if noun.user is UNSET and local is not None and local.user:
            noun = replace(noun, user=local.user)
        for finding in rule.check(noun):
            if finding.fix:
                yield finding.fix, f"{rule.id}: else it {finding.message}"
    for limit in open_limits(asked, machine):
        yield (limit,), _LIMITS[limit.field]
    for swap in open_ports(asked):
        yield (swap,), "C060: else it is reachable from other machines"


def open_limits(asked: Container, machine: RunMachine) -> Iterator[Set]:
    """Limits of memory and CPUs where the command sets none: half of what the machine has."""
    if asked.memory is UNSET and machine.memory:
        yield Set("memory", max(machine.memory // 2 >> 20 << 20, _LEAST_MEMORY))
    if asked.cpus is UNSET and asked.cpu_quota is UNSET and asked.cpuset_cpus is UNSET and machine.cpus > 1:
        yield Set("cpus", machine.cpus / 2)


def open_ports(asked: Container) -> Iterator[Swap]:
    """Changes that publish on the loopback address what the command publishes without an address."""
    for port in given(asked.ports, ()):
        if port.address is None:
            yield Swap("ports", port, loopback(port))


def _pinned(
    name: ImageName | None, text: str, local: RunImage | None, verified: TrustResult | None, sources: RunSources
) -> tuple[str, str]:
    """The image by its digest, and why: the verified one, else the engine's own, else the registry's."""
    if name is None or name.digest:
        return text, ""
    if verified is not None and verified.digest:
        return f"{text}@{verified.digest}", f"verified by the trust policy: {verified.state}"
    if local is not None:
        for known in local.digests:
            other = parse(known)
            if other is not None and other.digest and other.familiar == name.familiar:
                return f"{text}@{other.digest}", "the image that the engine has under this name"
        return local.id, f"{text} has no digest of a registry, so it runs by its id"
    tagged = name if name.tag else replace(name, tag="latest")
    return f"{text}@{sources.digest(tagged)}", "the image that the registry has under this name"


def _faults(text: str, settings: Settings) -> Iterator[str]:
    """What the rule book has against the whole command, by the policy."""
    run = CheckRun(settings)
    report = run.report(run.inputs((f"run:{text}",)))
    for target in report.targets:
        for error in target.errors:
            yield error.message
        for finding in target.counted:
            if finding.severity >= report.fail_on:
                yield f"{finding.severity.word} {finding.rule}: {finding.message}. {finding.remedy.text}"
