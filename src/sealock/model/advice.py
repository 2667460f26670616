"""What is advised about an image's base, with the figures and reasons that it rests on. Sizes are in bytes."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

BaseKind: TypeAlias = Literal["static", "distroless", "alpine", "slim", "keep"]
"""From the smallest: scratch or a static base, glibc without a shell, musl, the same distribution with less, as is."""
FitAnswer: TypeAlias = Literal["yes", "work", "no", "unknown"]
"""It would do as it is; after the work that the reasons name; not at all; unknown."""
Sure: TypeAlias = Literal["sure", "likely", "unsure"]
StepKind: TypeAlias = Literal["static", "dynamic", "shell", "script", "interpreted", "missing", "unreadable"]
OnMusl: TypeAlias = Literal["runs", "stand-in", "gcompat", "breaks"]
"""Runs as it is; starts where something stands in for glibc's loader; where gcompat adds functions too; not at all."""


FILE_LIST: Final = "files.txt"
"""The name under which a Dockerfile expects the list of a root's paths."""


class StartStep(Struct, frozen=True):
    """One program on the way from the entrypoint to what runs.

    "interpreted" is an interpreter of a language other than the shell's, "script" a script for a shell.
    """

    word: str
    kind: StepKind
    path: str = ""
    by: str = ""
    """Who starts it: "the entrypoint", the path of a script, "sh -c"."""
    language: str = ""


class Start(Struct, frozen=True):
    """What the image starts. `shell` says why a shell is needed, "" where none is."""

    words: tuple[str, ...]
    steps: tuple[StartStep, ...] = ()
    shell: str = ""
    form: bool = False
    """Whether the shell is there only because a single command is written in shell form."""
    managers: tuple[str, ...] = ()
    """Package managers that are run at the start."""
    unknown: tuple[str, ...] = ()
    """What is unknown, and why."""


class Closure(Struct, frozen=True):
    """Files that programs need to start. `maybe` are those that they may load later (dlopen)."""

    files: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """(file, library that it needs and that is nowhere)."""
    maybe: tuple[str, ...] = ()
    size: int = 0


class Musl(Struct, frozen=True):
    """How a file would fare on a base with musl, with what says so: symbols, or the loader."""

    path: str
    answer: OnMusl
    says: tuple[str, ...] = ()
    owner: str = ""
    layer: int = -1
    differs: tuple[str, ...] = ()
    """Functions that musl has and that work in another way there (names, locales, conversions)."""
    wheel: str = ""
    """The wheel's platform tag, for a file of a Python package."""


class Share(Struct, frozen=True):
    """How much of the image is somebody's: a package's, or a layer's."""

    name: str
    size: int
    files: int
    layer: int = -1
    needed: bool | None = None
    """Whether the started programs need it; None where unknown."""
    detail: str = ""


class Surface(Struct, frozen=True):
    """What an attacker would find, counted."""

    size: int
    files: int
    packages: tuple[tuple[str, int], ...] = ()
    setuid: tuple[str, ...] = ()
    setgid: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    tools: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Groups ("shells") and the programs of each, by path."""
    layers: tuple[Share, ...] = ()
    owners: tuple[Share, ...] = ()
    """Packages, the largest first."""
    unowned: int = 0
    """Bytes of files that no package owns."""
    unowned_most: tuple[Share, ...] = ()
    hidden: int = 0
    """Bytes that lower layers hold and no container sees."""
    hidden_most: tuple[Share, ...] = ()


class Need(Struct, frozen=True):
    """Packages that what is started needs, by way of its libraries and of what packages depend on."""

    packages: int
    size: int
    others: tuple[Share, ...] = ()
    """Packages that nothing needed so depends on, the largest first."""
    spare: int = 0
    """Bytes of those."""
    known: bool = True


class Base(Struct, frozen=True):
    """The image it was built on, if known, and the evidence."""

    name: str = ""
    digest: str = ""
    layers: int = 0
    """How many of the lowest layers are the base's, 0 where unknown."""
    says: tuple[str, ...] = ()


class RootFiles(Struct, frozen=True):
    """The root of just what the image starts.

    `paths` are its directories, which end in "/", and its files and links; `files` counts the latter.
    """

    paths: tuple[str, ...] = ()
    files: int = 0
    size: int = 0
    packages: int = 0
    """How many of the distribution's packages these files come from."""


class BaseFit(Struct, frozen=True):
    """Whether a kind of base would do. `size` is what the image would then hold at the least, 0 where not known.

    `image` is the base to name in FROM, "" where none can be named; `dockerfile` are the lines that build on it.
    """

    base: BaseKind
    answer: FitAnswer
    sure: Sure
    reasons: tuple[str, ...]
    size: int = 0
    image: str = ""
    dockerfile: tuple[str, ...] = ()


class BaseAdvice(Struct, frozen=True):
    """All of it. `best` is the base to take."""

    names: tuple[str, ...]
    id: str
    platform: str
    system: str
    base: Base
    surface: Surface
    start: Start
    closure: Closure
    root: RootFiles
    need: Need
    musl: tuple[Musl, ...]
    results: tuple[BaseFit, ...]
    best: BaseKind
    unknown: tuple[str, ...] = ()
