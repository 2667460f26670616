"""From files to inputs: those that the user named, and those of a directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from sealock import formats
from sealock.errors import TargetError
from sealock.formats.detection import is_certain
from sealock.formats.embedded import embedded_kinds
from sealock.formats.files import FileRefusedError
from sealock.formats.runcalls import mentions_run
from sealock.globs import matches
from sealock.model.document import Recognition, Unevaluated
from sealock.model.location import Source
from sealock.patterns import compile_lazily
from sealock.targets.directory import DirectoryWindow
from sealock.targets.examples import is_example
from sealock.targets.files import LIMIT, decode, read_named_bytes, read_start
from sealock.targets.inputs import FileInput, Input, SkippedInput, Unreadable, contain
from sealock.targets.locks import LIMIT as LOCK_LIMIT
from sealock.targets.locks import decode_lock, is_lock, is_other_lock
from sealock.targets.policyfile import PolicyTree, Scope
from sealock.targets.projects import link_out
from sealock.targets.rendernames import is_chart, is_part, is_renderable
from sealock.targets.runlines import has_run_lines, may_have_lines, skipped_lines
from sealock.targets.units import is_drop_in, is_merged
from sealock.targets.walk import Walk, is_file, is_override
from sealock.text import count

if TYPE_CHECKING:
    from sealock.targets.composefiles import IncludedFiles

BILL_LIMIT: Final = 128 << 20
"""The largest JSON file in bytes: the SBOM of a large image has tens of millions."""
UNKNOWN_KIND: Final = (
    "this is not a Dockerfile, a compose file, an image configuration, or a text with `docker run` lines"
)
_BLANK: Final = compile_lazily(r"\s*+(?:(?:#|;|//)[^\n]*+\s*+)*+")
"""A text of comments alone, such as a place-holder for a file that others write."""
_WHOLE: Final = frozenset({"compose", "dockerfile", "bake", "inventory", "image-config", "observed", "daemon"})
"""Kinds of texts that hold no others, or none that is not read with them."""
_WITHIN: Final = {
    "compose": "compose files within other texts are not checked; save it as a file to check it",
    "dockerfile": "Dockerfiles within other texts are not checked; save it as a file to check it",
    "kubernetes": "manifests within other texts are not checked; save it as a file to check it",
    "run": "run lines in the commands and files of containers are not checked",
}
_WITH_COMMANDS: Final = frozenset({"compose", "kubernetes", "quadlet", "pipeline", "devcontainer"})
"""Kinds of texts that may have run lines in their commands."""
_WITH_TEXTS: Final = frozenset({"compose", "kubernetes"})
"""Those of them that may have run lines in other values too, which nothing reads."""
_NOTHING: Final = "no Dockerfile, no compose file, and no script with `docker run` lines"


class Options(Struct, frozen=True):
    """How targets are read: `environment` is for compose files; `outside` lets them read outside of what was named."""

    environment: Mapping[str, str] = {}
    outside: bool = False
    policies: PolicyTree = field(default_factory=PolicyTree)
    """Decides on the root of each input, and on what a walk leaves out."""
    unexamined: Callable[[str], None] = lambda _path: None
    """Gets each path that a walk did not look into, with a slash at the end of a directory."""
    exclude: tuple[str, ...] = ()
    """Patterns of paths, relative to the directory that was named, that a walk leaves out beside the policy's."""
    examples: bool = True
    """Whether a walk looks into documentation, examples and tests; the policy may leave them out too."""
    require_targets: bool = False
    """Whether a directory in which nothing can be checked is an error; the policy may say so too."""
    render: bool = False
    """Whether kustomizations and Helm charts are rendered by the programs that do it."""
    note: Callable[[str], None] = lambda _note: None
    """Gets what is worth knowing and no error."""


def relative(path: str, root: str) -> str:
    """The path relative to a root, with forward slashes."""
    prefix = root.rstrip("/") + "/"
    # In a walk, each path starts with the directory, and relpath takes a tenth of its time.
    below = path[len(prefix) :] if path.startswith(prefix) and ".." not in path else os.path.relpath(path, root)
    return os.path.normpath(below).replace(os.sep, "/")


def read_file(path: str, named: str, options: Options, *, walked: bool = False) -> Iterator[Input]:
    """Read a file; with a compose file come the errors of those that Compose merges into it.

    `named` is the directory that the user named, which bounds what is read with the file.
    """

    def failed(why: str) -> Unreadable:
        return Unreadable(path, relative(path, root := _root(path, named, options)), why, root, walked)

    limit = LOCK_LIMIT if is_lock(path) else BILL_LIMIT if path.endswith(".json") else LIMIT
    try:
        data = read_named_bytes(path, limit, outside=options.outside or walked)  # a walk follows no links
        text = decode_lock(path, data) if is_lock(path) else decode(path, data)
    except FileRefusedError as refusal:
        yield failed(str(refusal))
        return
    yield from contain(read_as(path, text, named, options, walked=walked), failed)


