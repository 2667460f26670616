"""Looks at the machine for everything that a plan is made of. It changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from sealock import formats
from sealock.model.container import Container
from sealock.model.daemon import Daemon
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.runtime.engine import Engine
from sealock.runtime.kernel.tree import ProcTree, Silence
from sealock.userns.apply.engine import Asked, ask
from sealock.userns.apply.owners import ENTRIES, owners
from sealock.userns.apply.record import pending
from sealock.userns.plan import Bind, MachineFacts, Owned, Runs

CONFIG: Final = "etc/docker/daemon.json"
_LARGEST: Final = 8 << 20
_EVERYTHING: Final = 1_000_000
"""Entries of all folders together that are looked at."""
_DIRECTORIES: Final = ("sss", "ldap", "winbind")
_WALK: Final = 0o001
_OTHERS: Final = 0o001


def look(
    engine: Engine | None, root: str = "/", *, user: str = "", files: tuple[Document, ...] = (), each: bool = False
) -> MachineFacts:
    """Gather the facts; what cannot be read or asked stays None or empty, and the plan says so.

    `user` is looked up where accounts come from elsewhere too. `files` are compose files that are planned for in the
    place of what the engine runs. `each` lists every file of folders that change hands.
    """
    asked = ask(engine, root) if engine is not None else Asked()
    tree = ProcTree(root)
    try:
        values = _here(tree, root, user, asked.settings or CONFIG)
        kernel = values["kernel"]
        if asked.kernel and kernel and asked.kernel != kernel:
            asked.values["away"] = f"{asked.values.get('away') or 'in a machine of its own'}, Linux {asked.kernel}"
    finally:
        tree.close()
    values |= asked.values
    if files:
        read = [service for document in files for service in _services(document)]
        values["containers"] = tuple(runs for runs, _ in read)
        values["binds"] = tuple(bind for _, binds in read for bind in binds)
        values["files"] = tuple(document.source.name for document in files)
    if not values.get("away"):
        values["closed"] = tuple(_closed(root, values.get("data_root", "")))
        values["free"] = _free(values.get("data_root", ""), root)
        values["owned"] = tuple(_owned(values, root, each=each))
    return MachineFacts(**values)


def _here(tree: ProcTree, root: str, user: str, settings: str) -> dict[str, Any]:
    names = ("subuid", "subgid", "passwd", "group", "nsswitch.conf")
    files = {name: tree.text(f"etc/{name}") for name in names}
    accounts = dict(_accounts(files["passwd"]))
    if user and user not in accounts and root == "/":
        accounts |= _elsewhere(user)
    return {
        "kernel": _plain(tree.text("proc/sys/kernel/osrelease")).strip(),
        "boot": _plain(tree.text("proc/cmdline")),
        "user_namespaces": tree.exists("proc/self/ns/user") if tree.exists("proc/self/ns") else None,
        "most_namespaces": _whole(_plain(tree.text("proc/sys/user/max_user_namespaces"))),
        "unprivileged": _truth(_plain(tree.text("proc/sys/kernel/unprivileged_userns_clone"))),
        "subuid": _file(files["subuid"]),
        "subgid": _file(files["subgid"]),
        "accounts": accounts,
        "groups": dict(_accounts(files["group"])),
        "directory": _directory(_plain(files["nsswitch.conf"])),
        "settings": settings,
        "interrupted": pending(root),
        **_settings(root, settings),
    }


def _plain(held: str | Silence) -> str:
    return held if isinstance(held, str) else ""


def _whole(text: str) -> int | None:
    word = text.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else None


def _truth(text: str) -> bool | None:
    number = _whole(text)
    return None if number is None else number != 0


def _file(held: str | Silence) -> str | None:
    return held if isinstance(held, str) else "" if held is Silence.MISSING else None


def _accounts(held: str | Silence) -> Iterator[tuple[str, int]]:
    for line in _plain(held).split("\n"):
        words = line.split(":")
        if len(words) > 2 and (number := _whole(words[2])) is not None:
            yield words[0], number


def _elsewhere(user: str) -> dict[str, int]:
    """An account that a directory service tells of."""
    import pwd  # noqa: PLC0415  seldom needed

    try:
        return {user: pwd.getpwnam(user).pw_uid}
    except (KeyError, ValueError, OSError):
        return {}


def _directory(text: str) -> str:
    for line in text.split("\n"):
        name, _, rest = line.partition(":")
        if name.strip() == "passwd":
            return next((directory for directory in _DIRECTORIES if directory in rest.split("#")[0].split()), "")
    return ""


def read_settings(root: str, path: str) -> str | None:
    """The text of the engine's settings, a link being followed; None where there are none. OSError, ValueError."""
    # A pipe must not be waited for.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        with os.fdopen(os.open(os.path.join(root, path), flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                message = "it is no file"
                raise ValueError(message)
            held = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(held) > _LARGEST:
        message = "it is too large"
        raise ValueError(message)
    return held.decode("utf-8", "strict")


