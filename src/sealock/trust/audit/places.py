"""Looks for what leans on content trust: in files and folders, in this person's settings, on an engine."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from sealock.errors import EngineError, EngineRefusedError, TargetError
from sealock.runtime.engine import connect
from sealock.text import format_size
from sealock.trust.audit.kinds import Audited, NotaryDependence, ends_of
from sealock.trust.audit.texts import WORTH, find
from sealock.trust.notary.folder import TrustFolder, docker_folder

LARGEST: Final = 4 << 20
"""Bytes of a file that is looked at."""
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
_KEY_HEAD: Final = re.compile(rb"^(role|gun): ([^\r\n]{1,300})", re.MULTILINE)


def audit_path(path: str, skipped: Collection[str] = ()) -> Audited:
    """Look into a file, or into all text files below a folder; folders named in `skipped` are left out.

    TargetError where nothing is there.
    """
    if not os.path.lexists(path):
        msg = f"{path} is not there"
        raise TargetError(msg)
    found: list[NotaryDependence] = []
    errors: list[str] = []
    looked = 0
    for file in _files(path, skipped, errors.append):
        looked += 1
        if looked > _MOST_FILES:
            errors.append(f"{path} has more than {_MOST_FILES} files, and the rest were not looked at")
            break
        try:
            found += _file(file, all_of_it=file == path)
        except TargetError as error:
            errors.append(str(error))
    return Audited(path, tuple(found), tuple(errors), looked)


def audit_host(environment: Mapping[str, str]) -> Audited:
    """Look at what is set for this person and this machine: variables, settings, and Docker's folder of trust."""
    docker = docker_folder(environment)
    home = environment.get("HOME") or os.path.expanduser("~")
    found = list(_variables(environment))
    errors: list[str] = []
    looked = 0
    files = [*(os.path.join(home, name) for name in _HOME), str(docker / "config.json"), *_MACHINE]
    for file in files:
        if os.path.isfile(file):
            looked += 1
            try:
                found += _file(file, all_of_it=True)
            except TargetError as error:
                errors.append(str(error))
    for folder in (docker / "trust", os.path.join(home, ".notary")):
        try:
            kept = list(_kept(TrustFolder(docker.__class__(folder))))
        except (TargetError, OSError) as error:
            errors.append(str(error))
            continue
        looked += len(kept)
        found += kept
    return Audited("host", tuple(found), tuple(errors), looked)


def audit_engine(where: str = "") -> Audited:
    """Look at an engine's containers and images; EngineError where it cannot be reached."""
    found: list[NotaryDependence] = []
    errors: list[str] = []
    with connect(where) as engine:
        listed = engine.containers()
        if len(listed) > _MOST_CONTAINERS:
            errors.append(f"the engine has more than {_MOST_CONTAINERS} containers, and the rest were not looked at")
        names = {one.id: one.name for one in listed[:_MOST_CONTAINERS]}
        for key, said in engine.each(engine.container, names):
            if isinstance(said, EngineRefusedError):
                if said.status != 404:  # it was removed meanwhile
                    errors.append(str(said))
                continue
            found += _container(said, f"container {names[key]}")
        for tag in _tags(engine.images()):
            found += find(tag, "an image of the engine")
    return Audited(f"engine:{where}" if where else "engine", tuple(found), tuple(errors), len(names))


# Files.


def _files(path: str, skipped: Collection[str], report: Callable[[str], None]) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return

    def failed(error: OSError) -> None:
        report(f"{error.filename} could not be read: {error.strerror or error}")

    for folder, below, names in os.walk(path, onerror=failed):
        below[:] = sorted(one for one in below if one not in skipped)
        yield from (os.path.join(folder, name) for name in sorted(names))


def _file(path: str, *, all_of_it: bool) -> tuple[NotaryDependence, ...]:
    """Look into a file; TargetError where it cannot be read, or is named and too large."""
    try:
        # Without O_NONBLOCK the opening of a named pipe would wait for somebody to write.
        follow = 0 if all_of_it else os.O_NOFOLLOW
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | follow)
    except OSError as error:
        if not all_of_it and error.errno in {errno.ELOOP, errno.ENOENT, errno.ENXIO}:
            return ()  # a link, a socket, or removed meanwhile
        msg = f"{path} could not be read: {error.strerror or error}"
        raise TargetError(msg) from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            if all_of_it:
                msg = f"{path} is no regular file"
                raise TargetError(msg)
            return ()
        try:
            raw = file.read(LARGEST + 1)
        except OSError as error:
            msg = f"{path} could not be read: {error.strerror or error}"
            raise TargetError(msg) from None
    if b"\0" in raw[:8192]:
        return ()  # no text
    if len(raw) > LARGEST and (all_of_it or WORTH.search(raw)):
        msg = f"{path} is larger than {format_size(LARGEST)}, the most that is looked at"
        raise TargetError(msg)
    return find(raw.decode("utf-8", "replace"), path) if WORTH.search(raw) else ()


# This person and this machine.


def _variables(environment: Mapping[str, str]) -> Iterator[NotaryDependence]:
    for name in sorted(environment):
        if name.startswith("DOCKER_CONTENT_TRUST"):
            [*found] = find(f"{name}={environment[name]}", "the environment")
            for one in found:
                kind = "setting" if one.kind == "variable" else one.kind
                yield NotaryDependence(kind, one.where, one.what, ends=one.ends)


def _kept(folder: TrustFolder) -> Iterator[NotaryDependence]:
    """Repositories and keys in a folder of trust."""
    for count, gun in enumerate(sorted(folder.guns())):
        if count >= _MOST_REPOSITORIES:
            break
        hub = gun.startswith("docker.io/")
        ends = ends_of("repository", "notary.docker.io" if hub else gun)
        yield NotaryDependence("repository", str(folder.path), gun, ends=ends)
    for name, pem in folder.private_keys():
        head = {key.decode(): value.decode("utf-8", "replace") for key, value in _KEY_HEAD.findall(pem[:2000])}
        of = f" of {head['gun']}" if "gun" in head else ""
        yield NotaryDependence("key", str(folder.path), f"{head.get('role', 'a')} key {name[:12]}{of}")


# An engine.


def _container(said: str, where: str) -> Iterator[NotaryDependence]:
    try:
        table: Any = json.loads(said)
        settings = table.get("Config") or {}
        lines = [str(settings.get("Image", "")), *map(str, settings.get("Env") or ())]
        lines.append(" ".join(map(str, [*(settings.get("Entrypoint") or ()), *(settings.get("Cmd") or ())])))
    except (ValueError, AttributeError, TypeError, RecursionError):
        msg = f"{where}: what the engine says of it cannot be read"
        raise EngineError(msg) from None
    for line in lines:
        for one in find(line.replace("\n", " "), where):
            yield NotaryDependence(one.kind, where, one.what, ends=one.ends)


def _tags(said: str) -> list[str]:
    try:
        return sorted({str(tag) for row in json.loads(said) for tag in row.get("RepoTags") or ()})
    except (ValueError, AttributeError, TypeError, RecursionError):
        msg = "what the engine says of its images cannot be read"
        raise EngineError(msg) from None
