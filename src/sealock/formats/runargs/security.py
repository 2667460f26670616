"""The values of --security-opt, one option with several fields."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from sealock.formats.runargs.scalars import SettingValue, holds_expansion, invalid, parse_boolean

_POWERFUL: Final = tuple(
    path.split("/")
    for path in ("/proc/sys", "/proc/sysrq-trigger", "/proc/kcore", "/proc/keys", "/proc/bus", "/proc/irq", "/proc/fs")
)
"""What the engines mask, or mount read-only, and root in a container could take over the host by."""


def parse_security_option(text: str) -> tuple[tuple[str, SettingValue], ...]:
    """The field that a security option sets, and its value. Docker accepts `=` and the legacy `:` between them."""
    if text in {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}:
        return (("no_new_privileges", True),)
    key, equals, value = text.partition("=")
    if not equals:
        key, equals, value = text.partition(":")
    if not equals:
        if text == "disable":
            return (("selinux", "disable"),)
        raise invalid(text, "is not a security option")
    match key:
        case "no-new-privileges":
            return (("no_new_privileges", parse_boolean(value)),)
        case "seccomp":
            return (("seccomp", value),)
        case "apparmor":
            return (("apparmor", value),)
        case "label":
            return (("selinux", value),)
        case "systempaths":
            return (("unconfined_paths", value == "unconfined"),)
        case "unmask":
            return (("unconfined_paths", True),) if any(map(_unmasks, value.split(":"))) else ()
        case "mask" | "proc-opts" | "credentialspec" | "writable-cgroups" | "privileged-without-host-devices":
            return ()
        case _ if holds_expansion(key):
            return ()
        case _:
            raise invalid(text, "is not a security option")


def _unmasks(pattern: str) -> bool:
    """Whether a path or pattern of Podman's unmask opens the kernel's memory, settings or keys."""
    parts = pattern.rstrip("/").split("/")
    return pattern.upper() == "ALL" or any(
        len(parts) == len(path) and all(map(fnmatchcase, path, parts)) for path in _POWERFUL
    )


def spell_security(setting: str, value: SettingValue) -> tuple[str, str]:
    """Spell a field as a security option."""
    match setting:
        case "no_new_privileges":
            text = "no-new-privileges" if value else "no-new-privileges=false"
        case "selinux":
            text = f"label={value}"
        case "unconfined_paths":
            text = "systempaths=unconfined"
        case _:
            text = f"{setting}={value}"
    return "security-opt", text
