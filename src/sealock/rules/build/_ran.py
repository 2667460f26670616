"""The commands of a build, indexed once for all rules: by program, and parsed for package managers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.build import Build, Copy, Run, RunMount, Stage
from sealock.model.finding import Severity
from sealock.model.location import At, Place
from sealock.model.shell import Command, Word
from sealock.rules.build._managers import ALIKE, APT, VALUED
from sealock.rules.build._values import RunValues, each_run

T = TypeVar("T")


class Ran(Struct, frozen=True):
    """A command of a RUN, and its place.

    `expanded` has, of a downloader, the words of the variables that the Dockerfile sets.
    """

    at: At
    stage: Stage
    run: Run
    command: Command
    expanded: Command


class Call(Struct, frozen=True):
    """A call of a package manager: `verb` is its subcommand ("install"), `operands` are the arguments after it.

    Operands exclude options and their values, and name what a variable holds where the Dockerfile sets it: $PACKAGES
    becomes the packages, each at the place of $PACKAGES. `manager` is the plain name: "pip" for pip3.11 and for
    `python -m pip`.
    """

    ran: Ran
    manager: str
    verb: Word
    operands: tuple[Word, ...]
    options: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        """Whether the call has one of these options; short ones may be bundled (-qy), and values joined (--x=y)."""
        short = tuple(name[1] for name in names if len(name) == 2)
        for word in self.options:
            text = word.text
            if text in names or text.partition("=")[0] in names:
                return True
            if short and text[:1] == "-" and text[1:2] != "-" and any(letter in text for letter in short):
                return True
        return False


_NO_VERB: Final = frozenset({"yarn", "pacman"})
"""They do something without a verb: `yarn` installs, `pacman -S` has its verb in an option."""
_DOWNLOADERS: Final = frozenset({"curl", "wget"})
"""Programs whose options often stand in a variable."""
_NOTHING: Final = Word("", Place())
_ANY_NAME: Final = "*?_."
"""The characters of a pattern of all that is in a directory, or in apt's lists (`*_*`)."""

_last: list[tuple[Build, dict[str, list[Ran]], dict[str, list[Call]]]] = []


def _index(build: Build) -> tuple[Build, dict[str, list[Ran]], dict[str, list[Call]]]:
    """Walk the build's commands once; the rules ask for them a hundred times, one build after the other."""
    for known in _last:
        if known[0] is build:
            return known
    by_name: dict[str, list[Ran]] = {}
    by_manager: dict[str, list[Call]] = {}
    for at, stage, run, values in each_run(build):
        for command in run.script.commands():
            if not command.words:
                continue
            expanded = command
            if command.name in _DOWNLOADERS and not all(word.literal for word in command.words):
                expanded = replace(command, words=values.expand(command.words))
            ran = Ran(at, stage, run, command, expanded)
            by_name.setdefault(command.name, []).append(ran)
            if (call := _call(ran, values)) is not None:
                by_manager.setdefault(call.manager, []).append(call)
    made = (build, by_name, by_manager)
    _last[:] = [made]
    return made


def ran(build: Build, *names: str) -> Iterator[Ran]:
    """Every run of these programs, program by program; all commands if no program is named."""
    by_name = _index(build)[1]
    for name in names or tuple(by_name):
        yield from by_name.get(name, ())


def calls(build: Build, managers: Iterable[str], verbs: Sequence[str] | frozenset[str] = ()) -> Iterator[Call]:
    """Every call of these package managers with one of these verbs (with any verb if none is named)."""
    by_manager = _index(build)[2]
    for manager in managers:
        for call in by_manager.get(manager, ()):
            if not verbs or call.verb.text in verbs:
                yield call


def _manager(command: Command) -> tuple[str, int]:
    """The package manager that a command calls, and the index of the word after its name; "" for none."""
    name = command.name
    if name in VALUED or name in ALIKE:
        return name, 1
    if name.startswith("pip") and not name[3:].strip("0123456789."):
        return "pip", 1
    if name.startswith("python") and command.arguments[:2] == ("-m", "pip"):
        return "pip", 3
    return "", 0