def read_as(path: str, text: str, named: str, options: Options, *, walked: bool = False) -> Iterator[Input]:
    """Read a file as if it held this text; all else is as in `read_file`."""
    directory = os.path.dirname(path) or "."
    root = _root(path, named, options)
    name = relative(path, root)
    source = Source(path, text)
    files = DirectoryWindow(directory, named, options.environment, outside=options.outside)
    if is_lock(path):
        yield FileInput(path, name, "inventory", source, files, path, root, walked, lock=True)
        return
    if options.render and is_renderable(path):
        yield _rendered(path, named, options, walked=walked)
        return
    recognition = _recognize(path, text)
    kind, unevaluated = recognition.kind, recognition.unevaluated
    within = tuple(Unevaluated(form, _WITHIN[form]) for form in embedded_kinds(path, text, kind or "", _WHOLE))
    in_commands = kind in _WITH_COMMANDS and mentions_run(text)
    if in_commands and kind in _WITH_TEXTS and not formats.read(kind, source, files).run_lines:
        within += (Unevaluated("run", _WITHIN["run"]),)
    if within and walked:
        options.unexamined(path)
    elif within:
        unevaluated += within
    if kind is None:
        if unevaluated and walked:
            yield SkippedInput(path, name, unevaluated, root)
        else:  # a file that the user named and that is not evaluated is an error
            yield Unreadable(path, name, "; ".join(form.reason for form in unevaluated) or UNKNOWN_KIND, root, walked)
        return
    if walked and _BLANK.fullmatch(text):
        yield SkippedInput(path, name, (Unevaluated(kind, "the file is empty"), *unevaluated), root)
        return
    if not walked and kind == "run" and may_have_lines(source) and not has_run_lines(formats.read(kind, source, files)):
        unevaluated += (Unevaluated("run", "none of the commands that it mentions could be read as a run line"),)
    if kind == "run" or in_commands:
        unevaluated += tuple(Unevaluated("run", why) for why in skipped_lines(source, files))
    more: tuple[Source, ...] = ()
    part: Literal["", "found"] = ""
    if kind == "compose":
        from sealock.targets.composefiles import is_project, read_overrides  # noqa: PLC0415  others are no project

        part = "found" if walked and not is_project(path, files) else ""
        more, refused = read_overrides(path, files)
        for other, why in refused:
            yield Unreadable(other, relative(other, root), why, root, walked, "compose")
    yield FileInput(path, name, kind, source, files, path, root, walked, more, unevaluated=unevaluated, part=part)


def _rendered(path: str, named: str, options: Options, *, walked: bool) -> Input:
    """The manifests that a kustomization or chart makes."""
    from sealock.targets.rendering import originals, render  # noqa: PLC0415  only with --render

    root = _root(path, named, options)
    name = relative(path, root)
    try:
        source = Source(path, render(path))
    except TargetError as error:
        return Unreadable(path, name, str(error), root, walked, "kubernetes")
    return FileInput(path, name, "kubernetes", source, root=root, walked=walked, more=originals(path, named))


def _root(path: str, named: str, options: Options) -> str:
    return options.policies.root(named, os.path.dirname(path) or ".") or named


def _recognize(path: str, text: str) -> Recognition:
    """Recognise a file by its whole path, so that the name of its directory counts for a target like "ci.yml" too."""
    if is_other_lock(os.path.basename(path)):
        return Recognition(None, (Unevaluated("lock file", "no analyzer reads lock files of this name"),))
    return formats.recognize(os.path.abspath(path).replace(os.sep, "/"), text)


def _listed(directory: str, named: str, options: Options, *, walked: bool) -> Iterator[Input]:
    """The project whose files COMPOSE_FILE lists, from a directory's .env or from the environment."""
    from sealock.targets.composefiles import find_compose_files, read_files  # noqa: PLC0415  as in read_file

    files = find_compose_files(DirectoryWindow(directory, named, options.environment, outside=options.outside))
    if not files.listed:
        return
    # Compose reads paths, and a second .env, from the directory of the first file.
    own = os.path.dirname(files.paths[0]) or "."
    window = DirectoryWindow(own, named, {**files.variables, **options.environment}, outside=options.outside)
    sources, refused = read_files(files.paths, window)
    root = options.policies.root(named, own) or named
    for path, why in refused:
        yield Unreadable(path, relative(path, root), why, root, walked, "compose")
    if sources:
        path = sources[0].name
        yield FileInput(path, relative(path, root), "compose", sources[0], window, path, root, walked, sources[1:])


