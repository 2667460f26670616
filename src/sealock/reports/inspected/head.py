"""The head of the page, the differences between declared and effective, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.inspection import Inspection
from sealock.reports.ansi import INKS
from sealock.reports.inspected.page import InspectionPage
from sealock.text import fit, line, sentence, width, wrap

_ENGINES: Final = {"docker": "Docker", "podman": "Podman", "cri-o": "CRI-O", "kubernetes": "Kubernetes"}
_HOW: Final = {"mountinfo": " (by its mounts)", "host name": " (only by its host name)"}
_UNDECIDED: Final = 3


def render_head(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """Name, image, id, process."""
    process, name = inspection.enforced.process, inspection.enforced.name
    if name != "self" and name.partition(":")[0] not in {"pid", "container"}:
        name = f"container:{name}"
    title = fit(line(name, 200), page.room - 8)
    yield page.headline(title)
    engine, container = given(process.container_engine, ""), given(process.container_id, "")
    identity = "in no container, by its cgroups and mounts"
    if container:
        how = _HOW.get(given(process.id_source, ""), "")
        identity = f"{_ENGINES.get(engine, engine) or 'container'} {container[:12]}{how}"
    parts = [inspection.image] if inspection.image else []
    inner = given(process.inner_pid, process.pid)
    inside = f", {inner} inside" if inner != process.pid else ""
    parts += [identity, f"process {process.pid}{inside}"]
    for row in wrap(f" {page.signs.dot} ".join(line(part, 120) for part in parts), page.room - 2):
        yield f"  {row}"
    if command := given(process.command, ()):
        yield page.paint("faint", f"  {fit(line(' '.join(command), 300), page.room - 2)}")


def render_differences(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """Where declared and effective differ."""
    if inspection.differences is None:
        return
    yield from page.heading("Declared and effective", "where the engine and the kernel differ")
    differs = False
    for difference in inspection.differences:
        if difference.severity is None:
            continue
        differs = True
        lead = f"  {page.signs.of[difference.severity]} {difference.rule}  "
        for row in wrap(sentence(line(difference.message)), page.room - width(lead)):
            yield page.paint(INKS[difference.severity], lead) + row
            lead = " " * width(lead)
    if not differs:
        yield page.paint("green", f"  {page.signs.good} No differences in what could be compared.")
    skipped = {
        difference.message: difference.rule for difference in inspection.differences if difference.severity is None
    }
    for message, rule in list(skipped.items())[:_UNDECIDED]:
        yield from page.row(f"? {rule}", f"not compared: {message}")
    if len(skipped) > _UNDECIDED:
        yield from page.row("", f"and {len(skipped) - _UNDECIDED} more that could not be compared")


def render_unseen(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """What could not be read."""
    if inspection.unseen:
        yield from page.heading("Not read", "sealock checked nothing that depends on it")
        for text in inspection.unseen:
            lead = "  ? "
            for row in wrap(line(text), page.room - 4):
                yield page.paint("magenta", lead) + row
                lead = "    "
