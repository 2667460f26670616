"""Users and groups as the engine reads them."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.container import Container


def is_zero(text: str) -> bool:
    """Whether the engine reads this as the number 0: 0, 00, +0."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    return bool(digits) and not digits.strip("0")


def is_root(user: str) -> bool:
    """Whether "user", "user:group" or ":group" means the user root, in any spelling; the group does not count."""
    name = user.partition(":")[0].strip()
    return not name or name == "root" or is_zero(name) or name.lower() == "containeradministrator"


def is_caller(container: Container) -> bool:
    """Whether Podman runs the container as the ordinary user who starts it, whatever user its image has."""
    kind, _, options = str(given(container.userns, "")).partition(":")
    zero = any(is_zero(option.removeprefix("uid=")) for option in options.split(",") if option.startswith("uid="))
    return container.engine == "podman" and kind == "keep-id" and not zero and not given(container.user, "")


POWERFUL_GROUPS: Final = {
    "docker": "may control the engine, which amounts to root on the host",
    "disk": "may read and write the host's disks if their devices are passed",
    "shadow": "may read password hashes",
    "kmem": "may read the kernel's memory if its device is passed",
    "lxd": "may control LXD, which amounts to root on the host",
    "incus-admin": "may control Incus, which amounts to root on the host",
    "libvirt": "may control the host's virtual machines",
    "sudo": "may become root if sudo is installed",
    "wheel": "may become root if sudo is installed",
    "adm": "may read the logs",
}