def read_directory(target: str, options: Options) -> Iterator[Input]:
    """Read the files of a directory, each once: one that Compose merges into another is not an input of its own."""
    root = options.policies.root(target) or target
    if not options.outside and (why := link_out(target)):
        yield Unreadable(target, relative(target, root), f"{why}, and was not walked: name the directory itself", root)
        return
    unreadable: list[tuple[str, str]] = []
    empty = True
    for input_ in _DirectoryReader(target, root, options).inputs(lambda path, why: unreadable.append((path, why))):
        empty = False
        yield input_
    for path, why in unreadable:
        empty = False
        yield Unreadable(path, relative(path, root), f"could not be read: {why}", root, walked=True)
    if empty:
        from sealock.targets.composefiles import find_above  # noqa: PLC0415  as in read_file

        above = find_above(target)
        hint = f" (`docker compose` loads {above} there)" if above else ""
        why = f"nothing in it that sealock reads: {_NOTHING}{hint}"
        if options.require_targets or options.policies.scope(root, target).policy.require_targets:
            yield Unreadable(target, relative(target, root), why, root)
        else:
            options.note(f"{target}: {why}")


def read_found(paths: Sequence[str], options: Options) -> Iterator[Input]:
    """Read those of these files that a walk of the working directory would read, as it would.

    A hook names every file that changed: what sealock does not know is no error then, and a compose file that is merged
    into another is read with that one.
    """
    root = options.policies.root(".") or "."
    names: list[str] = []
    for path in paths:
        name = relative(path, ".")
        if os.path.isabs(name) or name.split("/")[0] in {"", os.pardir, os.curdir}:
            why = "this is no file below the working directory: a hook names files from the root of the repository"
            yield Unreadable(path, path, why, root)
        else:
            names.append(name)
    unreadable: list[tuple[str, str]] = []
    reader = _DirectoryReader(".", root, options, names)
    yield from reader.inputs(lambda path, why: unreadable.append((path, why)))
    for path, why in unreadable:
        yield Unreadable(os.path.normpath(path), relative(path, root), f"could not be read: {why}", root)


