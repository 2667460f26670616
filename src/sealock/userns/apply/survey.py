"""Gathers everything that a plan needs from the machine. It changes nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from sealock import formats
from sealock.errors import reason_of
from sealock.model.absent import given
from sealock.model.container import Container, Mount
from sealock.model.daemon import Daemon
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.runtime.engine import Engine
from sealock.runtime.kernel.tree import ProcTree, Silence
from sealock.userns.apply.engine import EngineFacts, engine_facts
from sealock.userns.apply.owners import ENTRIES, owners
from sealock.userns.apply.record import pending
from sealock.userns.plan import Bind, MachineFacts, Owned, PlannedContainer

CONFIG: Final = "etc/docker/daemon.json"
_LARGEST: Final = 8 << 20
_MOST_ENTRIES: Final = 1_000_000
"""The most entries of all directory trees together."""
_DIRECTORIES: Final = ("sss", "ldap", "winbind")
_WALK: Final = 0o001
_OTHERS: Final = 0o001


def survey(
    engine: Engine | None, root: str = "/", *, user: str = "", files: tuple[Document, ...] = (), each: bool = False
) -> MachineFacts:
    """Gather the facts; unknown ones stay None or empty, and the plan reports them.

    `user` is looked up in directory services too. `files` are compose files to plan for, instead of the engine's
    containers. `each` lists every file of directories that change owners.
    """
    facts = engine_facts(engine, root) if engine is not None else EngineFacts()
    tree = ProcTree(root)
    try:
        values = _machine(tree, root, user, facts.settings or CONFIG)
        kernel = values["kernel"]
        if facts.kernel and kernel and facts.kernel != kernel:
            facts.values["away"] = f"{facts.values.get('away') or 'in a virtual machine'}, Linux {facts.kernel}"
    finally:
        tree.close()
    values |= facts.values
    if files:
        services = [service for document in files for service in _services(document)]
        values["containers"] = tuple(runs for runs, _ in services)
        values["binds"] = tuple(bind for _, binds in services for bind in binds)
        values["files"] = tuple(document.source.name for document in files)
    if not values.get("away"):
        values["closed"] = tuple(_closed(root, values.get("data_root", "")))
        values["free"] = _free(values.get("data_root", ""), root)
        values["owned"] = tuple(_owned(values, root, each=each))
    return MachineFacts(**values)


def _machine(tree: ProcTree, root: str, user: str, settings: str) -> dict[str, Any]:
    accounts = dict(_accounts(tree.read_text("etc/passwd")))
    if user and user not in accounts and root == "/":
        accounts |= _directory_account(user)
    return {
        "kernel": tree.read_text("proc/sys/kernel/osrelease").strip(),
        "boot": tree.read_text("proc/cmdline"),
        "user_namespaces": tree.exists("proc/self/ns/user") if tree.exists("proc/self/ns") else None,
        "most_namespaces": _whole(tree.read_text("proc/sys/user/max_user_namespaces")),
        "unprivileged": _truth(tree.read_text("proc/sys/kernel/unprivileged_userns_clone")),
        "subuid": _file(tree.text("etc/subuid")),
        "subgid": _file(tree.text("etc/subgid")),
        "accounts": accounts,
        "groups": dict(_accounts(tree.read_text("etc/group"))),
        "directory": _directory(tree.read_text("etc/nsswitch.conf")),
        "settings": settings,
        "interrupted": pending(root),
        **_settings(root, settings),
    }


def _whole(text: str) -> int | None:
    word = text.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else None


def _truth(text: str) -> bool | None:
    number = _whole(text)
    return None if number is None else number != 0


def _file(text: str | Silence) -> str | None:
    return text if isinstance(text, str) else "" if text is Silence.MISSING else None


def _accounts(text: str) -> Iterator[tuple[str, int]]:
    for line in text.split("\n"):
        words = line.split(":")
        if len(words) > 2 and (number := _whole(words[2])) is not None:
            yield words[0], number


def _directory_account(user: str) -> dict[str, int]:
    """An account from a directory service."""
    try:
        return {user: pwd.getpwnam(user).pw_uid}
    except (KeyError, ValueError):
        return {}


def _directory(text: str) -> str:
    for line in text.split("\n"):
        name, _, rest = line.partition(":")
        if name.strip() == "passwd":
            return next((directory for directory in _DIRECTORIES if directory in rest.split("#")[0].split()), "")
    return ""


def read_settings(root: str, path: str) -> str | None:
    """The text of the engine's settings, following a link; None where there are none. OSError, ValueError."""
    # O_NONBLOCK: never wait for a pipe.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        with os.fdopen(os.open(os.path.join(root, path), flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                message = "it is not a regular file"
                raise ValueError(message)
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > _LARGEST:
        message = "it is too large"
        raise ValueError(message)
    return content.decode("utf-8", "strict")


