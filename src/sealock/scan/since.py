"""Checks what changed since a commit: files are checked as they are now and as they were, and only new findings count.

The earlier files are written to a temporary directory and checked with the same settings and today's policy. So
whatever a change affects is seen, such as a Dockerfile whose .dockerignore changed, or a compose file that includes
another. A finding is new if its fingerprint is; a renamed file keeps its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import UsageError
from sealock.model.finding import Finding, InputError, Suppression
from sealock.model.report import Report, TargetReport
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.earlierfiles import EarlierFiles, write_earlier
from sealock.targets.git import GitRepository
from sealock.text import count

BY: Final = "--since"
_LISTED: Final = 5
"""Errors that were there before and are listed."""


class Since(Struct, frozen=True):
    """What to compare with: a commit by `name`; `remote_first` prefers the branch of that name at the remote."""

    name: str
    remote_first: bool = False


def check_since(
    targets: Sequence[str], since: Since, settings: Settings, progress: Callable[[str], None] = lambda _name: None
) -> Report:
    """Check files and directories of a Git repository, and report what changed since the merge base with a commit.

    Findings that were there before are suppressed. Targets that neither changed nor have new findings are left out.
    TargetError where the commits cannot be read; UsageError for targets that are no files of one repository.
    """
    repository = _repository((*settings.compose_files, *targets))
    base = repository.merge_base(repository.find(since.name, remote_first=since.remote_first))
    report = _checked(targets, settings, progress)
    with TemporaryDirectory(prefix="sealock-") as directory:
        earlier = EarlierFiles(repository, str(Path(directory).resolve()))
        notes = write_earlier(repository, base, earlier.place)
        composed = earlier.paths(settings.compose_files)
        before = _checked(earlier.paths(targets), replace(settings, compose_files=composed), progress)
        return _Comparison(since.name, base[:12], earlier).apply(report, before, notes)


def _repository(targets: tuple[str, ...]) -> GitRepository:
    """The repository of all targets."""
    found: dict[str, GitRepository] = {}
    for target in targets:
        path = Path(target)
        if not (path.exists() or path.is_symlink()):
            message = f"--since compares files and directories, and {target} is neither"
            raise UsageError(message)
        repository = GitRepository(str(path if path.is_dir() else path.parent))
        found[repository.top] = repository
    if len(found) != 1:
        number = count(len(found), "repository", "repositories")
        message = f"--since needs targets in one repository, and these are in {number}"
        raise UsageError(message)
    return next(iter(found.values()))


def _checked(targets: Sequence[str], settings: Settings, progress: Callable[[str], None]) -> Report:
    run = CheckRun(settings)
    return run.report(run.inputs(targets), progress)


class _Comparison(Struct, frozen=True):
    """What is compared with: its name, its commit, and its files."""

    name: str
    commit: str
    files: EarlierFiles

    def apply(self, report: Report, before: Report, notes: list[str]) -> Report:
        """The report with only new findings and errors, and without the targets that did not change."""
        fingerprints = {
            fingerprint
            for finding in before.findings()
            for fingerprint in (finding.fingerprint, *(each.fingerprint for each in finding.repetitions))
        }
        errors = {self._key(error) for target in before.targets for error in target.errors}
        kept: list[TargetReport] = []
        old_errors: list[InputError] = []
        for target in report.targets:
            changed = any(map(self.files.differ, target.sources or (target.target,)))
            fresh = tuple(error for error in target.errors if changed or self._key(error) not in errors)
            findings = tuple(self._marked(finding, fingerprints) for finding in target.findings)
            marked = replace(target, findings=findings, errors=fresh)
            old_errors += (error for error in target.errors if error not in fresh)
            if changed or fresh or marked.counted:
                kept.append(marked)
        known = sum(
            finding.suppressed is None and finding.fingerprint in fingerprints
            for target in report.targets
            for finding in target.findings
        )
        notes = [self._note(known, len(report.targets) - len(kept)), *notes, *_unread(old_errors)]
        return replace(report, targets=tuple(kept), notes=(*notes, *report.notes))

    def _key(self, error: InputError) -> tuple[str, str]:
        """What an error is about, the same for both directories."""
        file = error.location.file
        return self.files.relative(file), error.message.replace(file, "").replace(self.files.place, "")

    def _marked(self, finding: Finding, fingerprints: set[str]) -> Finding:
        """The finding, suppressed where the earlier files have it too and nothing suppressed it there."""
        if finding.suppressed is not None or finding.fingerprint not in fingerprints:
            return finding
        return replace(finding, suppressed=Suppression(BY, f"{self.name} ({self.commit}) has it too"))

    def _note(self, known: int, left: int) -> str:
        parts = [f"{count(known, 'finding')} {'was' if known == 1 else 'were'} there before"] if known else []
        parts += [f"{count(left, 'target')} did not change"] if left else []
        return f"only what is new since {self.name} ({self.commit}) counts{': ' if parts else ''}{' and '.join(parts)}."


def _unread(errors: list[InputError]) -> list[str]:
    notes = [f"not readable before either: {error.location.file}: {error.message}" for error in errors[:_LISTED]]
    more = len(errors) - _LISTED
    verb = "was" if more == 1 else "were"
    return [*notes, f"{count(more, 'more error')} {verb} there before"] if more > 0 else notes
