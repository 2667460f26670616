"""What a target resolves to: a text, an image, a machine, or something that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError, reason_of_fault
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.document import DocumentKind, Unevaluated
from sealock.model.location import Source


class FileInput(Struct, frozen=True):
    """A text to evaluate.

    `target` is its name in reports. `name` is its path relative to `root` (the directory of the policy or of the
    repository, or the one named), so it does not depend on the working directory. `path` is the file that a fix
    changes, "" where there is none. `more` are compose files that are merged over the first, or the files that
    manifests were rendered from. `lock` marks a lock file, which lists packages and has no rules. `unevaluated` is what
    the text holds besides.
    """

    target: str
    name: str
    kind: DocumentKind
    source: Source
    files: FileWindow = NOTHING
    path: str = ""
    root: str = ""
    walked: bool = False
    more: tuple[Source, ...] = ()
    lock: bool = False
    unevaluated: tuple[Unevaluated, ...] = ()
    example: bool = False
    """Whether it is documentation, an example or a test, found below the directory that the user named."""
    part: Literal["", "found", "included"] = ""
    """Whether it is a compose file that was found and that Compose reads only with others, in which what it uses may be
    defined: where somebody names it after them, or as a project that is evaluated too includes it."""
    contexts: tuple[tuple[str, str], ...] = ()
    """The named contexts that the builds of a Dockerfile give, each with what stands for it."""


class ImageInput(Struct, frozen=True):
    """An image. `image` opens it: the path of an archive, layout or root file system, image:REF or docker:NAME."""

    target: str
    name: str
    image: str
    root: str = ""
    walked: ClassVar[bool] = False
    kind: ClassVar[Literal["image"]] = "image"


class MachineInput(Struct, frozen=True):
    """This machine or its containers: `target` is "host", "container:NAME", "container:*", "pid:N" or "self"."""

    target: str
    kind: Literal["host", "container"]
    root: str = ""
    walked: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What the policy's patterns match: the target itself, since it has no path."""
        return self.target


class SkippedInput(Struct, frozen=True):
    """A file in a directory that sealock recognises and does not evaluate, and why not."""

    target: str
    name: str
    unevaluated: tuple[Unevaluated, ...]
    root: str = ""
    walked: ClassVar[bool] = True

    @property
    def kind(self) -> str:
        """What the file is."""
        return self.unevaluated[0].kind


class Unreadable(Struct, frozen=True):
    """A target that could not be read, and why.

    `kind` is what it would have been, if that is known. `fault` if the reason is an error of sealock's own.
    """

    target: str
    name: str
    error: str
    root: str = ""
    walked: bool = False
    kind: str = "unknown"
    fault: bool = False


Input: TypeAlias = FileInput | ImageInput | MachineInput | SkippedInput | Unreadable


def contain(inputs: Iterator[Input], failed: Callable[[str], Unreadable]) -> Iterator[Input]:
    """These inputs, and what could not be read where an internal error ends them: one file must not end a walk."""
    try:
        yield from inputs
    except SealockError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a reader of untrusted text raises
        yield replace(failed(reason_of_fault(error)), fault=True)
