"""The values of --security-opt: one option, many fields."""

from __future__ import annotations

from typing import Any

from sealock.formats.runargs.scalars import boolean, holds_expansion


def security_option(text: str) -> tuple[tuple[str, Any], ...]:
    """Tell which field a security option sets, and to what. Docker takes `=` and, of old, `:` between the two."""
    if text in {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"}:
        return (("no_new_privileges", True),)
    key, equals, value = text.partition("=")
    if not equals:
        key, equals, value = text.partition(":")
    if not equals:
        if text == "disable":
            return (("selinux", "disable"),)
        msg = f'"{text}" is not a security option'
        raise ValueError(msg)
    match key:
        case "no-new-privileges":
            return (("no_new_privileges", boolean(value)),)
        case "seccomp":
            return (("seccomp", value),)
        case "apparmor":
            return (("apparmor", value),)
        case "label":
            return (("selinux", value),)
        case "systempaths":
            return (("unconfined_paths", value == "unconfined"),)
        case "unmask":
            return (("unconfined_paths", True),) if value.upper() == "ALL" or "/proc/*" in value else ()
        case "mask" | "proc-opts" | "credentialspec" | "writable-cgroups" | "privileged-without-host-devices":
            return ()
        case _ if holds_expansion(key):
            return ()
        case _:
            msg = f'"{text}" is not a security option'
            raise ValueError(msg)


def spell_security(slot: str, value: Any) -> tuple[str, str]:  # noqa: ANN401  each field has its type
    """Spell one of the fields that are security options."""
    match slot:
        case "no_new_privileges":
            text = "no-new-privileges" if value else "no-new-privileges=false"
        case "selinux":
            text = f"label={value}"
        case "unconfined_paths":
            text = "systempaths=unconfined"
        case _:
            text = f"{slot}={value}"
    return "security-opt", text
