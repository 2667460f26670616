"""Reads and checks two images, and compares them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.model.container import Container
from sealock.model.finding import InputError
from sealock.model.imagediff import ImageDiff, PathChange
from sealock.model.inventory import Inventory
from sealock.model.location import Location
from sealock.scan.comparison import ReadImage, compare
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, ImageInput, MachineInput, Unreadable
from sealock.targets.names import ambiguity

_CONTAINER: Final = "container:"
_REMOTE: Final = "image:"


def diff(
    old: str,
    new: str = "",
    settings: Settings | None = None,
    *,
    progress: Callable[[str], None] = lambda _name: None,
) -> ImageDiff:
    """Compare two images, each an archive, OCI layout, root file system, docker:NAME, image reference or SBOM.

    container:NAME is a container with what it changed; without `new` it is compared with the image that its registry
    has under its tag now.

    A new vulnerability or finding from `Settings.fail_on` up makes the status 1, none where that is None. TargetError
    where a target is no image and no SBOM; what could not be read inside of one is in `ImageDiff.errors`, and what
    could not be compared in `ImageDiff.uncompared`.
    """
    settings = settings or Settings()
    run = CheckRun(settings)
    if not new:
        new = _newest(old, settings.engine)
    before = _read(run, old, progress)
    # An image is not read twice: what changes under a tag meanwhile would make it differ from itself.
    after = before if new == old else _read(run, new, progress)
    about = tuple(error for report in run.about_settings(walked=False) for error in report.errors)
    if not settings.vulnerabilities:
        run.notes.append("known vulnerabilities were not compared (--no-vulnerabilities)")
    made = compare(before, after, fail_on=settings.fail_on, notes=tuple(dict.fromkeys(run.notes)))
    return replace(made, errors=(*made.errors, *about))


def own_image(container: str, engine: str) -> str:
    """The target that is the image from which a container ("container:NAME") was started."""
    from sealock.image.fromcontainer import image_id  # noqa: PLC0415  other targets have no engine
    from sealock.runtime.engine import connect  # noqa: PLC0415  as above

    name = _container(container)
    with connect(engine) as connected:
        return f"docker:{image_id(connected, name)}"


def _newest(container: str, engine: str) -> str:
    from sealock.image.fromcontainer import image_reference  # noqa: PLC0415  as above
    from sealock.runtime.engine import connect  # noqa: PLC0415  as above

    name = _container(container)
    with connect(engine) as connected:
        return f"image:{image_reference(connected, name)}"


def _container(target: str) -> str:
    """The name in container:NAME."""
    if not target.startswith(_CONTAINER):
        msg = f"with what should {target} be compared? Only container:NAME can do without a second target"
        raise UsageError(msg)
    name = target.removeprefix(_CONTAINER)
    if not name or "*" in name:
        msg = f"{target} names no single container: write container:NAME"
        raise TargetError(msg)
    return name


def _changes(container: str, engine: str) -> tuple[PathChange, ...]:
    from sealock.image.fromcontainer import read_changes  # noqa: PLC0415  as above
    from sealock.runtime.engine import connect  # noqa: PLC0415  as above

    name = _container(container)
    with connect(engine) as connected:
        return read_changes(connected, name)


def _read(run: CheckRun, target: str, progress: Callable[[str], None]) -> ReadImage:
    """Read and check the first image of a target; an error says where it holds more."""
    # A directory without a description of images is a root file system here, and not a project to walk.
    named = f"rootfs:{target}" if Path(target).is_dir() and not ambiguity(target) else target
    (input_, *_) = run.inputs((named,))
    if isinstance(input_, Unreadable):
        msg = f"{target}: {input_.error}"
        raise TargetError(msg)
    changes: tuple[PathChange, ...] = ()
    if isinstance(input_, MachineInput) and target.startswith(_CONTAINER):
        changes = _changes(target, run.settings.engine)
        input_ = ImageInput(target, target, target, input_.root)
    if not isinstance(input_, ImageInput) and not (isinstance(input_, FileInput) and input_.kind == "inventory"):
        msg = f"{target} is no image and no SBOM: name an archive, an OCI layout, a root file system, docker:NAME, "
        raise TargetError(msg + "container:NAME, an image reference, or what `sealock sbom` wrote")
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
    signatures = ""
    if isinstance(input_, ImageInput) and input_.image.startswith(_REMOTE):
        from sealock.scan.signatures import describe_signatures  # noqa: PLC0415  cryptography: only for registries

        signatures = describe_signatures(input_.image.removeprefix(_REMOTE), run.policies.of(input_))
    return ReadImage(target, inventory, report.findings, report.skipped, tuple(errors), settings, changes, signatures)
