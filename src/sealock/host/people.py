"""Who has an account here, who may use the engine, and what their clients are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.kernel.parsing import whole
from sealock.kernel.tree import Silence, Tree
from sealock.model.host import Login

_PERSON: Final = 1000
"""The first user id that distributions give to people."""
_MOST: Final = 2000
_GROUP: Final = "docker"
_CLIENTS: Final = re.compile(r"NOPASSWD:[^#\n]*?/(docker|podman|nerdctl|ctr|docker-compose)\b")
_CREDENTIALS: Final = ("auth", "password", "identitytoken", "registrytoken")


class People(Struct, frozen=True):
    """Accounts: names by id, home folders by name, members of the engine's group. `known` is false without passwd."""

    users: dict[int, str]
    groups: dict[int, str]
    homes: dict[str, str]
    members: tuple[str, ...]
    known: bool


def people(tree: Tree) -> People:
    """Read passwd and group; accounts that a directory service has are not in them."""
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
    members: list[str] = []
    for words in _rows(groups, 4):
        gid = whole(words[2])
        if gid is None:
            continue
        names.setdefault(gid, words[0])
        if words[0] == _GROUP:
            members += [one for one in words[3].split(",") if one]
            members += [name for name, own in primary.items() if own == gid and name not in members]
    return People(users, names, homes, tuple(members), isinstance(groups, str))


def _rows(held: str | Silence, width: int) -> Iterator[list[str]]:
    for line in (held if isinstance(held, str) else "").split("\n")[:100_000]:
        words = line.split(":")
        if len(words) == width:
            yield words


def logins(tree: Tree, who: People) -> tuple[Login, ...]:
    """Everybody who can use the engine without being root, and how."""
    found = [Login(name, "docker group", "/etc/group") for name in who.members if name != "root"]
    sources = ["etc/sudoers", *(f"etc/sudoers.d/{name}" for name in tree.names("etc/sudoers.d")[:_MOST])]
    for path in sources:
        held = tree.text(path)
        # A line that ends with a backslash goes on; an inclusion begins with "#include" and is no comment.
        text = held.replace("\\\n", " ") if isinstance(held, str) else ""
        for line in text.split("\n"):
            name = line.split(None, 1)[0] if line.strip() else "#"
            if not name.startswith("#") and _CLIENTS.search(line):
                found.append(Login(name, "sudo without password", f"/{path}"))
    return tuple(dict.fromkeys(found))


class _Server(Struct):
    host: str = msgspec.field(default="", name="Host")


class _Meta(Struct):
    endpoints: dict[str, _Server] = msgspec.field(default_factory=dict, name="Endpoints")


class _Config(Struct):
    auths: dict[str, Any] = {}


def clients(tree: Tree, who: People) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the clients' settings in home folders hold: files with passwords, and engines without certificates."""
    passwords: list[str] = []
    engines: list[str] = []
    for home in dict.fromkeys(list(who.homes.values())[:_MOST]):
        folder = f"{home}/.docker" if home else ".docker"
        if _holds_password(tree.text(f"{folder}/config.json")):
            passwords.append(f"/{folder}/config.json")
        meta = f"{folder}/contexts/meta"
        for name in tree.names(meta)[:_MOST]:
            host = _host(tree.text(f"{meta}/{name}/meta.json"))
            if host and not tree.there(f"{folder}/contexts/tls/{name}/docker"):
                engines.append(host)
    return tuple(passwords), tuple(dict.fromkeys(engines))


def _holds_password(held: str | Silence) -> bool:
    try:
        auths = msgspec.json.decode(held, type=_Config).auths if isinstance(held, str) else {}
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return any(isinstance(one, dict) and any(one.get(key) for key in _CREDENTIALS) for one in auths.values())


def _host(held: str | Silence) -> str:
    try:
        endpoints = msgspec.json.decode(held, type=_Meta).endpoints if isinstance(held, str) else {}
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ""
    return endpoints["docker"].host if "docker" in endpoints else ""
