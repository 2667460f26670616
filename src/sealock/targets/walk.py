"""Walks a directory for files that sealock knows. It follows no symbolic link, so it neither loops nor leaves."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sealock.errors import reason_of
from sealock.formats.detection import is_certain
from sealock.formats.files import FileRefusedError
from sealock.formats.runcalls import FUNCTION_RUN, SOURCES, VARIABLE_RUN
from sealock.patterns import compile_lazily
from sealock.targets.dependencies import lacks_lock
from sealock.targets.examples import is_documentation, is_example_directory
from sealock.targets.files import LIMIT, read_start
from sealock.targets.imagelayouts import (
    ARCHIVE_START,
    DESCRIPTIONS,
    WHY,
    is_image_directory,
    is_member,
    read_archive_start,
)
from sealock.targets.locks import is_lock, is_other_lock
from sealock.targets.rendernames import is_renderable
from sealock.targets.units import is_drop_in

SKIPPED: Final = frozenset({
    ".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".terraform", "site-packages", ".cache",
})  # fmt: skip
"""Directories of third-party or generated files."""
_OWN: Final = frozenset({".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
"""Those of version control and of tools, which hold no file of the project."""
_PROGRAMS: Final = """
py pyi pyx ipynb go js mjs cjs jsx ts mts cts tsx vue svelte rs java kt kts scala clj cljs c cc cpp cxx h hh hpp m mm cs
fs fsx vb swift dart rb php pl pm lua r jl ex exs erl hrl hs ml mli zig nim d asm s f90 proto thrift graphql sql css
scss sass less styl map snap wat sol v sv vhd
"""
_DATA_ONLY: Final = """
csv tsv ndjson jsonl log html htm xhtml xml xsd xsl svg rss po pot mo dat db sqlite sqlite3 parquet avro npy npz pickle
pkl h5 onnx pt bin sum patch diff
"""
_BINARIES: Final = """
png jpg jpeg gif webp avif ico bmp tif tiff psd mp3 mp4 m4a mov avi mkv webm ogg wav flac woff woff2 ttf otf eot pdf doc
docx xls xlsx ppt pptx odt zip gz tgz bz2 xz zst 7z rar tar jar war ear whl egg deb rpm apk dmg iso img exe dll so dylib
a o obj lib class pyc pyo wasm node
"""
CLOSED: Final = frozenset(f"{_PROGRAMS} {_DATA_ONLY} {_BINARIES}".split())
"""Extensions of files that a walk does not open, unless their name is known."""
_TEXT: Final = compile_lazily(
    r".*\.(ya?ml|json|sh|bash|zsh|ksh|mk|service|md|markdown|txt|ps1|psm1|bat|cmd|fish)|(gnu)?makefile", re.IGNORECASE
)
"""Names of texts: one with a NUL byte is not taken for a program."""
_DATA: Final = compile_lazily(
    r".*\.(ya?ml|jsonc?|tf|hcl|nomad|toml|container|kube|pod|build|image|volume|network|artifact|spdx|rdf|tpl|tmpl|j2|jinja2?|erb|in"
    r"|template|bicep)",
    re.IGNORECASE,
)
_KEYS: Final = (
    b"services", b"include", b"ontainer", b"image", b"Image", b"target", b"using", b"buildpack", b"bomFormat",
    b"spdxVersion", b"SPDXVersion", b"spdx.org/rdf", b"anchore/syft", b"rootfs", b"architecture", b'"observed"',
    b"-runtime", b"live-restore", b"data-root",
    b"registries", b"registry-mirrors", b"userns-remap", b"userland-proxy", b"storage-driver", b"default-address",
    b"default-ulimits", b"log-opts", b"icc", b"no-new-privileges", b"[Volume]", b"[Network]", b"[Pod]", b"[Kube]",
    b"[Build]", b"[Artifact]", b"steps", b"ConfigMap", b"Secret", b"HelmRelease", b"HelmChart",
)  # fmt: skip
"""Without one of these or of `_WORDS` a file of data is nothing that sealock knows."""
_WORDS: Final = (b"docker", b"podman", b"nerdctl")
_SCRIPT: Final = compile_lazily(r".*\.(?:sh|bash|zsh|ksh|dash|mk|mak|just)|[^.]*", re.IGNORECASE)
"""Names of scripts, in which a variable may stand for the engine."""
_MAKE: Final = compile_lazily(r"(?:gnu)?makefile|.*\.mk", re.IGNORECASE)
"""Names of Makefiles, whose engine may be in a file that they include."""
_VARIABLE_RUN: Final = compile_lazily(VARIABLE_RUN.encode())
_FUNCTION_RUN: Final = compile_lazily(FUNCTION_RUN.encode())
_SOURCES: Final = compile_lazily(SOURCES.encode())
_START: Final = compile_lazily(
    rb"^(?:\xef\xbb\xbf)?[ \t]*(?:FROM[ \t]+\S|[\"']?(?:services|apiVersion)[\"']?[ \t]*:)", re.MULTILINE
)
_OVERRIDE: Final = compile_lazily(r"(docker-)?compose\.override\.ya?ml")
_LISTS_FILES: Final = compile_lazily(rb"^(?:\xef\xbb\xbf)?[ \t]*(export[ \t]+)?COMPOSE_FILE[ \t]*[=:]", re.MULTILINE)


class WalkedFile(Struct, frozen=True):
    """A file that sealock may know; `why` says why it cannot be read, "" where it can.

    An `image` is a directory or an archive.
    """

    path: str
    why: str = ""
    image: bool = False


class Walk:
    """One walk below a directory.

    `excluded` decides whether a path relative to `root` is left out; `error` gets each path that could not be read, and
    why; `unexamined` gets each path that was not looked into, with a slash at the end of a directory. With `also`, a
    file that contains it counts too. An image is yielded once, and none of its files. A .env file is yielded where it
    names compose files. Without `examples`, documentation, examples and tests are not looked into. With `rendered`,
    kustomizations and charts count too.
    """

    def __init__(  # noqa: PLR0913  what a run decides for all of its walks
        self,
        root: str,
        excluded: Callable[[str], bool],
        error: Callable[[str, str], None],
        *,
        also: re.Pattern[bytes] | None = None,
        unexamined: Callable[[str], None] = lambda _path: None,
        examples: bool = True,
        rendered: bool = False,
    ) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._excluded = excluded
        self._error = error
        self._also = also
        self._unexamined = unexamined
        self._examples = examples
        self._rendered = rendered
        self.left_out = 0
        """How many files and directories of documentation, examples and tests were not looked into."""

    def files(self) -> Iterator[WalkedFile]:
        """Yield, in order of path, each file that sealock may know."""
        directories = [""]
        while directories:
            directory = directories.pop()
            below: list[str] = []
            files: list[tuple[str, str]] = []
            is_image = False
            try:
                with os.scandir(self._prefix + directory) as scanned:
                    entries = list(scanned)
                    if any(entry.name in DESCRIPTIONS for entry in entries):
                        is_image = is_image_directory(self._prefix + directory)
                    for entry in entries:
                        name = f"{directory}{entry.name}"
                        if self._excluded(name) or (is_image and is_member(entry.name)):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            below += self._directory(name, entry.name)
                        elif entry.is_file(follow_symlinks=False):
                            files.append((name, ""))
                        else:
                            files.append((name, "a symbolic link" if entry.is_symlink() else "not a regular file"))
            except OSError as error:
                self._error(self._prefix + directory, reason_of(error))
                continue
            if is_image:
                yield WalkedFile(self._prefix + directory, WHY, image=True)
            yield from self._known(sorted(files))
            directories += sorted(below, reverse=True)

    def named(self, names: Iterable[str]) -> Iterator[WalkedFile]:
        """Yield, in order of path, those of these files that `files` would; names are relative to the root."""
        files: list[tuple[str, str]] = []
        images: set[str] = set()
        for name in sorted(set(names)):
            *directories, _ = parents = [name[:end] for end in _ends(name)]
            try:
                mode = os.lstat(self._prefix + name).st_mode
                linked = any(os.path.islink(self._prefix + directory) for directory in directories)
            except (OSError, ValueError) as error:
                self._error(self._prefix + name, reason_of(error))
                continue
            if any(map(self._excluded, parents)):
                continue
            image = None if linked else self._image_of(parents)
            if image is not None:
                images.add(image)
            elif linked or any(self._is_passed_by(directory.rpartition("/")[2]) for directory in directories):
                self._unexamined(self._prefix + name)
            elif stat.S_ISREG(mode):
                files.append((name, ""))
            else:
                files.append((name, "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"))
        yield from (WalkedFile(image, WHY, image=True) for image in sorted(images))
        yield from self._known(files)

    def _image_of(self, parents: list[str]) -> str | None:
        """The image directory that a path of these parts belongs to."""
        for directory, part in zip(["", *parents], parents, strict=False):
            path = self._prefix + directory
            if is_member(part.rpartition("/")[2]) and is_image_directory(path):
                return path
        return None

    def _is_passed_by(self, base: str) -> bool:
        return base in SKIPPED or (not self._examples and is_example_directory(base))

    def _directory(self, name: str, base: str) -> list[str]:
        if not self._is_passed_by(base):
            return [name + "/"]
        self.left_out += base not in SKIPPED
        if base not in _OWN:
            self._unexamined(f"{self._prefix}{name}/")
        return []

    def _known(self, files: list[tuple[str, str]]) -> Iterator[WalkedFile]:
        for name, special in files:
            base = name.rpartition("/")[2]
            path = self._prefix + name  # os.path.join takes a tenth of a walk
            if not self._examples and is_documentation(base):
                self.left_out += 1
                self._unexamined(path)
            elif special:
                if is_certain(base) and self._also is None:
                    yield WalkedFile(path, f"{special}, which is not followed in a directory")
                else:
                    self._unexamined(path)
            elif (walked := self._look(path, base)) is not None:
                yield walked

    def _look(self, path: str, base: str) -> WalkedFile | None:
        """Decide about a regular file by its name, or by its text."""
        if is_certain(base) or (self._rendered and is_renderable(base)):
            return WalkedFile(path)
        if base.rpartition(".")[2].lower() in CLOSED and "." in base and base != "pom.xml":
            return self._look_at_binary(path, read_archive_start(path))
        if is_lock(path) or is_other_lock(base):
            return WalkedFile(path)
        try:
            data = read_start(path, LIMIT)
        except FileRefusedError as error:
            self._error(path, str(error).removeprefix(f"{path} could not be read: "))
            return None
        if lacks_lock(path, self._prefix, data):
            self._unexamined(path)
        if base == ".env":
            return WalkedFile(path) if self._also is None and _LISTS_FILES.search(data) else None
        why = ""
        if b"\0" in data[:4096] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
            if not (_TEXT.fullmatch(base) or data.startswith((b"#!", b"\xff\xfe", b"\xfe\xff"))):
                return self._look_at_binary(path, data)
            data, why = data.replace(b"\0", b""), "not UTF-8 text"
        known = any(word in data for word in _WORDS) or (
            any(key in data for key in _KEYS) if _DATA.fullmatch(base) or is_drop_in(path) else _starts(data)
        )
        known = known or (b"include" in data and _MAKE.fullmatch(base) is not None)
        if not known and b" run" in data and _SCRIPT.fullmatch(base) is not None:
            known = bool(_VARIABLE_RUN.search(data) or (_SOURCES.search(data) and _FUNCTION_RUN.search(data)))
        if known or (self._also is not None and self._also.search(data)):
            return WalkedFile(path, why)
        return None

    def _look_at_binary(self, path: str, start: bytes) -> WalkedFile | None:
        """Decide about a file that is no text by its first bytes: an archive of an image, or not looked into."""
        if ARCHIVE_START.match(start):
            from sealock.targets.archivestarts import begins_image  # noqa: PLC0415  loads decompressors in 8 ms

            if begins_image(start):
                return WalkedFile(path, WHY, image=True)
        self._unexamined(path)
        return None


def _ends(name: str) -> Iterator[int]:
    """Where each directory of a path ends, and the path itself."""
    yield from (match.start() for match in re.finditer("/", name))
    yield len(name)


def _starts(data: bytes) -> bool:
    """Whether a line starts as a Dockerfile, a compose file or a manifest does."""
    return any(word in data for word in (b"FROM", b"services", b"apiVersion")) and _START.search(data) is not None


def is_override(name: str) -> bool:
    """Whether a name is that of an override file that Compose merges by default."""
    return _OVERRIDE.fullmatch(name) is not None


def is_file(path: str) -> bool:
    """Whether a path is what the walk reads: a regular file, and no symbolic link to one."""
    return os.path.isfile(path) and not os.path.islink(path)
