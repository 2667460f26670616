"""A run from targets to a report: resolve, read, evaluate, match, apply the policy, report.

Each stage is a module of its own; this one joins them:

    targets/resolve  what the user typed      -> Input
    scan/documents   read(input, policy)      -> ReadTarget (a document)
    scan/evaluator   evaluate(read)           -> EvaluatedTarget (findings, skipped)
    scan/matcher     match(evaluated)         -> EvaluatedTarget (with known vulnerabilities)
    scan/policies    apply(evaluated)         -> TargetReport (suppressed, ignores checked)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from msgspec.structs import replace

from sealock import __version__
from sealock.errors import SealockError, TargetError, TransportError, reason_of_fault
from sealock.formats.buildcontexts import NamedBuild, list_builds
from sealock.model.finding import InputError, Skipped
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport, Unexamined
from sealock.scan.documents import DocumentReader
from sealock.scan.evaluator import EvaluatedTarget, Evaluator
from sealock.scan.inputerrors import mask_errors
from sealock.scan.matcher import Matcher
from sealock.scan.namedcontexts import RULES, join_builds, joined_reports
from sealock.scan.policies import Policies
from sealock.scan.repetitions import join_repetitions
from sealock.scan.ruleids import select
from sealock.scan.settings import Settings
from sealock.scan.sharing import IgnoreRecord, TakenInput, share_inputs
from sealock.scan.support import recorded_support
from sealock.targets.fileinputs import Options, read_found
from sealock.targets.inputs import FileInput, ImageInput, Input, MachineInput, SkippedInput, Unreadable
from sealock.targets.resolve import resolve, resolve_compose
from sealock.targets.walk import is_override
from sealock.text import count, is_or_are

_SETTINGS_ELSEWHERE: Final = "check the compose file, the `docker run` line or container:NAME as well"
_ELSEWHERE: Final = {
    "dockerfile": _SETTINGS_ELSEWHERE,
    "image-config": _SETTINGS_ELSEWHERE,
    "image": _SETTINGS_ELSEWHERE,
    "inventory": "check the image as well",
}
"""Where the rules can be evaluated for which a kind of source lacks the fields."""
_WITH_SETTINGS: Final = frozenset(
    {"compose", "kubernetes", "quadlet", "pipeline", "devcontainer", "bake", "run", "container", "observed"}
)
"""Kinds of targets that have run-time settings."""
_PATHS: Final = 1000
"""Paths of files that were not looked into that a report lists."""


def check(*targets: str, settings: Settings | None = None) -> Report:
    """Check targets, named as on the command line, and return the report.

    A target that cannot be read becomes an error in the report. PolicyError is raised for a policy that is not valid,
    TargetError for a profile that cannot be read.
    """
    settings = settings or Settings()
    if settings.since:
        from sealock.scan.since import Since, check_since  # noqa: PLC0415  seldom needed, and it imports this module

        return check_since(targets, Since(settings.since), settings)
    run = CheckRun(settings)
    return run.report(run.inputs(targets))


def _silent(_name: str) -> None:
    """Show no progress."""


class CheckRun:
    """One run: its stages keep what they loaded, so that policies, rules and databases are opened once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.today = settings.today or date.today()  # noqa: DTZ011  an ignore and support end by the user's own calendar
        self.notes: list[str] = []
        """What is worth knowing of the run as a whole, such as an old database."""
        only, notes = select(settings.only, "--only")
        skip, more = select(settings.skip, "--skip")
        self.notes += (*notes, *more)
        self.policies = Policies(replace(settings, skip=skip), self.today, self.notes.append)
        self._reader = DocumentReader(settings, self.notes.append)
        self._passed_by: list[str] = []
        self._last_passed_by = ""
        self._counts = {False: 0, True: 0}
        self._lacking: dict[str, str] = {}
        self._builds: list[NamedBuild] = []
        """The Dockerfiles that compose and bake files build, each with the named contexts of that build."""
        self._evaluator = Evaluator(only, self.today, recorded_support(self.notes.append))
        self._matcher = Matcher(settings, self.notes.append)
        if settings.profile:
            from sealock.scan.profileuse import opened  # noqa: PLC0415  most runs have none

            opened(settings.profile)  # one that cannot be read is an error, also where no target needs it

    @property
    def options(self) -> Options:
        """How the targets of this run are read."""
        return Options(
            self.settings.environment,
            self.settings.outside,
            self.policies.tree,
            self._note_unexamined,
            exclude=self.settings.exclude,
            examples=self.settings.examples,
            render=self.settings.render,
            require_targets=self.settings.require_targets,
            note=self.notes.append,
        )

    def inputs(self, targets: Iterable[str]) -> Iterator[Input]:
        """Resolve targets; a file that several of them name comes once."""
        options = self.options
        if self.settings.compose_files:
            yield resolve_compose(self.settings.compose_files, options)
        if self.settings.found:
            yield from read_found(tuple(targets), options)
            return
        paths: set[str] = set()
        # An override after the file that it is merged into.
        for target in sorted(targets, key=lambda target: is_override(target.rpartition("/")[2])):
            for input_ in resolve(target, options):
                if isinstance(input_, FileInput) and input_.path:
                    if os.path.normpath(input_.path) in paths:
                        continue
                    paths.update(os.path.normpath(path) for path in (input_.path, *(more.name for more in input_.more)))
                yield input_

    def evaluate(
        self, input_: FileInput | ImageInput | MachineInput, progress: Callable[[str], None] = _silent
    ) -> Iterator[EvaluatedTarget]:
        """Read an input and evaluate the rules on each of its documents."""
        for target in self._reader.read(input_, self.policies.of(input_), progress):
            if isinstance(input_, FileInput) and input_.kind in {"compose", "bake"}:
                self._builds += list_builds(target.document, input_.path)
            yield self._evaluator.evaluate(target)

    def finish(self, evaluated: EvaluatedTarget, progress: Callable[[str], None] = _silent) -> TargetReport:
        """Match an evaluated target with advisories, and apply its policy."""
        return self.policies.apply(self._matcher.match(evaluated, progress))

    def report(self, inputs: Iterable[Input], progress: Callable[[str], None] = _silent) -> Report:
        """Take inputs through all stages."""
        reports: list[TargetReport] = []
        dockerfiles: dict[str, tuple[int, FileInput]] = {}
        walked = False
        for input_, taken in share_inputs(inputs, lambda input_: self._take(input_, progress), self._may_share):
            walked = walked or (input_.walked and not self.settings.found)
            if taken is None:
                # One by one, so that what was read before an error is kept.
                reports.extend(self._reports_on(input_, progress))
            else:
                reports += taken.reports
                self.notes += taken.notes
                self.policies.record.add(taken.ignores)
                self._lacking.update(taken.lacking)
                self._builds += taken.builds
            if isinstance(input_, FileInput) and input_.kind == "dockerfile" and _names_images(reports[-1]):
                dockerfiles[os.path.normpath(input_.path)] = (len(reports) - 1, input_)
        for path, contexts in join_builds(self._builds, dockerfiles).items():
            at, input_ = dockerfiles[path]
            (built,) = self._reports_on(replace(input_, contexts=contexts), progress)
            reports[at] = joined_reports(reports[at], built, contexts)
        if not any(report.kind in _WITH_SETTINGS for report in reports):
            for reason, kind in self._lacking.items():
                self.notes.append(f"{reason}, so no rule on them was evaluated: {_ELSEWHERE[kind]}")
        # Examples last: who reads from the top, or only the first, sees what runs.
        reports = sorted(join_repetitions(reports), key=lambda report: report.example)
        if number := sum(finding.example for report in reports for finding in report.counted):
            self.notes.append(_about_examples(number))
        reports += self.about_settings(walked=walked)
        return Report(
            __version__,
            tuple(reports),
            self.policies.fail_on,
            tuple(dict.fromkeys(self.notes)),
            unexamined=Unexamined(self._counts[False], self._counts[True], tuple(self._passed_by)),
            fail_on_skipped=self.policies.fail_on_skipped,
        )

    def _reports_on(self, input_: Input, progress: Callable[[str], None]) -> Iterator[TargetReport]:
        progress(input_.target)
        yield from map(self._drop_what_its_kind_lacks, self._report_on(input_, progress))

    def _take(self, input_: Input, progress: Callable[[str], None]) -> TakenInput:
        """Take an input through all stages, with what that changes of the run apart: another process may do it."""
        notes, record, lacking, builds = self.notes[:], self.policies.record, self._lacking, self._builds
        self.notes.clear()
        self.policies.record, self._lacking, self._builds = IgnoreRecord(), {}, []
        try:
            reports = tuple(self._reports_on(input_, progress))
            return TakenInput(reports, tuple(self.notes), self.policies.record, self._lacking, tuple(self._builds))
        finally:
            self.notes[:] = notes
            self.policies.record, self._lacking, self._builds = record, lacking, builds

    def _may_share(self, input_: FileInput) -> bool:
        """Whether another process may take a text: one that the policy wants signatures for opens connections."""
        return not self.policies.of(input_).trust.given

    def about_settings(self, *, walked: bool) -> Iterator[TargetReport]:
        """Report on policies and VEX documents after all targets; `walked` says whether one was a directory."""
        yield from self.policies.reports(walked=walked)
        yield from self._matcher.about_statements()

    def _drop_what_its_kind_lacks(self, report: TargetReport) -> TargetReport:
        """The report without the checks that no source of its kind allows; the run says once what these lack."""
        lacking = [skipped for skipped in report.skipped if skipped.by_kind]
        if not lacking:
            return report
        self._lacking.update((skipped.reason, report.kind) for skipped in lacking)
        return replace(report, skipped=tuple(skipped for skipped in report.skipped if not skipped.by_kind))

    def _note_unexamined(self, path: str) -> None:
        """Count what a walk does not look into, once though for several reasons, and keep the first paths."""
        path = os.path.normpath(path) + "/" * path.endswith("/")
        if path == self._last_passed_by:
            return
        self._last_passed_by = path
        self._counts[path.endswith("/")] += 1
        if len(self._passed_by) < _PATHS:
            self._passed_by.append(path)

    def _report_on(self, input_: Input, progress: Callable[[str], None]) -> Iterator[TargetReport]:
        if isinstance(input_, Unreadable):
            yield _failed(input_, input_.error)
            return
        if isinstance(input_, SkippedInput):
            skipped = tuple(Skipped("", form.kind, form.reason) for form in input_.unevaluated)
            yield TargetReport(input_.target, input_.kind, skipped=skipped, evaluated=False)
            return
        try:
            for evaluated in self.evaluate(input_, progress):
                yield self.finish(evaluated, progress)
        except (TargetError, TransportError) as error:
            yield _failed(input_, str(error))
        except SealockError:
            raise
        except Exception as error:  # noqa: BLE001  a fault in one target must not lose the others
            yield _failed(input_, reason_of_fault(error))


def _names_images(report: TargetReport) -> bool:
    """Whether the report on a Dockerfile has findings that go by the names of its images."""
    return any(finding.rule in RULES for finding in report.findings)


def _about_examples(number: int) -> str:
    return (
        f"{count(number, 'finding')} {is_or_are(number)} in documentation, examples or tests, "
        "and one severity lower for it; --no-examples leaves them out"
    )


def _failed(input_: Input, why: str) -> TargetReport:
    errors = mask_errors((InputError(why, Location(input_.target)),))
    return TargetReport(input_.target, input_.kind, errors=errors, evaluated=False)