class _DirectoryReader:
    """Reads the files of a directory that sealock knows: all, or only those that are named."""

    def __init__(self, target: str, root: str, options: Options, names: Sequence[str] | None = None) -> None:
        self._target = target
        self._names = names
        self._root = root
        self._options = options
        self._scopes: dict[str, Scope] = {}
        self._examples = options.examples and options.policies.scope(root, target).policy.examples
        self._charts: list[str] = []
        """The directories of charts that were rendered."""
        self._merged: set[str] = set()
        """The compose files that were read as a part of another one's project."""

    def inputs(self, error: Callable[[str, str], None]) -> Iterator[Input]:
        """Yield the inputs; `error` gets each path that could not be read, and why."""
        if "COMPOSE_FILE" in self._options.environment:
            yield from self._marked(self._listed(self._target))
        walk = Walk(
            self._target,
            self._excluded,
            error,
            unexamined=self._options.unexamined,
            examples=self._examples,
            rendered=self._options.render,
        )
        for file in walk.files() if self._names is None else walk.named(self._with_bases(self._names)):
            path = os.path.normpath(file.path)
            directory, name = os.path.split(path)
            if name == ".env":
                yield from self._marked(self._listed(directory or "."))
            elif file.image:
                scope = self._scope(path).root or self._target
                yield SkippedInput(path, relative(path, scope), (Unevaluated("image", file.why),), scope)
            elif file.why:
                yield from self._skipped(path, file.why)
            elif is_drop_in(path) and is_merged(path):
                pass
            elif path not in self._merged and not (is_override(name) and self._base(path)):
                yield from self._marked(self._read(path))
        if walk.left_out:
            what = count(walk.left_out, "file or directory", "files and directories")
            self._options.note(f"{self._target}: {what} of documentation, examples and tests left out")

    def _with_bases(self, names: Sequence[str]) -> list[str]:
        """These files, each override with the file that it is merged into."""
        overrides = [name for name in names if is_override(os.path.basename(name))]
        return [*names, *(base for name in overrides if (base := self._base(name)))]

    def _marked(self, inputs: Iterator[Input]) -> Iterator[Input]:
        """Mark what is documentation, an example or a test."""
        for input_ in inputs:
            is_one = isinstance(input_, FileInput) and is_example(relative(input_.path or input_.target, self._target))
            yield replace(input_, example=True) if is_one else input_

    def _excluded(self, name: str) -> bool:
        if any(matches(name, pattern) for pattern in self._options.exclude):
            return True
        # Each file of the directory comes here, and few policies exclude any.
        path = f"{self._target}/{name}"
        return bool(self._scope(path).policy.exclude) and self._options.policies.excluded(self._root, path)

    def _scope(self, path: str) -> Scope:
        """What applies to a file."""
        directory = path.rpartition("/")[0] or "."
        if directory not in self._scopes:
            self._scopes[directory] = self._options.policies.scope(self._root, directory)
        return self._scopes[directory]

    def _listed(self, directory: str) -> Iterator[Input]:
        """The project that COMPOSE_FILE lists, unless its files were read."""
        for input_ in _listed(directory, self._target, self._options, walked=True):
            if not _paths(input_) <= self._merged:
                self._merged |= _paths(input_)
                yield input_

    def _base(self, path: str) -> str:
        """The file that an override is merged into, "" where the walk does not read it: a link, or left out."""
        from sealock.targets.composefiles import find_compose_files  # noqa: PLC0415  as in read_file

        files = find_compose_files(DirectoryWindow(os.path.dirname(path) or ".", self._target))
        base = files.paths[0] if path in files.paths[1:] else ""
        return base if base and base not in self._merged and self._may_read(base) else ""

    def _read(self, path: str) -> Iterator[Input]:
        """A file of the directory; nothing for one that holds nothing that sealock knows."""
        if self._options.render and (is_renderable(path) or any(path.startswith(chart) for chart in self._charts)):
            yield from self._render(path)
            return
        certain = is_certain(os.path.basename(path)) or is_lock(path)
        for input_ in read_file(path, self._target, self._options, walked=True):
            if isinstance(input_, Unreadable) and input_.target == path and input_.error == UNKNOWN_KIND:
                continue
            if isinstance(input_, Unreadable) and input_.target == path and not (certain or input_.fault):
                # Whether it is anything that sealock knows is not certain, so it is no error.
                yield from self._skipped(path, input_.error.removeprefix(path).lstrip(", "))
            elif (
                isinstance(input_, FileInput)
                and input_.kind == "run"
                and not has_run_lines(document := formats.read(input_.kind, input_.source, input_.files))
            ):
                if may_have_lines(input_.source) and not input_.unevaluated:
                    self._options.unexamined(path)
                if document.subjects:
                    yield input_
                elif input_.unevaluated:
                    yield SkippedInput(path, input_.name, input_.unevaluated, input_.root)
            elif isinstance(input_, FileInput) and input_.kind == "compose" and path in self._included:
                # A hook names what changed: the project may not be among it.
                yield replace(input_, part="included" if self._names is None else "found")
            else:
                yield input_

    @cached_property
    def _included(self) -> IncludedFiles:
        """The compose files that are part of a project that the walk reads."""
        from sealock.targets.composefiles import IncludedFiles  # noqa: PLC0415  as in read_file

        return IncludedFiles(self._target, self._options.environment, self._may_read)

    def _may_read(self, path: str) -> bool:
        """Whether a walk reads a file: it is no link, and not left out."""
        return is_file(path) and not self._excluded(relative(path, self._target))

    def _render(self, path: str) -> Iterator[Input]:
        """What a kustomization or chart makes; nothing of a part of another, such as the files of a chart."""
        if any(path.startswith(chart) for chart in self._charts) or is_part(path):
            return
        (input_,) = tuple(read_file(path, self._target, self._options, walked=True))
        if is_chart(path) and isinstance(input_, FileInput):
            self._charts.append(os.path.dirname(path) + "/")
        yield input_

    def _skipped(self, path: str, why: str) -> Iterator[SkippedInput]:
        """A file whose text cannot be read as it is; nothing for one that is nothing that sealock knows."""
        base = os.path.basename(path)
        try:
            data = b"" if os.path.islink(path) else read_start(path, LIMIT)
        except FileRefusedError:
            data = b""
        text = data.replace(b"\0", b"").decode("utf-8", "replace").lstrip("\ufffd\ufeff")
        recognition = _recognize(path, text)
        kind = recognition.kind or "".join(form.kind for form in recognition.unevaluated[:1])
        if kind and (kind != "run" or is_certain(base) or mentions_run(text)):
            root = self._scope(path).root or self._target
            yield SkippedInput(path, relative(path, root), (Unevaluated(kind, why),), root)


def _paths(input_: Input) -> set[str]:
    """The paths of a project's files; of a file that could not be read, its own."""
    return {input_.path, *(source.name for source in input_.more)} if isinstance(input_, FileInput) else {input_.target}