def _call(ran: Ran, values: RunValues) -> Call | None:
    manager, index = _manager(ran.command)
    if not manager:
        return None
    words = values.expand(ran.command.words)
    valued = VALUED[ALIKE.get(manager, manager)]
    plain: list[Word] = []
    options: list[Word] = []
    while index < len(words):
        text = words[index].text
        if text.startswith("-") and text != "-":
            options.append(words[index])
            if text in valued and index + 1 < len(words):
                index += 1
                options.append(words[index])
        else:
            plain.append(words[index])
        index += 1
    if manager in APT and any(_simulates(option.text) for option in options):
        return None
    if manager in _NO_VERB and (manager == "pacman" or not plain):
        return Call(ran, manager, _NOTHING, tuple(plain), tuple(options))
    return Call(ran, manager, plain[0], tuple(plain[1:]), tuple(options)) if plain else None


def _simulates(option: str) -> bool:
    """Whether an option of apt lets it only say what it would do."""
    if option[1:2] == "-":
        return option in {"--simulate", "--just-print", "--dry-run", "--recon", "--no-act"}
    return option[1:].isalpha() and "s" in option and "o" not in option


# Stages and layers


def reaches_image(build: Build) -> frozenset[int]:
    """The stages whose layers are in the final image: the last one, and those that it builds on."""
    lineage: set[int] = set()
    stage = build.final
    while stage is not None and stage.index not in lineage:
        lineage.add(stage.index)
        below = stage.start.stage
        stage = build.stages[below] if below is not None and below < stage.index else None
    return frozenset(lineage)


class _Shipped(Struct):
    """What is copied out of a stage, or of one that builds on it: `paths`, and the directories above them.

    `any` where a source is unclear.
    """

    paths: set[str]
    above: set[str]
    any: bool = False


_shipped: list[tuple[Build, frozenset[int], dict[int, _Shipped]]] = []
"""Of the last build that a rule asked about: the stages that reach the image, and what is copied out of the others."""


def _shipping(build: Build) -> tuple[Build, frozenset[int], dict[int, _Shipped]]:
    if not _shipped or _shipped[0][0] is not build:
        copied: dict[int, _Shipped] = {}
        for _, stage, copy in build.each(Copy):
            if copy.stage is None or not stage.needed:
                continue
            for origin in lineage(build, build.stages[copy.stage]):
                shipped = copied.setdefault(origin.index, _Shipped(set(), set()))
                for source in copy.sources:
                    path = source.text.rstrip("/*") or "/"
                    shipped.any = shipped.any or path == "/" or not path.startswith("/") or "$" in path
                    shipped.paths.add(path)
                    shipped.above.update(_above(path))
        _shipped[:] = [(build, reaches_image(build), copied)]
    return _shipped[0]


def _above(path: str) -> Iterator[str]:
    for at in range(1, min(len(path), 1000)):
        if path[at] == "/":
            yield path[:at]


def unshipped(build: Build, at: At, *paths: str) -> Severity | None:
    """The severity of a fault at these paths of a stage that the image does not contain; None where it may.

    `at` is the instruction. What only the build sees is no way into the container. A path that is relative or depends
    on a variable may be anywhere.
    """
    _, reaching, copied = _shipping(build)
    stage = at[1] if len(at) > 1 and isinstance(at[1], int) else None
    if stage is None or stage in reaching:
        return None
    shipped = copied.get(stage)
    if shipped is not None and (shipped.any or not paths or any(_ships(shipped, path) for path in paths)):
        return None
    return Severity.LOW


def _ships(shipped: _Shipped, path: str) -> bool:
    path = path.rstrip("/*") or "/"
    if path == "/" or not path.startswith("/") or "$" in path:
        return True
    return path in shipped.paths or path in shipped.above or any(above in shipped.paths for above in _above(path))


