"""What goes to the terminal and to files, and in which dress."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Final, Self

from sealock import reports
from sealock.errors import UsageError
from sealock.model.report import Report
from sealock.targets.outputs import write_output

WIDTH: Final = 100
"""Columns of a terminal report at the most: longer lines are hard to read."""
ENDINGS: Final[Mapping[str, reports.ReportFormat]] = {
    ".json": "json",
    ".sarif": "sarif",
    ".xml": "junit",
    ".html": "html",
    ".htm": "html",
    ".txt": "terminal",
}


def width() -> int:
    """The columns to write in: the terminal's, $COLUMNS, or 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return max(40, min(int(given), WIDTH))
    try:
        return max(40, min(os.get_terminal_size(sys.stdout.fileno()).columns or 80, WIDTH))
    except (OSError, ValueError):
        return 80


def colour(choice: str) -> bool:
    """Whether to write in colours: as asked for, else where a person looks and has not declined."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def write(text: str, *, exact: bool = False) -> None:
    """Write to standard output: for people whatever characters its encoding lacks, `exact` for programs as UTF-8."""
    if exact:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
        sys.stdout.buffer.flush()
        return
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def complain(text: str) -> None:
    """Tell of an error on standard error, with what is not fit for a terminal escaped."""
    from sealock.text import visible  # noqa: PLC0415  seldom needed

    sys.stderr.write(f"sealock: {visible(text)}\n")


def close_output() -> None:
    """Send what is still to be flushed nowhere, after the reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def pairs(formats: list[reports.ReportFormat], outputs: list[str]) -> Iterator[tuple[reports.ReportFormat, str]]:
    """Pair each --format with its --output, in order; "" is standard output, which only one may have.

    A terminal report passes over a file whose ending tells of another format: nobody wants it in report.html.
    """
    left, paired = list(outputs), list[tuple[reports.ReportFormat, str]]()
    for name in formats:
        passed = name == "terminal" and left and _by_ending(left[0]) != "terminal"
        paired.append((name, left.pop(0) if left and not passed else ""))
    paired += [(_by_ending(output), output) for output in left]
    paired = [(name, "" if output == "-" else output) for name, output in paired or [("terminal", "")]]
    if sum(not output for _, output in paired) > 1:
        msg = "several formats cannot share standard output: give an --output for each but one"
        raise UsageError(msg)
    yield from paired


def _by_ending(output: str) -> reports.ReportFormat:
    return ENDINGS.get(os.path.splitext(output)[1].lower(), "terminal")  # noqa: PTH122  pathlib costs 10 ms


def tell(report: Report, arguments: Namespace, *, aside: bool = False) -> None:
    """Write a report in every format asked for; `aside` keeps it off standard output, which holds something else."""
    for name, output in pairs(arguments.format, arguments.output):
        if name == "terminal":
            text = reports.render(
                name,
                report,
                width=width() if not output else WIDTH,
                colour=colour(arguments.color) if not output else False,
                show_suppressed=arguments.show_suppressed,
                verbose=arguments.verbose,
                unicode=bool(output) or knows_unicode(),
                every=getattr(arguments, "all", False),
            )
        else:
            text = reports.render(name, _explained(report) if name in reports.EXPLAINING else report)
        if output:
            write_output(output, text)
        elif aside:
            sys.stderr.write(text)
        elif not (arguments.quiet and name == "terminal" and report.status == 0):
            write(text, exact=name != "terminal")


def knows_unicode() -> bool:
    """Whether standard output can show signs beyond ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _explained(report: Report) -> Report:
    """The report with the manual's pages of the rules that it speaks of."""
    from msgspec.structs import replace  # noqa: PLC0415  only for formats that explain

    from sealock.scan.manual import pages  # noqa: PLC0415  loads all rules

    found = {finding.rule for target in report.targets for finding in target.findings}
    return replace(report, pages={page.id: page for page in pages() if page.id in found})


class Progress:
    """Tells on standard error how far a run has come, once it takes more than a second and a person looks."""

    PATIENCE: Final = 1.0
    """Seconds."""

    def __init__(self, done: str, *, quiet: bool = False) -> None:
        self.done, self.count, self.shown = done, 0, 0.0
        self.on = not quiet and sys.stderr.isatty()
        self.start = monotonic()

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def __call__(self, name: str) -> None:
        """Count one more, the one that is about to begin."""
        self.count += 1
        now = monotonic()
        if self.on and now - self.start > self.PATIENCE and now - self.shown > 0.1:
            from sealock.text import visible  # noqa: PLC0415  only in long runs

            self.shown = now
            sys.stderr.write(f"\r\x1b[K{self.count} {self.done}; now {visible(name)[-60:]}")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        """Wipe the line."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
