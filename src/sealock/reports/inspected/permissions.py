"""What a container may do: capabilities in words, filters, labels."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNSET, given
from sealock.model.capabilities import ALLOWS, DEFAULT, GRAVE, decoded
from sealock.model.look import Look
from sealock.model.process import Process
from sealock.reports.ansi import Ink
from sealock.reports.inspected.page import Page
from sealock.text import count


def doing(page: Page, look: Look) -> Iterator[str]:
    """The part of the page."""
    yield from page.heading("Do", "what the kernel lets it")
    process = look.enforced.process
    yield from _capabilities(page, look)
    yield from page.row("System calls", *_seccomp(process))
    match process.no_new_privileges:
        case True:
            yield from page.row("Privileges", "no program in it can gain any (no_new_privs)")
        case False:
            yield from page.row("Privileges", "programs with the setuid bit can gain them", "magenta")
        case _:
            pass
    yield from page.row("Confined by", *_label(process))
    if look.enforced.outside:
        pids = ", ".join(map(str, look.enforced.outside[:8]))
        yield from page.row("Outside", f"process {pids}: in its files, and not in its control groups", "red")


def _capabilities(page: Page, look: Look) -> Iterator[str]:
    process = look.enforced.process
    if not isinstance(process.bounding, int) or not isinstance(process.effective, int):
        yield from page.row("Capabilities", "could not be seen", "magenta")
        return
    holds = decoded(process.effective)
    # Without new privileges a program can have no more than this one has.
    kept = given(process.permitted, 0) | process.effective
    may = decoded(kept if process.no_new_privileges is True else process.bounding)
    if not may and not holds:
        yield from page.row("Capabilities", "none, and none can be gained", "green")
        return
    every = look.enforced.effective.cap_add == ("ALL",) and (bool(holds) or process.no_new_privileges is not True)
    if every and not holds:
        text, ink = "holds none; a setuid program in it can gain all of them, and be root on the host", "red"
    elif every:
        text, ink = "all of them: root on the host, unless something else stops it", "red"
    elif holds:
        text, ink = f"holds {len(holds)}", None
    else:
        text, ink = f"holds none; a setuid program in it can gain {len(may)}", None
    beyond = [name for name in may if name not in DEFAULT]
    fewer = "" if every else _beside(set(may), beyond)
    yield from page.row("Capabilities", text + fewer, ink)  # type: ignore[arg-type]  # one of the inks
    # All of them would fill the screen: then those are told that reach furthest.
    names = [name for name in may if name in GRAVE] if every else [*beyond, *(name for name in may if name in DEFAULT)]
    rows: list[tuple[str, str, Ink | None]] = [
        (name, ALLOWS.get(name, "newer than this table"), _ink(name)) for name in names
    ]
    yield from page.table("", rows)
    if every:
        yield from page.row("", f"and {len(may) - len(names)} more")


def _beside(may: set[str], beyond: list[str]) -> str:
    """Beside what Docker gives."""
    missing = len(DEFAULT - may)
    if not beyond and not missing:
        return ", those that Docker gives to every container"
    parts = [f"{count(len(beyond), 'one', 'of them')} more than Docker gives"] if beyond else []
    parts += [f"without {missing} of those that Docker gives"] if missing else []
    return f"; {', '.join(parts)}"


def _ink(name: str) -> Ink | None:
    return "red" if name in GRAVE else "magenta" if name not in DEFAULT else None


def _seccomp(process: Process) -> tuple[str, Ink | None]:
    match process.seccomp:
        case 0:
            return "not filtered: all of them", "red"
        case 1:
            return "read, write and exit alone (strict)", "green"
        case 2:
            number = process.seccomp_filters
            return (f"filtered, by {number} filters" if isinstance(number, int) and number > 1 else "filtered"), None
        case _:
            return "could not be seen", "magenta"


def _label(process: Process) -> tuple[str, Ink | None]:
    told = []
    if isinstance(process.apparmor, str):
        told.append(f"AppArmor: {process.apparmor}")
    if isinstance(process.selinux, str):
        told.append(f"SELinux: {process.selinux}")
    if told:
        return "; ".join(told), "red" if told == ["AppArmor: unconfined"] else None
    if process.apparmor is UNSET and process.selinux is UNSET:
        return "nothing: this kernel has neither AppArmor nor SELinux on", None
    return "could not be seen", "magenta"