def lineage(build: Build, stage: Stage) -> Iterator[Stage]:
    """The stage, then the stage that it builds on, and so on."""
    yield stage
    while stage.start.stage is not None and stage.start.stage < stage.index:
        stage = build.stages[stage.start.stage]
        yield stage


def below_of(build: Build, stage: Stage) -> Stage | None:
    """The stage that this one builds on, or None if it builds on an image."""
    below = stage.start.stage
    return build.stages[below] if below is not None and below < stage.index else None


def inherited(build: Build, fact: Callable[[Stage], bool]) -> Callable[[Stage], bool]:
    """A predicate: whether the fact holds for a stage or one that it builds on. It evaluates each stage once."""
    known: dict[int, bool] = {}

    def ask(stage: Stage) -> bool:
        unknown: list[Stage] = []
        holds = False
        for ancestor in lineage(build, stage):
            if ancestor.index in known:
                holds = known[ancestor.index]
                break
            unknown.append(ancestor)
        for ancestor in reversed(unknown):
            holds = known[ancestor.index] = holds or fact(ancestor)
        return holds

    return ask


def once(fact: Callable[[Stage], T]) -> Callable[[Stage], T]:
    """Cache a fact per stage."""
    known: dict[int, T] = {}

    def ask(stage: Stage) -> T:
        if stage.index not in known:
            known[stage.index] = fact(stage)
        return known[stage.index]

    return ask


def once_each(fact: Callable[[Run], T]) -> Callable[[Ran], T]:
    """Cache a fact per RUN, for rules that go command by command."""
    known: dict[At, T] = {}

    def ask(call: Ran) -> T:
        if call.at not in known:
            known[call.at] = fact(call.run)
        return known[call.at]

    return ask


def bases(build: Build) -> list[str]:
    """The base image of each stage, through the stages that it builds on."""
    images: list[str] = []
    for stage in build.stages:
        below = stage.start.stage
        images.append(images[below] if below is not None and below < stage.index else stage.start.image.text)
    return images


def mounted(run: Run, *directories: str) -> RunMount | None:
    """The cache or tmpfs mount of a RUN that covers one of these directories ("~" is any home)."""
    for mount in run.mounts:
        target = (mount.get("target", "dst", "destination") or "").rstrip("/")
        if mount.type in {"cache", "tmpfs"} and target and any(_covers(target, directory) for directory in directories):
            return mount
    return None


def _covers(target: str, directory: str) -> bool:
    if directory.startswith("~"):
        tail = directory[1:]
        home = target.removeprefix("/root") if target.startswith("/root/") else target
        return home == tail or target.endswith(tail) or any(target.endswith(parent) for parent in _parents(tail))
    return directory == target or directory.startswith(target + "/") or target.startswith(directory + "/")


def _parents(tail: str) -> list[str]:
    """The directories above a tail "/.cache/pip": "/.cache"."""
    parts = tail.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(1, len(parts))]


def _directory(path: str) -> str:
    """A path without a pattern of all names, and without slashes, at its end."""
    named = path.rstrip(_ANY_NAME)
    return (named if "*" in path[len(named) :] else path).rstrip("/")


def removes(run: Run, *directories: str) -> bool:
    """Whether the RUN deletes one of these directories, or what is in it, with rm or find ("~" is any home)."""
    for command in run.script.commands():
        if command.name not in {"rm", "find"}:
            continue
        for text in command.arguments:
            bare = _directory(text)
            if any(
                (bare.endswith(directory[1:]) if directory.startswith("~") else bare == directory)
                for directory in directories
            ):
                return True
            if bare in {"/var/cache", "/root/.cache", "~/.cache", "$HOME/.cache", "${HOME}/.cache"} and any(
                "cache" in directory for directory in directories
            ):
                return True
    return False
