"""Names in archives, made normal."""

from __future__ import annotations

from typing import Final

ODD_STARTS: Final = frozenset({"", "/", "."})


def is_normal(name: str) -> bool:
    """Whether a name surely is normal as it stands. Of others, few are."""
    return "/." not in name and "//" not in name and name[:1] not in ODD_STARTS and name[-1] != "/"


def normal(name: str) -> tuple[str, bool]:
    """The path that a name in an archive means, relative to the root, and whether the name led outside of it.

    As chroot(2) has it, the root's parent is the root itself.
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
