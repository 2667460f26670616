"""Fourth stage of a run: matches the packages of inventories, and the engine's parts, with the advisory database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sealock.model.finding import Finding
from sealock.model.host import Host
from sealock.model.inventory import Inventory
from sealock.model.report import TargetReport
from sealock.model.vex import AttachedVex
from sealock.policy.settings import Policy
from sealock.scan.evaluator import EvaluatedTarget
from sealock.scan.inputerrors import mask_errors
from sealock.scan.settings import Settings
from sealock.scan.useevidence import UseEvidence
from sealock.targets.inputs import FileInput, ImageInput, MachineInput

if TYPE_CHECKING:
    from sealock.policy.vex import VexStatements
    from sealock.scan.vexfiles import VexDocuments
    from sealock.scan.vulnerabilities import LookupOptions, VulnerabilityLookup

_NO_DATABASE: Final = (
    "Lock files were not matched with advisories, since there is no advisory database: `sealock db update` builds one."
)


class Matcher:
    """The lookups of one run. `note` hears what is worth knowing of the run as a whole, such as an old database."""

    def __init__(self, settings: Settings, note: Callable[[str], None]) -> None:
        self._settings = settings
        self._note = note
        self._lookups: dict[bool, VulnerabilityLookup] = {}
        """By whether they connect to nothing: as where a walk found the inventory."""
        self._vex: VexDocuments | None = None

    @property
    def off(self) -> bool:
        """Whether the run matches nothing."""
        return not self._settings.vulnerabilities or bool(self._settings.only)

    def match(self, evaluated: EvaluatedTarget, progress: Callable[[str], None]) -> EvaluatedTarget:
        """Add the vulnerabilities of a target's packages."""
        if self.off:
            return evaluated
        if isinstance(evaluated.target.input, MachineInput) and not evaluated.target.inventories:
            return self._match_parts(evaluated)
        return self._match_inventories(evaluated, progress) if evaluated.target.inventories else evaluated

    def _match_inventories(self, evaluated: EvaluatedTarget, progress: Callable[[str], None]) -> EvaluatedTarget:
        target = evaluated.target
        walked = target.input.walked
        # Who checks a container asks for no connection either.
        lookup = self._lookup(progress, offline=walked or isinstance(target.input, MachineInput))
        for subject, inventory in target.inventories:
            statements = partial(self._statements, target.policy, target.input, inventory)
            found = lookup.look_up(inventory, target.key, subject, target.document.source, statements)
            missing = walked and lookup.failed
            if missing:
                self._note(_NO_DATABASE)
                evaluated = replace(evaluated, unmatched=True)
            findings = self._graded(found.findings, inventory, target.evidence)
            evaluated = evaluated.with_more(findings, found.skipped, () if missing else found.errors)
        return evaluated

    def _graded(
        self, findings: tuple[Finding, ...], inventory: Inventory, evidence: UseEvidence | None
    ) -> tuple[Finding, ...]:
        """The findings of a container, by whether it uses their packages."""
        if evidence is None:
            return findings
        from sealock.scan.inuse import grade, hide_unused  # noqa: PLC0415  only for what runs

        graded = grade(findings, inventory, evidence)
        return tuple(hide_unused(graded) if self._settings.in_use else graded)

    def _lookup(self, progress: Callable[[str], None], *, offline: bool) -> VulnerabilityLookup:
        if offline not in self._lookups:
            from sealock.scan.vulnerabilities import VulnerabilityLookup, opener  # noqa: PLC0415  loads the database

            # A walk over a project connects to nothing: the lock files that it finds are matched with what is here.
            opened = opener(progress, self._note, offline=offline or self._settings.offline)
            self._lookups[offline] = VulnerabilityLookup(self._options(), opened)
        return self._lookups[offline]

    def _options(self) -> LookupOptions:
        from sealock.scan.vulnerabilities import LookupOptions  # noqa: PLC0415  as in _lookup

        return LookupOptions(self._settings.ignore_states, only_fixed=self._settings.only_fixed)

    def _match_parts(self, evaluated: EvaluatedTarget) -> EvaluatedTarget:
        """Add the vulnerabilities of the engine that a host runs."""
        hosts = list(evaluated.target.document.nouns(Host))
        if not hosts:
            return evaluated
        from sealock.scan.engineparts import look_up_parts  # noqa: PLC0415  as in _lookup

        found = look_up_parts(hosts[0], evaluated.target.name, self._options(), self._note)
        return evaluated.with_more(found.findings, found.skipped)

    def _statements(
        self, policy: Policy, input_: FileInput | ImageInput | MachineInput, inventory: Inventory
    ) -> VexStatements | None:
        """The statements that apply to a target: of named documents, and of those at its registry; None without any."""
        paths = (*self._settings.vex, *policy.vex)
        attached = AttachedVex()
        if self._settings.attached_vex and isinstance(input_, ImageInput) and input_.image.startswith("image:"):
            from sealock.scan.attachedvex import find_attached  # noqa: PLC0415  cryptography: only for registries

            attached = find_attached(input_.image.removeprefix("image:"), inventory.manifest, policy)
            for note in attached.notes:
                self._note(note)
        if not (paths or attached.statements):
            return None
        return self._documents().statements(paths, attached)

    def _documents(self) -> VexDocuments:
        if self._vex is None:
            from sealock.scan.vexfiles import VexDocuments  # noqa: PLC0415  most runs have none

            self._vex = VexDocuments()
        return self._vex

    def about_statements(self) -> Iterator[TargetReport]:
        """Report what is wrong with VEX documents, and note statements that match nothing."""
        if self._settings.vex and not self.off:
            self._documents().statements(self._settings.vex)  # they are read even where no package needs them
        if self._vex is not None:
            for note in self._vex.notes():
                self._note(note)
            for path, errors in self._vex.errors():
                yield TargetReport(path, "vex", errors=mask_errors(errors))
