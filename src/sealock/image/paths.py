"""Paths in images: names of archives made normal, and symbolic links followed within the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ODD_STARTS: Final = frozenset({"", "/", "."})
MOST_LINKS: Final = 40
"""Maximum symbolic links that Linux follows in a path."""
_MOST_PARTS: Final = 4096


def is_normal(name: str) -> bool:
    """Whether a name is surely normal; most normal names pass."""
    return "/." not in name and "//" not in name and name[:1] not in ODD_STARTS and name[-1] != "/"


def normalize(name: str) -> tuple[str, bool]:
    """The normal path of a name in an archive, relative to the root, and whether the name led outside of the root.

    As in chroot(2), the root's parent is the root itself.
    """
    name = name.removeprefix("./").rstrip("/")
    if is_normal(name):
        return name, False
    parts: list[str] = []
    outside = False
    for part in name.split("/"):
        if part == "..":
            if parts:
                parts.pop()
            else:
                outside = True
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts), outside


def resolve(path: str, links: Mapping[str, str]) -> str | None:
    """The path after following every symbolic link in `path`, the last component's too.

    `links` maps the normal path of each symbolic link to its target as written. An absolute target starts at the
    image's root, and ".." stops there. None for a loop, or for more links than a kernel would follow.
    """
    pending = path.split("/")[::-1]
    done: list[str] = []
    followed = 0
    while pending:
        part = pending.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if done:
                done.pop()
            continue
        done.append(part)
        target = links.get("/".join(done))
        if target is None:
            continue
        followed += 1
        if followed > MOST_LINKS or len(pending) > _MOST_PARTS:
            return None
        done = [] if target.startswith("/") else done[:-1]
        pending += target.split("/")[::-1]
    return "/".join(done)
