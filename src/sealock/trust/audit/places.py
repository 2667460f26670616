"""Finds dependences on content trust: in files and directories, in this user's settings, on an engine."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sealock.errors import EngineError, EngineRefusedError, TargetError, reason_of
from sealock.net.userdirectories import docker_directory, home_directory
from sealock.patterns import compile_lazily
from sealock.runtime.engine import connect
from sealock.targets.projects import link_out
from sealock.text import format_size
from sealock.trust.audit.kinds import Audited, NotaryDependence, ends_of
from sealock.trust.audit.texts import WORTH, find
from sealock.trust.notary.directory import TrustDirectory

LARGEST: Final = 4 << 20
"""Maximum bytes of a file."""
_MOST_FILES: Final = 200_000
_MOST_REPOSITORIES: Final = 10_000
_MOST_CONTAINERS: Final = 10_000
_HOME: Final = (
    ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile", ".config/fish/config.fish",
    ".notary/config.json",
)  # fmt: skip
_MACHINE: Final = (
    "/etc/environment",
    "/etc/profile",
    "/etc/bash.bashrc",
    "/etc/docker/daemon.json",
    "/etc/default/docker",
)
_KEY_HEAD: Final = compile_lazily(rb"^(role|gun): ([^\r\n]{1,300})", re.MULTILINE)


def audit_path(path: str, skipped: Collection[str] = ()) -> Audited:
    """Audit a file, or all text files in a directory, without directories named in `skipped`.

    TargetError where the path does not exist.
    """
    if not os.path.lexists(path):
        msg = f"{path} does not exist"
        raise TargetError(msg)
    found: list[NotaryDependence] = []
    errors: list[str] = []
    looked = 0
    for file in _files(path, skipped, errors.append):
        looked += 1
        if looked > _MOST_FILES:
            errors.append(f"{path} has more than {_MOST_FILES} files; the rest were not read")
            break
        try:
            found += _file(file, named=file == path)
        except TargetError as error:
            errors.append(str(error))
    return Audited(path, tuple(found), tuple(errors), looked)


def audit_host(environment: Mapping[str, str]) -> Audited:
    """Audit this user and this machine: variables, settings, and Docker's trust directory."""
    docker = docker_directory(environment)
    home = home_directory(environment)
    found = list(_variables(environment))
    errors: list[str] = []
    looked = 0
    files = [*(os.path.join(home, name) for name in _HOME), str(docker / "config.json"), *_MACHINE]
    for file in files:
        if os.path.isfile(file):
            looked += 1
            try:
                found += _file(file, named=True)
            except TargetError as error:
                errors.append(str(error))
    for directory in (docker / "trust", Path(home) / ".notary"):
        try:
            stored = list(_stored(TrustDirectory(directory)))
        except (TargetError, OSError) as error:
            errors.append(str(error))
        else:
            looked += len(stored)
            found += stored
    return Audited("host", tuple(found), tuple(errors), looked)


def audit_engine(where: str = "") -> Audited:
    """Audit an engine's containers and images; EngineError where it cannot be reached."""
    found: list[NotaryDependence] = []
    errors: list[str] = []
    with connect(where) as engine:
        listed = engine.containers()
        if len(listed) > _MOST_CONTAINERS:
            errors.append(f"the engine has more than {_MOST_CONTAINERS} containers; the rest were not read")
        names = {container.id: container.name for container in listed[:_MOST_CONTAINERS]}
        for key, answer in engine.each(engine.container, names):
            if isinstance(answer, EngineRefusedError):
                if answer.status != 404:  # it was removed meanwhile
                    errors.append(str(answer))
                continue
            found += _container(answer, f"container {names[key]}")
        for tag in _tags(engine.images()):
            found += find(tag, "an image of the engine")
    return Audited(f"engine:{where}" if where else "engine", tuple(found), tuple(errors), len(names))


# Files.


def _files(path: str, skipped: Collection[str], report: Callable[[str], None]) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return

    def failed(error: OSError) -> None:
        report(f"{error.filename} could not be read: {reason_of(error)}")

    for directory, below, names in os.walk(path, onerror=failed):
        below[:] = sorted(name for name in below if name not in skipped)
        yield from (os.path.join(directory, name) for name in sorted(names))


def _file(path: str, *, named: bool) -> tuple[NotaryDependence, ...]:
    """Audit a file; TargetError where it cannot be read, or is too large. `named`: the user named this file."""
    if named and (why := link_out(path)):
        msg = f"{why}, and was not read: name the file itself"
        raise TargetError(msg)
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        follow = 0 if named else os.O_NOFOLLOW
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | follow)
    except OSError as error:
        if not named and error.errno in {errno.ELOOP, errno.ENOENT, errno.ENXIO}:
            return ()  # a link, a socket, or removed meanwhile
        msg = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(msg) from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            if named:
                msg = f"{path} is not a regular file"
                raise TargetError(msg)
            return ()
        try:
            raw = file.read(LARGEST + 1)
        except OSError as error:
            msg = f"{path} could not be read: {reason_of(error)}"
            raise TargetError(msg) from None
    if b"\0" in raw[:8192]:
        return ()  # not a text
    if len(raw) > LARGEST and (named or WORTH.search(raw)):
        msg = f"{path} is larger than {format_size(LARGEST)}, the limit"
        raise TargetError(msg)
    return find(raw.decode("utf-8", "replace"), path) if WORTH.search(raw) else ()


# This user and this machine.


def _variables(environment: Mapping[str, str]) -> Iterator[NotaryDependence]:
    for name in sorted(environment):
        if name.startswith("DOCKER_CONTENT_TRUST"):
            for each in find(f"{name}={environment[name]}", "the environment"):
                kind = "setting" if each.kind == "variable" else each.kind
                yield NotaryDependence(kind, each.where, each.what, ends=each.ends)


def _stored(directory: TrustDirectory) -> Iterator[NotaryDependence]:
    """Yield the repositories and keys in a trust directory."""
    for gun in sorted(directory.guns())[:_MOST_REPOSITORIES]:
        hub = gun.startswith("docker.io/")
        ends = ends_of("repository", "notary.docker.io" if hub else gun)
        yield NotaryDependence("repository", str(directory.path), gun, ends=ends)
    for file in directory.private_keys():
        head = {key.decode(): value.decode("utf-8", "replace") for key, value in _KEY_HEAD.findall(file.pem[:2000])}
        role, gun = head.get("role") or file.role or "a", head.get("gun") or file.gun
        yield NotaryDependence("key", str(directory.path), f"{role} key {file.id[:12]}{f' of {gun}' if gun else ''}")


# An engine.


def _container(answer: str, where: str) -> Iterator[NotaryDependence]:
    try:
        table: Any = json.loads(answer)
        settings = table.get("Config") or {}
        lines = [str(settings.get("Image", "")), *map(str, settings.get("Env") or ())]
        lines.append(" ".join(map(str, [*(settings.get("Entrypoint") or ()), *(settings.get("Cmd") or ())])))
    except (ValueError, AttributeError, TypeError, RecursionError):
        msg = f"{where}: the engine's answer cannot be read"
        raise EngineError(msg) from None
    for line in lines:
        for each in find(line.replace("\n", " "), where):
            yield NotaryDependence(each.kind, where, each.what, ends=each.ends)


def _tags(answer: str) -> list[str]:
    try:
        return sorted({str(tag) for row in json.loads(answer) for tag in row.get("RepoTags") or ()})
    except (ValueError, AttributeError, TypeError, RecursionError):
        msg = "the engine's list of images cannot be read"
        raise EngineError(msg) from None
