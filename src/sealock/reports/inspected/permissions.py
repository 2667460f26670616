"""What a container may do: capabilities, seccomp, AppArmor and SELinux."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNSET, given
from sealock.model.capabilities import ALLOWS, DEFAULT, GRAVE, decoded
from sealock.model.inspection import Inspection
from sealock.model.process import Process
from sealock.reports.ansi import Ink
from sealock.reports.inspected.page import InspectionPage


def render_permissions(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """The section "Do"."""
    yield from page.heading("Do", "what the kernel allows it")
    process = inspection.enforced.process
    yield from _capabilities(page, inspection)
    yield from page.row("System calls", *_seccomp(process))
    match process.no_new_privileges:
        case True:
            yield from page.row("Privileges", "no program in it can gain any (no_new_privs)")
        case False:
            yield from page.row("Privileges", "setuid programs in it can gain them", "magenta")
        case _:
            pass
    yield from page.row("Confined by", *_label(process))
    if inspection.enforced.outside:
        pids = ", ".join(map(str, inspection.enforced.outside[:8]))
        yield from page.row("Outside", f"process {pids}: in its mount namespace, but not in its cgroup", "red")


def _capabilities(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    process = inspection.enforced.process
    if not isinstance(process.bounding, int) or not isinstance(process.effective, int):
        yield from page.row("Capabilities", "unknown", "magenta")
        return
    holds = decoded(process.effective)
    # With no_new_privs a program can have no more than this one has.
    kept = given(process.permitted, 0) | process.effective
    may = decoded(kept if process.no_new_privileges is True else process.bounding)
    if not may and not holds:
        yield from page.row("Capabilities", "none, and none can be gained", "green")
        return
    every = inspection.enforced.effective.cap_add == ("ALL",) and (bool(holds) or process.no_new_privileges is not True)
    if every and not holds:
        text, ink = "holds none; a setuid program in it can gain all of them, and be root on the host", "red"
    elif every:
        text, ink = "all of them: root on the host, unless something else stops it", "red"
    elif holds:
        text, ink = f"holds {len(holds)}", None
    else:
        text, ink = f"holds none; a setuid program in it can gain {len(may)}", None
    beyond = [name for name in may if name not in DEFAULT]
    compared = "" if every else _compared(set(may), beyond)
    yield from page.row("Capabilities", text + compared, ink)  # type: ignore[arg-type]  # one of the inks
    # All of them would fill the screen, so it shows only the most powerful.
    names = [name for name in may if name in GRAVE] if every else [*beyond, *(name for name in may if name in DEFAULT)]
    rows: list[tuple[str, str, Ink | None]] = [
        (name, ALLOWS.get(name, "newer than this table"), _ink(name)) for name in names
    ]
    yield from page.pairs("", rows)
    if every:
        yield from page.row("", f"and {len(may) - len(names)} more")


def _compared(may: set[str], beyond: list[str]) -> str:
    """The difference from Docker's default set."""
    missing = len(DEFAULT - may)
    if not beyond and not missing:
        return ", Docker's default set"
    parts = [f"{len(beyond)} more than Docker's default"] if beyond else []
    parts += [f"without {missing} of Docker's default"] if missing else []
    return f"; {', '.join(parts)}"


def _ink(name: str) -> Ink | None:
    return "red" if name in GRAVE else "magenta" if name not in DEFAULT else None


def _seccomp(process: Process) -> tuple[str, Ink | None]:
    match process.seccomp:
        case 0:
            return "all allowed (no seccomp filter)", "red"
        case 1:
            return "only read, write and exit (seccomp strict mode)", "green"
        case 2:
            number = process.seccomp_filters
            several = isinstance(number, int) and number > 1
            return f"filtered by {f'{number} seccomp filters' if several else 'seccomp'}", None
        case _:
            return "unknown", "magenta"


def _label(process: Process) -> tuple[str, Ink | None]:
    labels = []
    if isinstance(process.apparmor, str):
        labels.append(f"AppArmor: {process.apparmor}")
    if isinstance(process.selinux, str):
        labels.append(f"SELinux: {process.selinux}")
    if labels:
        return "; ".join(labels), "red" if labels == ["AppArmor: unconfined"] else None
    if process.apparmor is UNSET and process.selinux is UNSET:
        return "nothing: neither AppArmor nor SELinux is active on this machine", None
    return "unknown", "magenta"
