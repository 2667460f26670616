"""Follows downloads through a stage: which files, whether the build verifies them, how it uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sealock.model.build import Build, Run, Stage
from sealock.model.location import At, Place
from sealock.model.shell import Command
from sealock.rules.build._commands import downloads, is_verified, known, line
from sealock.rules.build._powershell import powershell_of, speaks_powershell
from sealock.rules.downloadruns import passes_download
from sealock.rules.downloads import DOWNLOADERS, INTERPRETERS, program, saved_as
from sealock.rules.powershell import compares_hash, follow_downloads
from sealock.secrets.values import mask

AUTHORITY_DIRECTORIES: Final = ("ca-certificates", "/anchors", "/etc/ssl/certs", "/etc/pki/")
"""Parts of the paths below which a certificate is trusted."""
_MODES: Final = ("+x", "a+x", "u+x", "ug+x", "ugo+x", "+rx", "a+rx", "u+rx", "+rwx", "755", "0755", "775", "0775", "777", "0777", "700", "0700", "555", "0555", "500", "550", "750", "0750")  # fmt: skip  # noqa: E501  a list of modes
_INSTALLERS: Final = frozenset({"dpkg", "rpm", "gdebi", "apt", "apt-get", "yum", "dnf", "zypper", "apk", "msiexec"})
_UNPACKERS: Final = frozenset({"tar", "bsdtar", "unzip", "7z", "7za", "gunzip", "gzip", "xz", "unxz", "zstd", "unzstd", "bunzip2", "bzip2", "cpio"})  # fmt: skip  # noqa: E501  a list of names


class Use(NamedTuple):
    """How the build uses an unverified download: "run", "executable", "installed" or "unpacked".

    `line` is the command, and `place` where it stands; None for the instruction.
    """

    at: At
    line: str
    place: Place | None
    how: str
    file: str


class _Last:
    """The uses in the last build that a rule asked about; two rules ask about one build in turn."""

    build: Build | None = None
    uses: tuple[Use, ...] = ()


def unchecked(build: Build) -> tuple[Use, ...]:
    """Every use of a download that is verified neither in its RUN nor in the RUN that uses it."""
    if _Last.build is not build:
        stages = build.stages if downloads(build) else ()
        uses = [use for stage in stages for use in _in_stage(stage)]
        if speaks_powershell(build):
            uses += [use for stage in build.stages for use in _in_powershell(build, stage)]
        _Last.uses = tuple(uses)
        _Last.build = build
    return _Last.uses


def _in_stage(stage: Stage) -> Iterator[Use]:
    fetched: set[str] = set()
    for index, run in enumerate(stage.instructions):
        if not isinstance(run, Run):
            continue
        if is_verified(run):
            # A check covers all earlier downloads: a RUN that checks one file usually checks all.
            fetched.clear()
            continue
        at: At = ("stages", stage.index, "instructions", index)
        for pipeline in run.script.every_pipeline():
            streams = False
            for command in pipeline.commands:
                if streams and _unpacks(command):
                    yield Use(at, line(command), known(command.place), "unpacked", "a download")
                    streams = False
                if len(pipeline.commands) > 1:
                    streams = passes_download(command, fed=streams)
                if command.name in DOWNLOADERS:
                    fetched.update(_base(file) for file in saved_as(command))
                elif (use := _use(command, fetched)) is not None:
                    fetched.discard(use[1])
                    yield Use(at, line(command), known(command.place), *use)


def _in_powershell(build: Build, stage: Stage) -> Iterator[Use]:
    """The uses in the PowerShell of a stage; a comparison of a hash covers its RUN and all downloads before it."""
    fetched: set[str] = set()
    for index, run in enumerate(stage.instructions):
        texts = tuple(powershell_of(build, run)) if isinstance(run, Run) else ()
        if any(compares_hash(text.text) for text in texts):
            fetched.clear()
            continue
        for text in texts:
            for used in follow_downloads(text.text, fetched):
                if used.how != "text":
                    at: At = ("stages", stage.index, "instructions", index)
                    written = mask(" ".join(text.text[used.start : used.end].split()))[:200]
                    yield Use(at, written, text.place(used.start, used.end), used.how, used.file)


def _use(command: Command, fetched: set[str]) -> tuple[str, str] | None:
    """How a command uses one of the fetched files."""
    if not command.words or not fetched:
        return None
    own = _base(command.words[0].text)
    if own in fetched and "/" in command.words[0].text:
        return "run", own
    name, words = program(command), command.arguments
    file = next((_base(word) for word in words if _base(word) in fetched), None)
    if file is None:
        return None
    if name in {"mv", "cp"} and len(words) > 1:
        fetched.add(_base(words[-1]))
        return None
    if name in INTERPRETERS | {"source", ".", "java"} and "-c" not in words:
        return "run", file
    if name == "chmod" and any(word in _MODES for word in words):
        return "executable", file
    if name == "install" and not {"-m644", "644", "0644", "-d"} & set(words):
        return "executable", file
    if name in _INSTALLERS or (name == "pip" and "install" in words):
        return "installed", file
    return ("unpacked", file) if _unpacks(command) else None


def _unpacks(command: Command) -> bool:
    """Whether a command unpacks an archive: it neither lists nor tests one."""
    name, words = program(command), command.arguments
    if name not in _UNPACKERS:
        return False
    if name in {"7z", "7za"}:
        return words[:1] not in {("l",), ("t",)}
    # The first word of tar is its options, with or without a hyphen; a word with other signs has a value.
    options = [word[1:] for word in words if word[:1] == "-" and word[1:].isalpha() and word[1] != "d"]
    options += words[:1] if name in {"tar", "bsdtar"} else ()
    lists = any(set("ltvZ" if name == "unzip" else "t") & set(option) for option in options)
    return not (lists or {"--list", "--test"} & set(words)) or any("x" in option for option in options)


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