def _settings(root: str, path: str) -> dict[str, Any]:
    try:
        text = read_settings(root, path)
    except OSError as error:
        return {"broken_settings": error.strerror or str(error)}
    except ValueError as error:
        return {"broken_settings": "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)}
    noun, broken = settings_of(text)
    features = dict(noun.features) if isinstance(noun.features, tuple) else {}
    return {
        "remap_setting": noun.userns_remap if isinstance(noun.userns_remap, str) else "",
        "store_setting": features.get("containerd-snapshotter"),
        "broken_settings": broken,
    }


def settings_of(text: str | None) -> tuple[Daemon, str]:
    """What daemon.json says, and why it is not sound, "" where it is."""
    document = formats.read("daemon", Source("daemon.json", text if text and text.strip() else "{}\n"))
    noun = next((subject.noun for subject in document.subjects if isinstance(subject.noun, Daemon)), Daemon())
    return noun, document.errors[0].message if document.errors else ""


def _services(document: Document) -> Iterator[tuple[Runs, tuple[Bind, ...]]]:
    """The containers that a compose file, or a `docker run` line, asks for, and what of the host they mount."""
    folder = os.path.dirname(os.path.abspath(document.source.name))
    for subject in document.subjects:
        noun = subject.noun
        if not isinstance(noun, Container):
            continue
        name = subject.name.removeprefix("service ")
        mounts = tuple(_placed(noun, folder))
        values = [one for one, _ in mounts]
        if isinstance(noun.mounts, tuple):
            noun = msgspec.structs.replace(noun, mounts=tuple(values))
        binds = tuple(Bind(name, one.source or "", one.target, one.read_only) for one, bound in mounts if bound)
        yield Runs(name, noun, running=False), binds


def _placed(noun: Container, folder: str) -> Iterator[tuple[Any, bool]]:
    for mount in noun.mounts if isinstance(noun.mounts, tuple) else ():
        if mount.kind != "bind" or not mount.source:
            yield mount, False
            continue
        path = os.path.realpath(os.path.join(folder, os.path.expanduser(mount.source)))
        yield msgspec.structs.replace(mount, source=path), True


def _closed(root: str, data_root: str) -> Iterator[str]:
    """Folders above the engine's data that the mapped root cannot walk through; the engine opens its own itself."""
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
    """Look at all folders, those of binds first, until so many entries were seen that it must end."""
    left = _EVERYTHING
    for path in dict.fromkeys(_paths(values)):
        held = owners(os.path.join(root, path.lstrip("/")), min(ENTRIES, left), each=each, shown=path)
        left = max(left - sum(count for _, _, count in held.owners), 1)
        yield held


def _paths(values: dict[str, Any]) -> Iterable[str]:
    for bind in values.get("binds", ()):
        yield bind.path
    for value in values.get("containers", ()):
        devices = value.container.devices
        yield from (device.source for device in (devices if isinstance(devices, tuple) else ()))
    for volume in values.get("volumes", ()):
        if volume.path and volume.plain and volume.driver == "local":
            yield volume.path
