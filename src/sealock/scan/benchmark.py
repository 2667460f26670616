"""Checks a machine by a benchmark: by the rules of each recommendation, in the benchmark's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import __version__
from sealock.errors import TargetError, TransportError
from sealock.model.absent import UNKNOWN, given
from sealock.model.benchmark import BenchmarkOutcome, BenchmarkReport, Recommendation, RecommendationResult
from sealock.model.document import Document
from sealock.model.finding import Finding, InputError, Skipped
from sealock.model.host import Host, HostFile, Swarm
from sealock.model.location import Location
from sealock.model.network import EngineNetwork
from sealock.policy.ignores import VULNERABILITIES
from sealock.rules.benchmarks import BENCHMARKS
from sealock.rules.host.not_audited import unwatched
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import MachineInput
from sealock.text import count

_MODULES: Final = {"apparmor": "AppArmor", "selinux": "SELinux"}


class BenchmarkFacts(Struct):
    """The facts and findings of a machine."""

    host: Host | None = None
    networks: tuple[EngineNetwork, ...] = ()
    containers: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()


def benchmark(
    name: str, settings: Settings | None = None, progress: Callable[[str], None] = lambda _name: None
) -> BenchmarkReport:
    """Check this machine, its engine and its containers by the benchmark with this id, one of BENCHMARKS."""
    run = CheckRun(replace(settings or Settings(), containers=True, pedantic=True))
    facts = BenchmarkFacts()
    host = MachineInput("host", "host", run.policies.tree.root("."))
    try:
        for evaluated in run.evaluate(host, progress):
            _add_nouns(facts, evaluated.target.name, evaluated.target.document)
            report = run.finish(evaluated)
            facts.findings += report.findings
            facts.skipped += report.skipped
            facts.errors += report.errors
    except (TargetError, TransportError) as error:
        facts.errors += (InputError(str(error), Location(host.target)),)
    fail_on = run.policies.of(host).fail_on
    results = tuple(
        check_recommendation(recommendation, facts)
        for section in BENCHMARKS[name].sections
        for recommendation in section.recommendations
    )
    return BenchmarkReport(__version__, BENCHMARKS[name], tuple(_about(facts)), results, fail_on, facts.errors)


def _add_nouns(facts: BenchmarkFacts, target: str, document: Document) -> None:
    if target.startswith("container:"):
        facts.containers += (target.removeprefix("container:"),)
    for subject in document.subjects:
        if isinstance(subject.noun, Host):
            facts.host = subject.noun
        elif isinstance(subject.noun, EngineNetwork):
            facts.networks += (subject.noun,)


def _about(facts: BenchmarkFacts) -> Iterator[str]:
    """The machine's name, its engine and the number of its containers."""
    host = facts.host or Host()
    yield given(host.name, "a machine without a name")
    for component in given(host.components, ()):
        if component.name in {"engine", "podman"}:
            yield f"{'Docker' if component.name == 'engine' else 'Podman'} {component.version}"
    yield count(len(facts.containers), "container")


def check_recommendation(recommendation: Recommendation, facts: BenchmarkFacts) -> RecommendationResult:
    """The result for one recommendation: it passes only where it applies and could be checked completely."""
    if recommendation.scope in {"files", "audit"}:
        return _check_files(recommendation, facts)
    findings = [finding for finding in facts.findings if _is_on(recommendation, finding)]
    if findings:
        return _failed(recommendation, findings)
    if (why := _not_checkable(recommendation, facts)) is not None:
        return RecommendationResult(recommendation, why[0], (why[1],))
    if skipped := [skipped for skipped in facts.skipped if skipped.rule in _ids(recommendation)]:
        reasons = tuple(_by_reason((result, result.reason) for result in skipped))
        return RecommendationResult(recommendation, "skipped", reasons)
    if recommendation.by_hand:
        return RecommendationResult(recommendation, "manual", (recommendation.by_hand,))
    return RecommendationResult(recommendation, "pass")


def _ids(recommendation: Recommendation) -> frozenset[str]:
    return frozenset(rule.partition(":")[0] for rule in recommendation.rules)


def _is_on(recommendation: Recommendation, finding: Finding) -> bool:
    if finding.vulnerability is not None:
        return VULNERABILITIES in recommendation.rules
    return finding.rule in recommendation.rules or f"{finding.rule}:{finding.evidence}" in recommendation.rules


