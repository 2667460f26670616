"""Checks the text of an editor as `sealock check` checks a file, without the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.errors import SealockError
from sealock.formats.files import FileRefusedError
from sealock.model.finding import Finding, InputError
from sealock.model.location import Location
from sealock.scan.fix import FixedFile, fix_each, fix_inputs
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.fileinputs import UNKNOWN_KIND, read_as
from sealock.targets.files import LIMIT
from sealock.targets.inputs import FileInput, Input, SkippedInput, Unreadable
from sealock.targets.resolve import read_nameless
from sealock.text import format_size

SETTINGS: Final = Settings(offline=True)
"""Nothing is fetched; a lock file is matched with the advisory database that is there."""
_BASES: Final = {"dockerfile": "Dockerfile", "dockercompose": "compose.yaml", "shellscript": "script.sh"}
"""The name of a new file, by the editor's name of its language."""


class EditedText(Struct, frozen=True):
    """The text of a document in an editor.

    `path` is "" for a document that is in no file; `folder` is the directory of the workspace that the file is in, or
    its own: nothing outside of it is read. `language` is what the editor takes it for.
    """

    text: str
    path: str = ""
    folder: str = ""
    language: str = ""


class CheckedText(Struct, frozen=True):
    """What a check of a text results in. `input` is None if sealock does not check such a text, or failed to."""

    edited: EditedText
    input: FileInput | None = None
    findings: tuple[Finding, ...] = ()
    errors: tuple[InputError, ...] = ()
    unevaluated: tuple[str, ...] = ()
    """What sealock recognises in the text and does not evaluate, in words."""


def check_text(edited: EditedText) -> CheckedText:
    """Check a text. Whatever happens becomes an error of the result: a server outlives it."""
    try:
        return _check(edited)
    except (SealockError, FileRefusedError) as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001  a fault in one document must not end the server
        why = f"internal error of sealock: {error!r}"
    return CheckedText(edited, errors=(InputError(why, Location(edited.path)),))


def fix_text(checked: CheckedText) -> FixedFile | None:
    """The text with the safe fixes made, as `--fix` makes them; None if it is not checked."""
    if checked.input is None:
        return None
    fixed = fix_inputs(CheckRun(SETTINGS), (checked.input,), unsafe=False)
    return next((file for file in fixed if isinstance(file, FixedFile)), None)


def fix_findings(checked: CheckedText, findings: tuple[Finding, ...]) -> tuple[FixedFile, ...]:
    """The text with each of its findings fixed by itself."""
    return () if checked.input is None else tuple(fix_each(CheckRun(SETTINGS), checked.input, findings))


def _check(edited: EditedText) -> CheckedText:
    if len(edited.text) > LIMIT:
        msg = f"this text is larger than {format_size(LIMIT)}, the limit for a text, and is not checked"
        raise FileRefusedError(msg)
    if "\0" in edited.text:
        msg = "this text contains a NUL character and is not checked"
        raise FileRefusedError(msg)
    run = CheckRun(SETTINGS)
    own: FileInput | None = None
    findings: tuple[Finding, ...] = ()
    errors: list[InputError] = []
    unevaluated: list[str] = []
    for input_ in _inputs(run, edited):
        match input_:
            case FileInput():
                if input_.root and run.policies.tree.excluded(input_.root, input_.path):
                    return CheckedText(edited)
                own = input_
            case SkippedInput():
                unevaluated += [form.reason for form in input_.unevaluated]
            case Unreadable() if input_.error != UNKNOWN_KIND:
                errors.append(InputError(input_.error, Location(input_.target)))
            case _:
                pass
    if own is not None:
        (evaluated,) = run.evaluate(own)
        report = run.finish(evaluated)
        findings = report.counted
        errors += report.errors
        unevaluated += [skipped.reason for skipped in report.skipped if not skipped.rule]
    errors += run.policies.tree.errors.values()
    return CheckedText(edited, own, findings, tuple(errors), tuple(dict.fromkeys(unevaluated)))


def _inputs(run: CheckRun, edited: EditedText) -> Iterator[Input]:
    if edited.path:
        # As a walk finds it: the editor shows every file, and does not say that sealock can read this one.
        yield from read_as(edited.path, edited.text, edited.folder, run.options, walked=True)
    else:
        yield read_nameless("", edited.text, _BASES.get(edited.language, ""))
