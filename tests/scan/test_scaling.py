"""Every text format takes work and memory in proportion to its size, in every dimension that its grammar has.

One row is one dimension: a text of n parts. It goes through a whole check, rules and policy included: with n parts to
load what it needs, and measured with 2n and 4n. Work is counted in lines of sealock's own that run and memory in bytes that it allocates: never in seconds.
A format without rows fails here; so does a lock file.
"""

from __future__ import annotations

import tracemalloc
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from sealock import formats
from sealock.inventory.selection import Selection
from sealock.model.report import Report
from sealock.reports import render
from sealock.scan.lockfiles import readers
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.shell import parse_short
from support.linecount import lines_run
from support.scalingrows import COPIED, FORMATS, LOCK_FILES, REFUSED, WRITTEN_BY_SEALOCK, Made, Maker

PARTS: Final = 40
"""n: what a text repeats. A part has some ten characters, a run some hundred lines of its own for each."""
WORK: Final = 2.45
"""Linear work doubles, quadratic work grows fourfold; a quarter above is where a fifth of it is quadratic."""
MEMORY: Final = 2.9
"""Peaks of memory have steps where tables double their size."""
NOISE: Final = 400_000
"""Bytes below which memory is what a run takes in any case."""


ROWS: Final = [
    pytest.param(name, make, id=f"{kind}: {dimension}")
    for kind, (name, dimensions) in FORMATS.items()
    for dimension, make in dimensions.items()
]


def made(directory: Path, name: str, content: Made) -> str:
    """Write the files, and return the target: the one file, or the directory of several."""
    for path, text in ({name: content} if isinstance(content, str) else content).items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
    files = {name: content} if isinstance(content, str) else content
    main = next(iter(files))
    return (
        str(directory / main)
        if len(files) == 1 or main != "compose.yaml" or "sealock.toml" not in files
        else str(directory)
    )


def run(target: str) -> Report:
    report = check(target, settings=Settings(vulnerabilities=False, environment={}))
    assert all("internal error" not in error.message for part in report.targets for error in part.errors)
    render("json", report)
    return report


@pytest.mark.untraced
@pytest.mark.parametrize(("name", "make"), ROWS)
def test_work_and_memory_grow_with_the_text(tmp_path: Path, name: str, make: Maker) -> None:
    work: list[int] = []
    memory: list[int] = []
    for times in (1, 2, 4):
        directory = tmp_path / str(times)
        directory.mkdir()
        target = made(directory, name, make(PARTS * times))
        if times == 1:
            run(target)  # loads modules and fills caches
            continue
        tracemalloc.start()
        run(target)
        memory.append(tracemalloc.get_traced_memory()[1] + NOISE)
        tracemalloc.stop()
        parse_short.cache_clear()  # what was parsed before costs nothing
        work.append(lines_run(partial(run, target)))
    assert work[1] / work[0] < WORK, work
    assert memory[1] / memory[0] < MEMORY, memory


@pytest.mark.untraced
@pytest.mark.parametrize(("files", "words"), REFUSED.values(), ids=REFUSED)
def test_what_multiplies_is_refused(tmp_path: Path, files: dict[str, str], words: str) -> None:
    assert peak_of_refused(tmp_path, files, words) < 200_000_000


@pytest.mark.parametrize("files", COPIED.values(), ids=COPIED)
def test_entries_that_services_copy_are_refused(
    tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit as it is costs seconds, so that one row above reaches it."""
    monkeypatch.setattr("sealock.formats.compose.loader._MOST_COPIED", 2_000)
    words = "the services take more than 2000 entries from files and by extends"
    assert peak_of_refused(tmp_path, files, words) < 40_000_000


def peak_of_refused(directory: Path, files: dict[str, str], words: str) -> int:
    """The most bytes that a check allocates which ends with this error."""
    tracemalloc.start()
    report = run(made(directory, "", files))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    errors = [error.message for part in report.targets for error in part.errors]
    assert any(words in error for error in errors), errors
    assert report.status == 2
    return peak


def test_an_include_that_fans_out_is_read_once(tmp_path: Path) -> None:
    """Three times the same at each of thirty levels: it would never end."""
    files = {f"c{n}.yaml": f"include: [c{n + 1}.yaml, c{n + 1}.yaml, c{n + 1}.yaml]\n" for n in range(30)}
    files["c30.yaml"] = "services:\n  a:\n    image: b:1\n    privileged: true\n"
    report = run(made(tmp_path, "", {"compose.yaml": files["c0.yaml"], **files}))
    assert [finding.rule for finding in report.targets[0].findings].count("C001") == 1


def test_words_that_variables_add_are_bounded(tmp_path: Path) -> None:
    text = "#!/bin/bash\nA=(" + "-e a " * 200 + ")\n" + 'docker run "${A[@]}" alpine\n' * 200
    report = run(made(tmp_path, "a.sh", text))
    reasons = {skipped.subject for skipped in report.targets[0].skipped}
    assert "docker run alpine (line 202)" in reasons


@pytest.mark.parametrize(
    "text",
    [
        "alias d='docker run" + " -e a" * 200 + "'\n" + "d alpine\n" * 200,
        "C='docker run" + ' -e "a"' * 200 + " alpine'\n" + 'eval "$C"\n' * 200,
        "C='docker run" + " -e a" * 200 + " alpine'\n" + "$C\n" * 200,
    ],
    ids=["an alias", "evaluated", "a variable"],
)
def test_a_command_that_does_not_fit_is_named(tmp_path: Path, text: str) -> None:
    report = run(made(tmp_path, "a.sh", "#!/bin/bash\n" + text))
    (target,) = report.targets
    assert any("(line 201)" in skipped.subject for skipped in target.skipped), target.skipped[-3:]


def test_every_format_has_rows() -> None:
    assert {*formats.MODULES} - WRITTEN_BY_SEALOCK == {*FORMATS} - {"lock file", "policy"}


def test_every_lock_file_has_rows() -> None:
    names = {name for make in LOCK_FILES.values() for name in make(1)}
    assert {
        reader.name for reader in readers() if not any(Selection((reader,)).by_path(name) for name in names)
    } == set()
