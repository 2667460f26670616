"""What the page is about, what was declared and is not so, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.look import Look
from sealock.reports.ansi import INKS
from sealock.reports.inspected.page import Page
from sealock.text import fit, line, sentence, width, wrap

_ENGINES: Final = {"docker": "Docker", "podman": "Podman", "cri-o": "CRI-O", "kubernetes": "Kubernetes"}
_HOW: Final = {"mountinfo": " (by what is mounted)", "host name": " (by its host name alone)"}
_UNDECIDED: Final = 3


def head(page: Page, look: Look) -> Iterator[str]:
    """Name, image, id, process."""
    process, seen = look.enforced.process, look.enforced.name
    name = seen if seen.partition(":")[0] in {"pid", "container"} or seen == "self" else f"container:{seen}"
    shown = fit(line(name, 200), page.room - 8)
    bar = page.signs.rule * max(page.room - width(shown) - 4, 0)
    yield f"{page.paint('faint', page.signs.rule * 2)} {page.paint('bold', shown)} {page.paint('faint', bar)}"
    engine, here = given(process.container_engine, ""), given(process.container_id, "")
    if here:
        told = f"{_ENGINES.get(engine, engine) or 'container'} {here[:12]}{_HOW.get(given(process.id_source, ''), '')}"
    else:
        told = "in no container, as far as its control groups and mounts tell"
    parts = [look.image] if look.image else []
    inner = given(process.inner_pid, process.pid)
    inside = f", {inner} inside" if inner != process.pid else ""
    parts += [told, f"process {process.pid}{inside}"]
    for row in wrap(f" {page.signs.dot} ".join(line(part, 120) for part in parts), page.room - 2):
        yield f"  {row}"
    if isinstance(process.command, tuple):
        yield page.paint("faint", f"  {fit(line(' '.join(process.command), 300), page.room - 2)}")


def differences(page: Page, look: Look) -> Iterator[str]:
    """Declared against enforced."""
    if look.differences is None:
        return
    yield from page.heading("Declared and enforced", "where the engine's word and the kernel's differ")
    faults = [each for each in look.differences if each.severity is not None]
    for each in faults:
        assert each.severity is not None  # noqa: S101  as above
        lead = f"  {page.signs.of[each.severity]} {each.rule}  "
        for row in wrap(sentence(line(each.message)), page.room - width(lead)):
            yield page.paint(INKS[each.severity], lead) + row
            lead = " " * width(lead)
    if not faults:
        yield page.paint("green", f"  {page.signs.good} Nothing differs of what could be compared.")
    skip = {each.message: each.rule for each in look.differences if each.severity is None}
    for message, rule in list(skip.items())[:_UNDECIDED]:
        yield from page.row(f"? {rule}", f"not compared: {message}")
    if len(skip) > _UNDECIDED:
        yield from page.row("", f"and {len(skip) - _UNDECIDED} more that could not be compared")


def unseen(page: Page, look: Look) -> Iterator[str]:
    """What the kernel did not show."""
    if look.unseen:
        yield from page.heading("Not seen", "no verdict follows from it")
        for text in look.unseen:
            lead = "  ? "
            for row in wrap(line(text), page.room - 4):
                yield page.paint("magenta", lead) + row
                lead = "    "
