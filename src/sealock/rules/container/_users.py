"""Users and groups as the engine reads them."""

from __future__ import annotations

from typing import Final


def is_zero(text: str) -> bool:
    """Whether the engine reads this as the number 0: 0, 00, +0."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    return bool(digits) and not digits.strip("0")


def is_root(user: str) -> bool:
    """Whether "user", "user:group" or ":group" is root, in any spelling; a group of root alone is not."""
    name = user.partition(":")[0].strip()
    return not name or name == "root" or is_zero(name) or name.lower() == "containeradministrator"


POWERFUL_GROUPS: Final = {
    "docker": "may give the engine orders, which is to be root on the host",
    "disk": "may read and write the host's disks where it has their devices",
    "shadow": "may read password hashes",
    "kmem": "may read the kernel's memory where it has its device",
    "lxd": "may give LXD orders, which is to be root on the host",
    "incus-admin": "may give Incus orders, which is to be root on the host",
    "libvirt": "may give the host's virtual machines orders",
    "sudo": "may become root where sudo is there",
    "wheel": "may become root where sudo is there",
    "adm": "may read the logs",
}
