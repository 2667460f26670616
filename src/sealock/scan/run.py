"""The one module that knows every stage: targets are read, judged, excused by the policy, and told in one report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import __version__, formats
from sealock.errors import PolicyError, SealockError, TargetError, TransportError
from sealock.formats.files import FileRefusedError
from sealock.model.advisory import DistributionState
from sealock.model.document import Document
from sealock.model.finding import Finding, InputError, Severity
from sealock.model.host import Host
from sealock.model.inventory import Inventory
from sealock.model.location import Location, Source
from sealock.model.report import Report, TargetReport, identity
from sealock.policy.ignores import VULNERABILITIES, Ignore, about_ignores, inline
from sealock.policy.settings import Policy, excluded
from sealock.policy.settings import read as read_policy
from sealock.policy.suppressions import suppress
from sealock.rules.evaluation import Evaluation, evaluate
from sealock.rules.rule import Rule
from sealock.scan.builtimages import over_images
from sealock.targets.files import read_text
from sealock.targets.resolve import POLICY_FILE, Input, Options, resolve, resolve_compose

if TYPE_CHECKING:
    from sealock.policy.vex import VexStatements
    from sealock.scan.vexfiles import VexDocuments
    from sealock.scan.vulnerabilities import VulnerabilityLookup


_NO_DATABASE: Final = (
    "Packages of lock files were not looked up, as there is no advisory database here: `sealock db update` builds one, "
    "and a lock file that is named by itself is looked up anyhow."
)


class Settings(Struct, frozen=True):
    """How a run is done. What is None or empty is left to the policy.

    `policy_file` None looks for sealock.toml upward from each target, "" uses none. `only` names the rules to judge by.
    `compose_files` are merged into one target. `environment` is what compose files may interpolate beside their .env.
    """

    fail_on: Severity | None = None
    pedantic: bool = False
    only: tuple[str, ...] = ()
    policy_file: str | None = None
    baseline: str = ""
    compose_files: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    outside: bool = False
    today: date | None = None
    platform: str = ""
    """Which image of a multi-platform index, as "linux/amd64"; "" for this machine's own."""
    verify: bool = True
    """Whether the digests of images are checked."""
    cache: str = ""
    """The folder that keeps what was found in layers, "" for none."""
    limits: Mapping[str, int] = {}
    """How much of an image is read at the most, where that is not as by default: fields of `Bounds`."""
    vulnerabilities: bool = True
    """Whether packages are looked up in the advisory database."""
    offline: bool = False
    """Whether that database is taken as it is, whatever it lacks."""
    only_fixed: bool = False
    """Whether vulnerabilities that no version mends are set aside."""
    ignore_states: tuple[DistributionState, ...] = ()
    """What distributions say of vulnerabilities that are to be set aside."""
    vex: tuple[str, ...] = ()
    """Files of VEX documents, whose statements set vulnerabilities aside; those that the policy names come after."""
    engine: str = ""
    """The address or context of the engine that is asked, "" for the one that Docker's client would ask."""
    containers: bool = False
    """Whether the target "host" stands for its containers too."""


class EvaluatedInput(Struct, frozen=True):
    """One text, its document and its verdict: what a fix starts from, before the policy has excused anything.

    `document` holds what the text itself says; the verdict is on that, laid over the images that it builds.
    """

    input: Input
    document: Document
    result: Evaluation
    rules: Mapping[str, tuple[Rule[Any], ...]]
    policy: Policy
    inventories: tuple[tuple[str, Inventory], ...] = ()
    """What is looked up in the advisory database, with the names of the subjects."""


def check(*targets: str, settings: Settings | None = None) -> Report:
    """Check targets, named as on the command line, and return the report.

    A target that cannot be read becomes a problem in the report; PolicyError is raised for a policy that is not valid.
    """
    run = CheckRun(settings or Settings())
    return run.report(run.inputs(targets))


