"""Names in archives, made normal."""

from __future__ import annotations


def normal(name: str) -> tuple[str, bool]:
    """The path that a name in an archive means, relative to the root, and whether the name led outside of it.

    As chroot(2) has it, the root's parent is the root itself.
    """
    name = name.removeprefix("./")
    name = name.rstrip("/") if name.endswith("/") else name
    if "//" not in name and "/." not in name and name[:1] not in {"/", ".", ""}:
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
