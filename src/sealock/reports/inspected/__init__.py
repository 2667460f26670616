"""One screen on a running container: what it sees, may use and may do, and how that differs from what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.inspection import Inspection
from sealock.reports.inspected.explain import render_explained
from sealock.reports.inspected.head import render_differences, render_head, render_unseen
from sealock.reports.inspected.page import InspectionPage
from sealock.reports.inspected.permissions import render_permissions
from sealock.reports.inspected.resources import render_resources
from sealock.reports.inspected.view import render_view
from sealock.reports.jsontext import encode

FIELDS: Final = {
    "Root": ("read_only",),
    "Mounts": ("mounts", "volumes_from"),
    "Namespaces": ("pid", "ipc", "uts", "network_mode", "cgroupns", "userns"),
    "Users": ("user", "groups"),
    "Devices": ("devices", "device_rules"),
    "Kernel paths": ("unconfined_paths",),
    "Memory": ("memory", "memory_swap", "oom_kill_disable"),
    "CPUs": ("cpus", "cpuset_cpus", "cpuset_mems"),
    "Processes": ("pids_limit",),
    "Ulimits": ("ulimits",),
    "Capabilities": ("cap_add", "cap_drop", "privileged"),
    "System calls": ("seccomp",),
    "Privileges": ("no_new_privileges",),
    "Confined by": ("apparmor", "selinux"),
}
"""The fields of the effective view that a line shows, by its label."""
__all__ = ["as_json", "render"]


def as_json(plain: object) -> str:
    """Render what `sealock.runtime.inspect.as_json` gives as text."""
    return encode(plain) + "\n"


def render(
    inspection: Inspection, *, width: int = 80, colour: bool = False, unicode: bool = True, explain: bool = False
) -> str:
    """Render for a terminal of that width; `explain` adds what each line means and the command that shows it."""
    page = InspectionPage(max(width, 40), colour=colour, unicode=unicode)
    page.rules = _rules(inspection)
    parts: tuple[Iterator[str], ...] = (
        render_head(page, inspection),
        render_view(page, inspection),
        render_resources(page, inspection),
        render_permissions(page, inspection),
        render_differences(page, inspection),
        render_unseen(page, inspection),
        render_explained(page, inspection) if explain else iter(()),
    )
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


def _rules(inspection: Inspection) -> dict[str, tuple[str, ...]]:
    """The ids of rules by the label of the line that shows their field."""
    by_field = dict(inspection.rules)
    rules = {
        label: tuple(dict.fromkeys(rule for field in fields for rule in by_field.get(field, ())))
        for label, fields in FIELDS.items()
    }
    return {label: ids for label, ids in rules.items() if ids}
