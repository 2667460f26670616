"""Accounts of the machine, who may use the engine, and the settings of their clients."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE
from sealock.model.host import Login
from sealock.patterns import compile_lazily
from sealock.runtime.kernel.procfiles import whole
from sealock.runtime.kernel.tree import ProcTree

_PERSON: Final = 1000
"""The first uid that distributions give to people."""
_MOST: Final = 2000
_GROUP: Final = "docker"
_CLIENTS: Final = frozenset({"docker", "docker-compose", "podman", "nerdctl", "ctr"})
_SCRIPTS: Final = (".profile", ".bashrc", ".bash_profile", ".zshrc", ".zshenv")
_ADDRESS: Final = compile_lazily(r"\bDOCKER_HOST=[\"']?(tcp://[^\s\"';]{1,300})")
_CREDENTIALS: Final = ("auth", "password", "identitytoken", "registrytoken")


class People(Struct, frozen=True):
    """Accounts: names by id, home directories by name, members of the engine's group.

    `known` is false where /etc/group could not be read.
    """

    users: dict[int, str]
    groups: dict[int, str]
    homes: dict[str, str]
    group: str
    """The name of that group."""
    members: tuple[str, ...]
    known: bool


def people(tree: ProcTree, socket_group: int = 0) -> People:
    """Read /etc/passwd and /etc/group, which lack the accounts of directory services.

    `socket_group` is the gid that may use the engine's socket; 0 takes the group named docker.
    """
    users: dict[int, str] = {}
    homes: dict[str, str] = {}
    primary: dict[str, int] = {}
    for words in _rows(tree.read_text("etc/passwd"), 7):
        uid, gid = whole(words[2]), whole(words[3])
        if uid is not None and gid is not None:
            users.setdefault(uid, words[0])
            primary[words[0]] = gid
            if uid == 0 or uid >= _PERSON:
                homes[words[0]] = words[5].strip("/")
    names: dict[int, str] = {}
    group = ""
    members: list[str] = []
    groups = tree.text("etc/group")
    for words in _rows(groups if isinstance(groups, str) else "", 4):
        gid = whole(words[2])
        if gid is None:
            continue
        names.setdefault(gid, words[0])
        if gid == socket_group if socket_group else words[0] == _GROUP:
            group = group or words[0]
            members += [name for name in words[3].split(",") if name]
            members += [name for name, own in primary.items() if own == gid]
    return People(users, names, homes, group or _GROUP, tuple(dict.fromkeys(members)), isinstance(groups, str))


def _rows(text: str, width: int) -> Iterator[list[str]]:
    for line in text.split("\n")[:100_000]:
        words = line.split(":")
        if len(words) == width:
            yield words


def logins(tree: ProcTree, who: People) -> tuple[Login, ...]:
    """The users who can use the engine without being root, and how."""
    users = [Login(name, f"{who.group} group", "/etc/group") for name in who.members if name != "root"]
    # sudo skips names that contain a dot or end with a tilde: backups of editors and package managers.
    names = [name for name in tree.names("etc/sudoers.d")[:_MOST] if "." not in name and not name.endswith("~")]
    lines: dict[str, list[list[str]]] = {}
    for path in ("etc/sudoers", *(f"etc/sudoers.d/{name}" for name in names)):
        lines[path] = list(_sudo_lines(tree.read_text(path)))
    clients = _client_aliases([words for rows in lines.values() for words in rows])
    for path, rows in lines.items():
        users += [
            Login(words[0], "sudo without password", f"/{path}")
            for words in rows
            if not words[0].endswith("_Alias") and words[0] != "Defaults" and _without_password(words[1:], clients)
        ]
    return tuple(dict.fromkeys(users))


def _sudo_lines(sudoers: str) -> Iterator[list[str]]:
    """The words of each line; a backslash at the end continues a line, and tags and commas are separate words."""
    for line in sudoers.replace("\\\n", " ").split("\n")[:100_000]:
        text = line.partition("#")[0]
        for sign, apart in ((",", " , "), ("=", " = "), (":", ": "), (")", ") ")):
            text = text.replace(sign, apart)
        words = text.split()
        if words and not words[0].startswith("@"):
            yield words


def _client_aliases(rows: list[list[str]]) -> frozenset[str]:
    """The command aliases that include a client."""
    aliases: set[str] = set()
    for words in rows:
        name = words[1] if words[0] == "Cmnd_Alias" and words[2:3] == ["="] else ""
        if name and any(_is_client(word, aliases) for word in words[3:]):
            aliases.add(name)
    return frozenset(aliases)


def _without_password(words: list[str], aliases: frozenset[str]) -> bool:
    """Whether a rule allows a client under NOPASSWD; a tag applies until its opposite."""
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
    """Client settings in home directories: files with passwords, and engines that are used without TLS."""
    passwords: list[str] = []
    scripts = [
        "etc/environment",
        "etc/profile",
        *(f"etc/profile.d/{name}" for name in tree.names("etc/profile.d")[:_MOST]),
    ]
    engines = [host for path in scripts for host in _exported(tree.read_text(path))]
    for home in dict.fromkeys(list(who.homes.values())[:_MOST]):
        directory = f"{home}/.docker" if home else ".docker"
        engines += [host for name in _SCRIPTS for host in _exported(tree.read_text(f"{home}/{name}".lstrip("/")))]
        if _has_password(tree.read_text(f"{directory}/config.json")):
            passwords.append(f"/{directory}/config.json")
        meta = f"{directory}/contexts/meta"
        for name in tree.names(meta)[:_MOST]:
            host = _host(tree.read_text(f"{meta}/{name}/meta.json"))
            if host and not tree.exists(f"{directory}/contexts/tls/{name}/docker"):
                engines.append(host)
    return tuple(passwords), tuple(dict.fromkeys(engines))


def _exported(script: str) -> list[str]:
    """The engines that a shell startup file uses without TLS."""
    rows = [line.split("#")[0] for line in script.split("\n") if "DOCKER_" in line]
    if any("DOCKER_TLS_VERIFY=" in row for row in rows):
        return []
    return [match[1] for row in rows for match in _ADDRESS.finditer(row)]


def _has_password(config: str) -> bool:
    try:
        auths = msgspec.json.decode(config, type=_Config).auths if config else {}
    except UNDECODABLE:
        return False
    return any(isinstance(auth, dict) and any(auth.get(key) for key in _CREDENTIALS) for auth in auths.values())


def _host(meta: str) -> str:
    try:
        endpoints = msgspec.json.decode(meta, type=_Meta).endpoints if meta else {}
    except UNDECODABLE:
        return ""
    return endpoints["docker"].host if "docker" in endpoints else ""
