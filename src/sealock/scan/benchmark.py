"""Judges a machine by a benchmark: by the rules that are on each recommendation, in the benchmark's own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import __version__
from sealock.errors import TargetError, TransportError
from sealock.model.absent import UNKNOWN, given
from sealock.model.benchmark import BenchmarkOutcome, BenchmarkReport, Judgement, Recommendation
from sealock.model.finding import Finding, InputError, Severity, Skipped
from sealock.model.host import Host, HostFile, Swarm
from sealock.model.location import Location
from sealock.model.network import EngineNetwork
from sealock.model.report import TargetReport
from sealock.policy.ignores import VULNERABILITIES
from sealock.rules.benchmarks import BENCHMARKS
from sealock.rules.host.not_audited import unwatched
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import MachineInput
from sealock.text import count

_MODULES: Final = {"apparmor": "AppArmor", "selinux": "SELinux"}


class BenchmarkFacts(Struct):
    """What was gathered of the machine."""

    host: Host | None = None
    networks: tuple[EngineNetwork, ...] = ()
    containers: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()


def benchmark(
    name: str, settings: Settings | None = None, progress: Callable[[str], None] = lambda _name: None
) -> BenchmarkReport:
    """Judge this machine, its engine and its containers by the benchmark of that id, one of BENCHMARKS."""
    wanted = BENCHMARKS[name]
    run = CheckRun(replace(settings or Settings(), containers=True, pedantic=True))
    seen = BenchmarkFacts()
    fail_on = Severity.HIGH
    for input_ in run.inputs(["host"]):
        fail_on = run.policies.of(input_.root).fail_on
        if not isinstance(input_, MachineInput):
            continue
        try:
            for evaluated in run.evaluate(input_, progress):
                _gather(seen, evaluated.target.name, [subject.noun for subject in evaluated.target.document.subjects])
                _told(seen, run.finish(evaluated))
        except (TargetError, TransportError) as error:
            seen.errors += (InputError(str(error), Location(input_.target)),)
    judgements = tuple(
        judgement(recommendation, seen) for section in wanted.sections for recommendation in section.recommendations
    )
    return BenchmarkReport(__version__, wanted, tuple(_about(seen)), judgements, fail_on, seen.errors)


def _gather(seen: BenchmarkFacts, target: str, nouns: Sequence[object]) -> None:
    if target.startswith("container:"):
        seen.containers += (target.removeprefix("container:"),)
    for noun in nouns:
        if isinstance(noun, Host):
            seen.host = noun
        elif isinstance(noun, EngineNetwork):
            seen.networks += (noun,)


def _told(seen: BenchmarkFacts, report: TargetReport) -> None:
    seen.findings += report.findings
    seen.skipped += report.skipped
    seen.errors += report.errors


def _about(seen: BenchmarkFacts) -> Iterator[str]:
    """What was judged, in a few words each."""
    host = seen.host or Host()
    yield given(host.name, "a machine without a name")
    for one in given(host.components, ()):
        if one.name in {"engine", "podman"}:
            yield f"{'Docker' if one.name == 'engine' else 'Podman'} {one.version}"
    yield count(len(seen.containers), "container")


def judgement(recommendation: Recommendation, seen: BenchmarkFacts) -> Judgement:
    """Where a fault was found it fails; where nothing was there to be judged, or not all was seen, it says so."""
    if recommendation.scope in {"files", "audit"}:
        return _of_files(recommendation, seen)
    faults = [finding for finding in seen.findings if _is_on(recommendation, finding)]
    if faults:
        return _failed(recommendation, faults)
    if (why := _absent(recommendation, seen)) is not None:
        return Judgement(recommendation, why[0], (why[1],))
    if silent := [skipped for skipped in seen.skipped if skipped.rule in _ids(recommendation)]:
        return Judgement(
            recommendation, "not judged", tuple(_by_reason((skipped, skipped.reason) for skipped in silent))
        )
    if recommendation.by_hand:
        return Judgement(recommendation, "manual", (recommendation.by_hand,))
    return Judgement(recommendation, "pass")


def _ids(recommendation: Recommendation) -> frozenset[str]:
    return frozenset(rule.partition(":")[0] for rule in recommendation.rules)


def _is_on(recommendation: Recommendation, finding: Finding) -> bool:
    if finding.vulnerability is not None:
        return VULNERABILITIES in recommendation.rules
    return finding.rule in recommendation.rules or f"{finding.rule}:{finding.evidence}" in recommendation.rules


def _failed(recommendation: Recommendation, faults: Sequence[Finding]) -> Judgement:
    """Faults that the policy sets aside do not count, and are shown all the same."""
    counted = [finding for finding in faults if finding.suppressed is None]
    if not counted:
        excuses = [finding.suppressed for finding in faults if finding.suppressed is not None]
        return Judgement(
            recommendation, "excused", tuple(dict.fromkeys(f"{suppress.by}: {suppress.reason}" for suppress in excuses))
        )
    reasons = _by_reason((finding, f"{finding.message} ({finding.rule})") for finding in counted)
    return Judgement(recommendation, "fail", tuple(reasons), max(finding.severity for finding in counted))


def _by_reason(reasons: Iterator[tuple[Finding | Skipped, str]]) -> Iterator[str]:
    """Each reason once, with the containers or networks that it applies to; the host and its engine need no name."""
    names_by_reason: dict[str, list[str]] = {}
    for result, reason in reasons:
        name = result.container or ("" if result.subject in {"host", "engine"} else result.subject)
        names_by_reason.setdefault(reason, []).append(name)
    for reason, names in names_by_reason.items():
        joined = ", ".join(dict.fromkeys(filter(None, names)))
        yield f"{joined}: {reason}" if joined else reason


def _absent(recommendation: Recommendation, seen: BenchmarkFacts) -> tuple[BenchmarkOutcome, str] | None:
    """Why a recommendation does not apply, or cannot be judged, as an outcome with its reason; None where it can."""
    host = seen.host or Host()
    if recommendation.scope == "engine" and host.daemon is UNKNOWN:
        return "not judged", "no engine was found"
    if recommendation.scope in {"swarm", "overlay"}:
        return _of_swarm(recommendation, seen, host.swarm if isinstance(host.swarm, Swarm) else None)
    if recommendation.scope in {"containers", *_MODULES}:
        if seen.errors and not seen.containers:
            return "not judged", "the containers could not be listed"
        if not seen.containers:
            return "not applicable", "there are no containers"
        if (
            recommendation.scope in _MODULES
            and host.lsm is not UNKNOWN
            and recommendation.scope not in given(host.lsm, ())
        ):
            return "not applicable", f"the kernel runs without {_MODULES[recommendation.scope]}"
    return None


def _of_swarm(
    recommendation: Recommendation, seen: BenchmarkFacts, swarm: Swarm | None
) -> tuple[BenchmarkOutcome, str] | None:
    if swarm is None:
        return "not judged", "the engine does not say whether it is in a swarm"
    if not swarm.active:
        return "not applicable", "the engine is in no swarm"
    if recommendation.scope == "overlay":
        there = any(network.driver == "overlay" for network in seen.networks)
        return None if there else ("not applicable", "there is no overlay network")
    return None if swarm.manager else ("not judged", "a manager alone knows: ask one")


def _of_files(recommendation: Recommendation, seen: BenchmarkFacts) -> Judgement:
    """One on the files of a role: their owners, their modes, or whether the audit log notes who touches them."""
    host = seen.host or Host()
    if host.files is UNKNOWN or (recommendation.scope == "audit" and host.audited is UNKNOWN):
        what = "audit rules" if host.files is not UNKNOWN else "files"
        return Judgement(recommendation, "not judged", (f"the {what} could not be read",))
    there = [
        file
        for file in given(host.files, ())
        if file.role == recommendation.role and file.path.endswith(recommendation.ending)
    ]
    if not there:
        hidden = [path for path in given(host.unread, ()) if path.startswith("/etc/docker")]
        if hidden and recommendation.scope == "files":
            return Judgement(recommendation, "not judged", (f"{hidden[0]} could not be read",))
        return Judgement(recommendation, "not applicable", ("there is no such file",))
    if recommendation.scope == "audit":
        return _audited(recommendation, there, host, seen)
    faults = [
        finding
        for finding in seen.findings
        if finding.rule in recommendation.rules
        and finding.evidence in {f"{file.path} {recommendation.aspect}" for file in there}
    ]
    return _failed(recommendation, faults) if faults else Judgement(recommendation, "pass")


def _audited(recommendation: Recommendation, there: Sequence[HostFile], host: Host, seen: BenchmarkFacts) -> Judgement:
    """The rule has one finding for all files; each recommendation is on one of them."""
    missing = [file.path for file in there if file.path in unwatched(host)]
    faults = [finding for finding in seen.findings if finding.rule in recommendation.rules]
    if not missing or not faults:
        return (
            Judgement(recommendation, "pass")
            if not missing
            else Judgement(recommendation, "not judged", ("the policy has the rule off",))
        )
    evaluated = _failed(recommendation, faults)
    if evaluated.outcome != "fail":
        return evaluated
    return replace(evaluated, reasons=(f"no audit rule is on {', '.join(missing)} ({faults[0].rule})",))
