"""Who has an account here, who may use the engine, and what their clients are told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.model.host import Login
from sealock.runtime.kernel.procfiles import whole
from sealock.runtime.kernel.tree import ProcTree, Silence

_PERSON: Final = 1000
"""The first user id that distributions give to people."""
_MOST: Final = 2000
_GROUP: Final = "docker"
_CLIENTS: Final = frozenset({"docker", "docker-compose", "podman", "nerdctl", "ctr"})
_SCRIPTS: Final = (".profile", ".bashrc", ".bash_profile", ".zshrc", ".zshenv")
_ADDRESS: Final = re.compile(r"\bDOCKER_HOST=[\"']?(tcp://[^\s\"';]{1,300})")
_CREDENTIALS: Final = ("auth", "password", "identitytoken", "registrytoken")


class People(Struct, frozen=True):
    """Accounts: names by id, home folders by name, members of the engine's group. `known` is false without group."""

    users: dict[int, str]
    groups: dict[int, str]
    homes: dict[str, str]
    group: str
    """The name of that group."""
    members: tuple[str, ...]
    known: bool


def people(tree: ProcTree, socket_group: int = 0) -> People:
    """Read passwd and group; accounts that a directory service has are not in them.

    `socket_group` is the group that the engine's socket is open to, 0 where it is not known: it is then called docker.
    """
    users: dict[int, str] = {}
    homes: dict[str, str] = {}
    primary: dict[str, int] = {}
    passwd, groups = tree.text("etc/passwd"), tree.text("etc/group")
    for words in _rows(passwd, 7):
        uid, gid = whole(words[2]), whole(words[3])
        if uid is not None and gid is not None:
            users.setdefault(uid, words[0])
            primary[words[0]] = gid
            if uid == 0 or uid >= _PERSON:
                homes[words[0]] = words[5].strip("/")
    names: dict[int, str] = {}
    group = ""
    held: list[str] = []
    for words in _rows(groups, 4):
        gid = whole(words[2])
        if gid is None:
            continue
        names.setdefault(gid, words[0])
        if gid == socket_group if socket_group else words[0] == _GROUP:
            group = group or words[0]
            held += [part for part in words[3].split(",") if part]
            held += [name for name, own in primary.items() if own == gid]
    return People(users, names, homes, group or _GROUP, tuple(dict.fromkeys(held)), isinstance(groups, str))


def _rows(held: str | Silence, width: int) -> Iterator[list[str]]:
    for line in (held if isinstance(held, str) else "").split("\n")[:100_000]:
        words = line.split(":")
        if len(words) == width:
            yield words


def logins(tree: ProcTree, who: People) -> tuple[Login, ...]:
    """Everybody who can use the engine without being root, and how."""
    found = [Login(name, f"{who.group} group", "/etc/group") for name in who.members if name != "root"]
    # sudo passes over names with a dot or a tilde at the end, the leavings of editors and package managers.
    names = [name for name in tree.names("etc/sudoers.d")[:_MOST] if "." not in name and not name.endswith("~")]
    lines: dict[str, list[list[str]]] = {}
    for path in ("etc/sudoers", *(f"etc/sudoers.d/{name}" for name in names)):
        held = tree.text(path)
        lines[path] = list(_sudo_lines(held)) if isinstance(held, str) else []
    clients = _client_aliases([words for rows in lines.values() for words in rows])
    for path, rows in lines.items():
        found += [
            Login(words[0], "sudo without password", f"/{path}")
            for words in rows
            if not words[0].endswith("_Alias") and words[0] != "Defaults" and _without_password(words[1:], clients)
        ]
    return tuple(dict.fromkeys(found))


def _sudo_lines(held: str) -> Iterator[list[str]]:
    """The words of each line; one that ends with a backslash goes on, and tags and commas are words of their own."""
    for line in held.replace("\\\n", " ").split("\n")[:100_000]:
        text = line.partition("#")[0]
        for sign, apart in ((",", " , "), ("=", " = "), (":", ": "), (")", ") ")):
            text = text.replace(sign, apart)
        words = text.split()
        if words and not words[0].startswith("@"):
            yield words


def _client_aliases(rows: list[list[str]]) -> frozenset[str]:
    """The names that stand for commands of which one is a client."""
    found: set[str] = set()
    for words in rows:
        named = words[1] if words[0] == "Cmnd_Alias" and words[2:3] == ["="] else ""
        if named and any(_is_client(word, found) for word in words[3:]):
            found.add(named)
    return frozenset(found)


def _without_password(words: list[str], aliases: frozenset[str]) -> bool:
    """Whether a rule lets a client be run while the tag NOPASSWD holds: tags hold until their opposite comes."""
    free = False
    for word in words:
        if word in {"NOPASSWD:", "PASSWD:"}:
            free = word == "NOPASSWD:"
        elif free and _is_client(word, aliases):
            return True
    return False


def _is_client(word: str, aliases: Collection[str]) -> bool:
    return word in aliases or (word.startswith("/") and word.rpartition("/")[2] in _CLIENTS)


class _Server(Struct):
    host: str = msgspec.field(default="", name="Host")


class _Meta(Struct):
    endpoints: dict[str, _Server] = msgspec.field(default_factory=dict, name="Endpoints")


class _Config(Struct):
    auths: dict[str, Any] = {}


def clients(tree: ProcTree, who: People) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the clients' settings in home folders hold: files with passwords, and engines without certificates."""
    passwords: list[str] = []
    scripts = [
        "etc/environment",
        "etc/profile",
        *(f"etc/profile.d/{name}" for name in tree.names("etc/profile.d")[:_MOST]),
    ]
    engines = [host for path in scripts for host in _exported(tree.text(path))]
    for home in dict.fromkeys(list(who.homes.values())[:_MOST]):
        folder = f"{home}/.docker" if home else ".docker"
        engines += [host for name in _SCRIPTS for host in _exported(tree.text(f"{home}/{name}".lstrip("/")))]
        if _holds_password(tree.text(f"{folder}/config.json")):
            passwords.append(f"/{folder}/config.json")
        meta = f"{folder}/contexts/meta"
        for name in tree.names(meta)[:_MOST]:
            host = _host(tree.text(f"{meta}/{name}/meta.json"))
            if host and not tree.exists(f"{folder}/contexts/tls/{name}/docker"):
                engines.append(host)
    return tuple(passwords), tuple(dict.fromkeys(engines))


def _exported(held: str | Silence) -> list[str]:
    """The engines that a shell's start names and talks to without TLS."""
    text = held if isinstance(held, str) else ""
    rows = [line.split("#")[0] for line in text.split("\n") if "DOCKER_" in line]
    if any("DOCKER_TLS_VERIFY=" in row for row in rows):
        return []
    return [found[1] for row in rows for found in _ADDRESS.finditer(row)]


def _holds_password(held: str | Silence) -> bool:
    try:
        auths = msgspec.json.decode(held, type=_Config).auths if isinstance(held, str) else {}
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return any(isinstance(auth, dict) and any(auth.get(key) for key in _CREDENTIALS) for auth in auths.values())


def _host(held: str | Silence) -> str:
    try:
        endpoints = msgspec.json.decode(held, type=_Meta).endpoints if isinstance(held, str) else {}
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ""
    return endpoints["docker"].host if "docker" in endpoints else ""