def _settings(root: str, path: str) -> dict[str, Any]:
    try:
        text = read_settings(root, path)
    except OSError as error:
        return {"broken_settings": reason_of(error)}
    except ValueError as error:
        return {"broken_settings": "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)}
    noun, broken = settings_of(text)
    return {
        "remap_setting": given(noun.userns_remap, ""),
        "store_setting": dict(given(noun.features, ())).get("containerd-snapshotter"),
        "broken_settings": broken,
    }


def settings_of(text: str | None) -> tuple[Daemon, str]:
    """The settings in daemon.json, and its first error or ""."""
    document = formats.read("daemon", Source("daemon.json", text if text and text.strip() else "{}\n"))
    noun = next(document.nouns(Daemon), Daemon())
    return noun, document.errors[0].message if document.errors else ""


def _services(document: Document) -> Iterator[tuple[PlannedContainer, tuple[Bind, ...]]]:
    """The containers that a compose file or `docker run` lines declare, and their bind mounts."""
    directory = os.path.dirname(os.path.abspath(document.source.name))
    for subject in document.subjects:
        noun = subject.noun
        if not isinstance(noun, Container) or (document.kind == "run" and subject.partial):
            continue  # `exec`, `update` and `build` make no container
        name = subject.name.removeprefix("service ")
        mounts = tuple(_resolved(noun, directory))
        if isinstance(noun.mounts, tuple):
            noun = msgspec.structs.replace(noun, mounts=tuple(mount for mount, _ in mounts))
        binds = tuple(Bind(name, mount.source or "", mount.target, mount.read_only) for mount, bound in mounts if bound)
        yield PlannedContainer(name, noun, running=False), binds


def _resolved(noun: Container, directory: str) -> Iterator[tuple[Mount, bool]]:
    """The mounts with absolute sources, and whether each is a bind mount."""
    for mount in given(noun.mounts, ()):
        if mount.kind != "bind" or not mount.source:
            yield mount, False
        else:
            path = os.path.realpath(os.path.join(directory, os.path.expanduser(mount.source)))
            yield msgspec.structs.replace(mount, source=path), True


def _closed(root: str, data_root: str) -> Iterator[str]:
    """Directories above the engine's data that the mapped root cannot enter; the engine opens its own itself."""
    path = os.path.dirname(data_root)
    while path not in {"", "/"}:
        try:
            if not os.stat(os.path.join(root, path.lstrip("/"))).st_mode & _OTHERS:
                yield path
        except OSError:
            pass
        path = os.path.dirname(path)


def _free(path: str, root: str) -> int | None:
    try:
        return shutil.disk_usage(os.path.join(root, path.lstrip("/"))).free if path else None
    except OSError:
        return None


def _owned(values: dict[str, Any], root: str, *, each: bool) -> Iterator[Owned]:
    """Count the owners in all trees, bind mounts first, up to the limit of entries."""
    left = _MOST_ENTRIES
    for path in dict.fromkeys(_paths(values)):
        owned = owners(os.path.join(root, path.lstrip("/")), min(ENTRIES, left), each=each, reported=path)
        left = max(left - sum(count for _, _, count in owned.owners), 1)
        yield owned


def _paths(values: dict[str, Any]) -> Iterable[str]:
    for bind in values.get("binds", ()):
        yield bind.path
    for value in values.get("containers", ()):
        yield from (device.source for device in given(value.container.devices, ()))
    for volume in values.get("volumes", ()):
        if volume.path and volume.plain and volume.driver == "local":
            yield volume.path