def _failed(recommendation: Recommendation, findings: Sequence[Finding]) -> RecommendationResult:
    """The result for findings; it is "suppressed" only where the policy suppresses all of them."""
    counted = [finding for finding in findings if finding.suppressed is None]
    if not counted:
        suppressions = (finding.suppressed for finding in findings if finding.suppressed is not None)
        reasons = dict.fromkeys(f"{suppression.by}: {suppression.reason}" for suppression in suppressions)
        return RecommendationResult(recommendation, "suppressed", tuple(reasons))
    failures = _by_reason((finding, f"{finding.message} ({finding.rule})") for finding in counted)
    severity = max(finding.severity for finding in counted)
    return RecommendationResult(recommendation, "fail", tuple(failures), severity)


def _by_reason(reasons: Iterator[tuple[Finding | Skipped, str]]) -> Iterator[str]:
    """Each reason once, with the containers or networks that it applies to; the host and its engine need no name."""
    names_by_reason: dict[str, list[str]] = {}
    for result, reason in reasons:
        name = result.container or ("" if result.subject in {"host", "engine"} else result.subject)
        names_by_reason.setdefault(reason, []).append(name)
    for reason, names in names_by_reason.items():
        joined = ", ".join(dict.fromkeys(filter(None, names)))
        yield f"{joined}: {reason}" if joined else reason


def _not_checkable(recommendation: Recommendation, facts: BenchmarkFacts) -> tuple[BenchmarkOutcome, str] | None:
    """Why a recommendation does not apply or cannot be checked, as an outcome with its reason; else None."""
    host, scope = facts.host or Host(), recommendation.scope
    if scope == "engine" and host.daemon is UNKNOWN:
        return "skipped", "no engine was found"
    if scope in {"swarm", "overlay"}:
        return _no_swarm(recommendation, facts, host.swarm if isinstance(host.swarm, Swarm) else None)
    if scope in {"containers", *_MODULES}:
        if facts.errors and not facts.containers:
            return "skipped", "the containers could not be listed"
        if not facts.containers:
            return "not applicable", "there are no containers"
        if scope in _MODULES and host.lsm is not UNKNOWN and scope not in given(host.lsm, ()):
            return "not applicable", f"the kernel runs without {_MODULES[scope]}"
    return None


def _no_swarm(
    recommendation: Recommendation, facts: BenchmarkFacts, swarm: Swarm | None
) -> tuple[BenchmarkOutcome, str] | None:
    if swarm is None:
        return "skipped", "the engine does not report whether it is in a swarm"
    if not swarm.active:
        return "not applicable", "the engine is in no swarm"
    if recommendation.scope == "overlay":
        has_overlay = any(network.driver == "overlay" for network in facts.networks)
        return None if has_overlay else ("not applicable", "there is no overlay network")
    return None if swarm.manager else ("skipped", "only a manager knows: run this on a manager")


def _check_files(recommendation: Recommendation, facts: BenchmarkFacts) -> RecommendationResult:
    """The result for the files of a role: their owners, their modes, or whether audit rules watch them."""
    host = facts.host or Host()
    if host.files is UNKNOWN or (recommendation.scope == "audit" and host.audited is UNKNOWN):
        unread = "audit rules" if host.files is not UNKNOWN else "files"
        return RecommendationResult(recommendation, "skipped", (f"the {unread} could not be read",))
    files = [
        file
        for file in given(host.files, ())
        if file.role == recommendation.role and file.path.endswith(recommendation.ending)
    ]
    if not files:
        hidden = [path for path in given(host.unread, ()) if path.startswith("/etc/docker")]
        if hidden and recommendation.scope == "files":
            return RecommendationResult(recommendation, "skipped", (f"{hidden[0]} could not be read",))
        return RecommendationResult(recommendation, "not applicable", ("there is no such file",))
    if recommendation.scope == "audit":
        return _check_audit(recommendation, files, host, facts)
    evidence = {f"{file.path} {recommendation.aspect}" for file in files}
    findings = [
        finding for finding in facts.findings if finding.rule in recommendation.rules and finding.evidence in evidence
    ]
    return _failed(recommendation, findings) if findings else RecommendationResult(recommendation, "pass")


def _check_audit(
    recommendation: Recommendation, files: Sequence[HostFile], host: Host, facts: BenchmarkFacts
) -> RecommendationResult:
    """The rule has one finding for all files; each recommendation is about one of them."""
    unaudited = unwatched(host)
    missing = [file.path for file in files if file.path in unaudited]
    if not missing:
        return RecommendationResult(recommendation, "pass")
    findings = [finding for finding in facts.findings if finding.rule in recommendation.rules]
    if not findings:
        return RecommendationResult(recommendation, "skipped", ("the policy turns the rule off",))
    result = _failed(recommendation, findings)
    if result.outcome != "fail":
        return result
    return replace(result, reasons=(f"no audit rule is on {', '.join(missing)} ({findings[0].rule})",))
