"""Reads and checks two images, and compares them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.imagediff import ImageDiff
from sealock.model.inventory import Inventory
from sealock.model.location import Location
from sealock.scan.comparison import ReadImage, compare
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, ImageInput, Unreadable
from sealock.targets.resolve import ambiguity


def diff(
    old: str,
    new: str,
    settings: Settings | None = None,
    *,
    progress: Callable[[str], None] = lambda _name: None,
) -> ImageDiff:
    """Compare two images, each an archive, OCI layout, root file system, docker:NAME, image reference or SBOM.

    A new vulnerability or finding from `Settings.fail_on` up makes the status 1, none where that is None. TargetError
    where a target is no image and no SBOM; what could not be read inside of one is in `ImageDiff.errors`, and what
    could not be compared in `ImageDiff.uncompared`.
    """
    settings = settings or Settings()
    run = CheckRun(settings)
    before = _read(run, old, progress)
    # An image is not read twice: what changes under a tag meanwhile would make it differ from itself.
    after = before if new == old else _read(run, new, progress)
    about = tuple(error for report in run.about_settings(walked=False) for error in report.errors)
    if not settings.vulnerabilities:
        run.notes.append("known vulnerabilities were not compared (--no-vulnerabilities)")
    made = compare(before, after, fail_on=settings.fail_on, notes=tuple(dict.fromkeys(run.notes)))
    return replace(made, errors=(*made.errors, *about))


def _read(run: CheckRun, target: str, progress: Callable[[str], None]) -> ReadImage:
    """Read and check the first image of a target; an error says where it holds more."""
    # A directory without a description of images is a root file system here, and not a project to walk.
    named = f"rootfs:{target}" if Path(target).is_dir() and not ambiguity(target) else target
    (input_, *_) = run.inputs((named,))
    if isinstance(input_, Unreadable):
        msg = f"{target}: {input_.error}"
        raise TargetError(msg)
    if not isinstance(input_, ImageInput) and not (isinstance(input_, FileInput) and input_.kind == "inventory"):
        msg = f"{target} is no image and no SBOM: name an archive, an OCI layout, a root file system, docker:NAME, "
        raise TargetError(msg + "an image reference, or what `sealock sbom` wrote")
    evaluated, *others = run.evaluate(input_, progress)
    report = run.finish(evaluated, progress)
    subjects = evaluated.target.document.subjects
    errors = list(report.errors)
    if others:
        message = f"it holds {1 + len(others)} images, of which only the first is compared: {evaluated.target.name}"
        errors.append(InputError(message, Location(target)))
    inventory = next((subject.noun for subject in subjects if isinstance(subject.noun, Inventory)), None)
    if inventory is None:
        if errors:
            msg = f"{errors[0].location.file}: {errors[0].message}"
            raise TargetError(msg)
        msg = f"{target} lists no packages"
        raise TargetError(msg)
    settings = frozenset(subject.name for subject in subjects if isinstance(subject.noun, Container))
    return ReadImage(target, inventory, report.findings, report.skipped, tuple(errors), settings)