def read(input_: Input) -> Document:
    """Read an input that has a text."""
    assert input_.kind is not None  # noqa: S101  an input with a text has a kind
    assert input_.source is not None  # noqa: S101  as above
    return formats.read(input_.kind, input_.source, input_.files, input_.more)


def verdict_on(input_: Input, document: Document, rules: Mapping[str, tuple[Rule[Any], ...]]) -> Evaluation:
    """Judge an input's document; a service that builds its image is laid over it first."""
    result = evaluate(input_.name, over_images(document, input_.files) if input_.kind == "compose" else document, rules)
    if input_.kind == "observed":
        from sealock.runtime.containers import merge_views  # noqa: PLC0415  loads the engine's client and the kernel's reader

        return merge_views(result, document)
    return result


class CheckRun:
    """One run: it keeps the policies that it has found and the rules that it has loaded."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.today = settings.today or date.today()  # noqa: DTZ011  an ignore ends by the person's own calendar
        self._policies: dict[str, Policy] = {}
        self._rules: dict[tuple[bool, tuple[str, ...]], Mapping[str, tuple[Rule[Any], ...]]] = {}
        self._used: set[Ignore] = set()
        self._undecided: dict[str, set[str]] = {}
        self._progress: Callable[[str], None] = lambda _name: None
        self._scales: dict[bool, VulnerabilityLookup] = {}
        """By whether a walk met what is weighed."""
        self._vex: VexDocuments | None = None
        self.notes: list[str] = []
        """What is worth knowing of the run as a whole: that the database is old, say."""

    def inputs(self, targets: Iterable[str]) -> Iterator[Input]:
        """Every text that the targets stand for."""
        options = Options(
            self.settings.environment,
            self.settings.outside,
            lambda root, name: excluded(self.policy(root), name),
        )
        if self.settings.compose_files:
            yield resolve_compose(self.settings.compose_files, options)
        seen: set[str] = set()
        for target in targets:
            for one in resolve(target, options):
                if not (one.path and one.path in seen):
                    seen.add(one.path)
                    yield one

    def policy(self, root: str) -> Policy:
        """The policy that holds below a root folder."""
        file = self.settings.policy_file
        if file is None:
            file = f"{root}/{POLICY_FILE}" if root else ""
        if root not in self._policies:
            self._policies[root] = self._load(file, root, named=self.settings.policy_file is not None)
        return self._policies[root]

    def _load(self, file: str, root: str, *, named: bool) -> Policy:
        found = Policy()
        try:
            if file:
                found = read_policy(Source(file, read_text(file)), root)
        except FileRefusedError as refusal:
            if named or "No such file" not in str(refusal):
                raise PolicyError(str(refusal)) from None
        if self.settings.baseline:
            from sealock.policy.baseline import read_baseline  # noqa: PLC0415  seldom needed

            try:
                text = read_text(self.settings.baseline)
            except FileRefusedError as refusal:
                raise PolicyError(str(refusal)) from None
            found = replace(found, baseline=read_baseline(self.settings.baseline, text))
        if self.settings.fail_on is not None:
            found = replace(found, fail_on=self.settings.fail_on)
        return replace(found, pedantic=True) if self.settings.pedantic else found

    def evaluated(self, input_: Input) -> EvaluatedInput | None:
        """Read and judge one text; None where there is none to judge."""
        if input_.source is None or input_.error:
            return None
        holds = self.policy(input_.root)
        if input_.lock:
            # A lock file lists packages, and is no image: no rule is on it.
            from sealock.scan.lockfiles import lock_file  # noqa: PLC0415  loads all analyzers

            assert input_.source is not None  # noqa: S101  it was looked at above
            document, inventory = lock_file(input_.source)
            return EvaluatedInput(input_, document, Evaluation((), ()), {}, holds, ((input_.target, inventory),))
        document = read(input_)
        rules = self.rules(document, holds)
        return EvaluatedInput(
            input_, document, verdict_on(input_, document, rules), rules, holds, _inventories(document)
        )

    def rules(self, document: Document, holds: Policy) -> Mapping[str, tuple[Rule[Any], ...]]:
        """The rules on this document's subjects that the policy wants; only these are imported."""
        from sealock.rules.catalog import rules  # noqa: PLC0415  a run that reads nothing loads no rules

        kinds = sorted({subject.kind for subject in document.subjects})
        only = self.settings.only
        return {
            kind: tuple(
                rule.going_by(listed) if (listed := _listed(rule, holds)) else rule
                for rule in rules(kind)
                if (
                    rule.id in only
                    if only
                    else holds.wants(rule.id, pedantic=rule.pedantic and not _listed(rule, holds))
                )
            )
            for kind in kinds
        }

    def report(self, inputs: Iterable[Input], progress: Callable[[str], None] = lambda _name: None) -> Report:
        """Judge texts and put together what is to be told."""
        reports: list[TargetReport] = []
        walked = False
        self._progress = progress
        for input_ in inputs:
            progress(input_.target)
            walked = walked or input_.walked
            try:
                if input_.image:
                    reports += self._images(input_, progress)
                elif input_.machine:
                    reports += self._machine(input_, progress)
                else:
                    reports.append(self._tell(input_))
            except (TargetError, TransportError) as error:
                reports.append(
                    TargetReport(
                        input_.target, input_.kind or "unknown", errors=(_input_error(str(error), input_.target),)
                    )
                )
            except SealockError:
                raise
            except Exception as error:  # noqa: BLE001  one text that we fail on must not cost the others their verdicts
                fault = f"sealock failed on this text, which is a fault of sealock's: {type(error).__name__}: {error}"
                reports.append(
                    TargetReport(input_.target, input_.kind or "unknown", errors=(_input_error(fault, input_.target),))
                )
        if walked:
            reports += self._about_policies()
        reports += self._about_statements()
        fail_on = min(
            (policy.fail_on for policy in self._policies.values()), default=self.settings.fail_on or Severity.HIGH
        )
        return Report(__version__, tuple(reports), fail_on, tuple(dict.fromkeys(self.notes)))

    def _images(self, input_: Input, progress: Callable[[str], None]) -> Iterator[TargetReport]:
        """Judge every image of an archive."""
        from sealock.image.entry import Bounds  # noqa: PLC0415  as below
        from sealock.scan.images import How, documents  # noqa: PLC0415  loads all analyzers

        holds = self.policy(input_.root)
        settings = self.settings
        bounds = Bounds(**settings.limits)
        how = How(
            settings.platform, settings.verify, bounds, holds.access, settings.cache, self.today.isoformat(),
            settings.engine,
        )  # fmt: skip
        source, doubts, unknown = self._vouched(input_, holds)
        found = documents(source, how, progress)
        if input_.image.startswith("docker:"):
            from sealock.runtime.engine import endpoint  # noqa: PLC0415  other images have no engine

            self.notes.append(f"{input_.target} is the image that the engine at {endpoint(settings.engine)} has.")
        for document in found:
            rules = self.rules(document, holds)
            result = evaluate(input_.name, document, rules)
            result = Evaluation((*doubts, *result.findings), result.skipped)
            document = replace(document, errors=(*unknown, *document.errors))  # noqa: PLW2901  with what was told of it
            evaluated = EvaluatedInput(input_, document, result, rules, holds, _inventories(document))
            names = evaluated.inventories[0][1].names
            name = names[0] if names else "image"
            yield self.suppressed(evaluated, input_.target if len(found) == 1 else f"{input_.target}: {name}")

    def _vouched(self, input_: Input, holds: Policy) -> tuple[str, tuple[Finding, ...], tuple[InputError, ...]]:
        """Which image to read, and what the trust policy makes of it: that digest is read which was decided on."""
        reference = input_.image.removeprefix("image:")
        if not holds.trust.given or reference == input_.image or self.settings.only:
            return input_.image, (), ()
        from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  as below
        from sealock.net.registry.names import reference as taken_apart  # noqa: PLC0415  as below
        from sealock.policy.trust import untrusted  # noqa: PLC0415  as below
        from sealock.trust.bypolicy import PolicyVerifier  # noqa: PLC0415  loads all kinds of trust

        name = taken_apart(reference)
        verified = PolicyVerifier(holds.trust, open_registry(holds.access), holds.access).verify(name, reference)
        source = f"image:{name.registry}/{name.repository}@{verified.digest}" if verified.digest else input_.image
        match verified.decision.state:
            case "trusted":
                return source, (), ()
            case "untrusted":
                return source, (untrusted(reference, input_.name, verified.decision),), ()
            case "unknown":
                why = f"whether {reference} is trusted could not be told: {verified.decision.why}"
                return source, (), (_input_error(why, input_.target),)

    def _machine(self, input_: Input, progress: Callable[[str], None]) -> Iterator[TargetReport]:
        """Judge this machine or containers on it: a report each, so that one container's faults stand together."""
        for name, evaluated in self.machine(input_, progress):
            yield self.suppressed(evaluated, name)

    def machine(self, input_: Input, progress: Callable[[str], None]) -> Iterator[tuple[str, EvaluatedInput]]:
        """This machine or containers on it, by name, before the policy has excused anything."""
        from sealock.runtime.containers import documents, merge_views  # noqa: PLC0415  loads the engine's client and the kernel's reader

        holds = self.policy(input_.root)
        for name, document in documents(input_.machine, self.settings.engine, containers=self.settings.containers):
            progress(name)
            rules = self.rules(document, holds)
            result = self._with_parts(name, document, merge_views(evaluate(name, document, rules), document))
            yield name, EvaluatedInput(input_, document, result, rules, holds)

    def _with_parts(self, name: str, document: Document, result: Evaluation) -> Evaluation:
        """Add what is known to be vulnerable in the engine that a machine runs."""
        hosts = [subject.noun for subject in document.subjects if isinstance(subject.noun, Host)]
        if not hosts or not self.settings.vulnerabilities or self.settings.only:
            return result
        from sealock.scan.engineparts import look_up_parts  # noqa: PLC0415  loads the database and the matching
        from sealock.scan.vulnerabilities import LookupOptions  # noqa: PLC0415  as above

        options = LookupOptions(self.settings.ignore_states, only_fixed=self.settings.only_fixed)
        found = look_up_parts(hosts[0], name, options, self.notes.append)
        return Evaluation((*result.findings, *found.findings), (*result.skipped, *found.skipped))

    def _tell(self, input_: Input) -> TargetReport:
        evaluated = self.evaluated(input_)
        if evaluated is None:
            # An input without a text always says why.
            return TargetReport(
                input_.target, input_.kind or "unknown", errors=(_input_error(input_.error, input_.target),)
            )
        return self.suppressed(evaluated, input_.target)

    def suppressed(self, evaluated: EvaluatedInput, target: str) -> TargetReport:
        """Let the policy have its say on a verdict."""
        evaluated = self._weighed(evaluated)
        one, document, result, holds = evaluated.input, evaluated.document, evaluated.result, evaluated.policy
        ignores, errors = inline(document.source)
        skip = frozenset(skipped.rule for skipped in result.skipped)
        findings: list[Finding] = []
        used: set[Ignore] = set()
        for finding, ignore in suppress(result.findings, one.name, holds, ignores, self.today):
            findings.append(finding)
            if ignore is not None:
                used.add(ignore)
        # A rule that is off excuses its ignore: it might find something when it is on.
        off = frozenset(rule for ignore in ignores for rule in ignore.rules) if self.settings.only else frozenset()
        asleep = self._off(evaluated) | off
        if not evaluated.inventories or not self.settings.vulnerabilities or self.settings.only:
            asleep |= {VULNERABILITIES}
        findings += about_ignores(ignores, used, skip | asleep, self.today)
        self._used |= used
        self._undecided.setdefault(one.root, set()).update(skip | asleep)
        return TargetReport(
            target,
            document.kind,
            tuple(findings),
            result.skipped,
            (*document.errors, *errors),
            {source.name: source for source in document.sources.values()},
            next((identity(noun) for _, noun in evaluated.inventories if one.image), None),
        )

    def _weighed(self, evaluated: EvaluatedInput) -> EvaluatedInput:
        """Add what the advisory database says of the inventories in a text."""
        settings = self.settings
        if not evaluated.inventories or not settings.vulnerabilities or settings.only:
            return evaluated
        one, document, result = evaluated.input, evaluated.document, evaluated.result
        if one.walked not in self._scales:
            from sealock.scan.vulnerabilities import LookupOptions, VulnerabilityLookup, opener  # noqa: PLC0415  loads the database and the matching

            options = LookupOptions(settings.ignore_states, only_fixed=settings.only_fixed)
            # A walk over a project asks nobody outside: lock files that it meets are looked up in what is here.
            offline = settings.offline or one.walked
            self._scales[one.walked] = VulnerabilityLookup(
                options, opener(self._progress, self.notes.append, offline=offline)
            )
        scales, statements = self._scales[one.walked], self._statements(evaluated.policy)
        for name, inventory in evaluated.inventories:
            found = scales.look_up(inventory, one.name, name, document.source, statements)
            result = Evaluation((*result.findings, *found.findings), (*result.skipped, *found.skipped))
            if one.walked and scales.failed:
                self.notes.append(_NO_DATABASE)
            else:
                document = replace(document, errors=(*document.errors, *found.errors))
        return replace(evaluated, result=result, document=document)

    def _statements(self, holds: Policy) -> VexStatements | None:
        """The statements of the VEX documents that were named for a target; None where none were."""
        if not (self.settings.vex or holds.vex):
            return None
        if self._vex is None:
            from sealock.scan.vexfiles import VexDocuments  # noqa: PLC0415  most runs have none

            self._vex = VexDocuments()
        return self._vex.statements(self.settings.vex, holds.name, holds.vex)

    def _about_statements(self) -> Iterator[TargetReport]:
        """Report what is wrong with VEX documents, and note statements that are about nothing."""
        if self.settings.vex:
            self._statements(Policy())  # they are read though there may be nothing that they could be about
        if self._vex is not None:
            self.notes += self._vex.notes()
            for path, errors in self._vex.errors():
                yield TargetReport(path, "vex", errors=errors)

    @staticmethod
    def _off(evaluated: EvaluatedInput) -> frozenset[str]:
        from sealock.rules.catalog import rules  # noqa: PLC0415  loaded by now

        on = {rule.id for kind in evaluated.rules.values() for rule in kind}
        return frozenset(rule.id for kind in evaluated.rules for rule in rules(kind) if rule.id not in on)

    def _about_policies(self) -> Iterator[TargetReport]:
        """Report ignores of policies that excused nothing in a walk; after a single file nobody could tell."""
        for root, holds in self._policies.items():
            findings = tuple(
                about_ignores(holds.ignores, self._used, frozenset(self._undecided.get(root, ())), self.today)
            )
            if findings:
                yield TargetReport(holds.name, "policy", findings)


def _listed(rule: Rule[Any], holds: Policy) -> tuple[str, ...]:
    """The policy's list that a rule goes by, () for none."""
    return holds.registries if rule.setting == "registries" else ()


def _inventories(document: Document) -> tuple[tuple[str, Inventory], ...]:
    return tuple((subject.name, subject.noun) for subject in document.subjects if isinstance(subject.noun, Inventory))


def _input_error(text: str, target: str) -> InputError:
    return InputError(text, Location(target))
