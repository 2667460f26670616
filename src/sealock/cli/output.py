"""Writes reports and messages to the terminal and to files."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import suppress
from errno import EBADF
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict

from sealock.cli.streams import discard
from sealock.errors import OutputError, UsageError, reason_of
from sealock.targets.outputs import write_output
from sealock.text import read_number, visible

if TYPE_CHECKING:
    from sealock.model.report import Report
    from sealock.reports import ReportFormat

WIDTH: Final = 100
"""The widest terminal report, in columns: longer lines are hard to read."""
EXTENSIONS: Final[Mapping[str, ReportFormat]] = {
    ".json": "json",
    ".sarif": "sarif",
    ".xml": "junit",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".txt": "terminal",
}


def width() -> int:
    """The width of the terminal, in columns: $COLUMNS, the terminal's own, or 80."""
    if given := read_number(os.environ.get("COLUMNS", "")):
        return max(40, min(given, WIDTH))
    try:
        return max(40, min(os.get_terminal_size(sys.stdout.fileno()).columns or 80, WIDTH))
    except (OSError, ValueError):
        return 80


def colour(choice: str) -> bool:
    """Whether to write in colours: by choice, else to a terminal unless NO_COLOR is set."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


class PageStyle(TypedDict):
    """How to lay out a page: its width in columns, and whether colours and characters beyond ASCII can be shown."""

    width: int
    colour: bool
    unicode: bool


def page_style(output: str | None, choice: str) -> PageStyle:
    """How to lay out a page for a file, or for standard output where there is none; `choice` is that of --color."""
    if output:
        return PageStyle(width=WIDTH, colour=False, unicode=True)
    return PageStyle(width=width(), colour=colour(choice), unicode=knows_unicode())


def print_output(text: str | Iterator[str], output: str | None, *, exact: bool = False) -> None:
    """Write to a file, or to standard output where there is none, as `write` does; the text may come in pieces."""
    if output:
        write_output(output, text)
    else:
        write(text, exact=exact)


def write(text: str | Iterator[str], *, exact: bool = False) -> None:
    """Write to standard output, escaping characters that its encoding lacks; `exact` writes UTF-8, for programs.

    The text may come in pieces. OutputError where that fails.
    """
    pieces = (text,) if isinstance(text, str) else text
    try:
        if exact:
            sys.stdout.flush()
            for piece in pieces:
                sys.stdout.buffer.write(piece.encode("utf-8", "surrogatepass"))
            sys.stdout.buffer.flush()
            return
        encoding = sys.stdout.encoding or "utf-8"
        for piece in pieces:
            sys.stdout.write(piece.encode(encoding, "backslashreplace").decode(encoding))
    except OSError as error:
        raise output_error(error) from None


def output_error(error: OSError) -> OutputError:
    """What to raise where standard output fails; what its buffer holds is discarded."""
    discard(sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        # The reader has enough (`| head`).
        return OutputError()
    return OutputError(_cause("standard output", error))


def _cause(stream: str, error: OSError) -> str:
    if error.errno == EBADF:
        return f"{stream} is closed"
    return f"{stream} could not be written: {reason_of(error)}"


def complain(text: str) -> None:
    """Print an error on standard error, with control characters escaped and secrets masked: it may quote a file."""
    from sealock.secrets.values import mask  # noqa: PLC0415  most runs print no error

    comment(f"sealock: {visible(mask(text))}\n")


def comment(text: str) -> None:
    """Write to standard error. Where that fails the text is lost: the exit status has to do without it."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr.fileno())


def pairs(formats: list[ReportFormat], outputs: list[str]) -> Iterator[tuple[ReportFormat, str]]:
    """Pair each --format with its --output, in order; "" is standard output, which only one may have.

    A terminal report skips a file with another format's extension, such as report.html.
    """
    left, paired = list(outputs), list[tuple["ReportFormat", str]]()
    for name in formats:
        skips = name == "terminal" and left and EXTENSIONS.get(_extension(left[0]), "terminal") != "terminal"
        paired.append((name, left.pop(0) if left and not skips else ""))
    paired += [(_by_extension(output), output) for output in left]
    paired = [(name, "" if output == "-" else output) for name, output in paired or [("terminal", "")]]
    if sum(not output for _, output in paired) > 1:
        msg = "several formats cannot share standard output: give an --output for each but one"
        raise UsageError(msg)
    yield from paired


def _by_extension(output: str) -> ReportFormat:
    """The format that a file's extension selects; a name without one (/dev/stderr) gets the terminal report."""
    extension = _extension(output)
    if extension and extension not in EXTENSIONS:
        msg = f"--output {output}: {extension} selects no format: use one of {', '.join(EXTENSIONS)}, or give --format"
        raise UsageError(msg)
    return EXTENSIONS.get(extension, "terminal")


def _extension(output: str) -> str:
    return os.path.splitext(output)[1].lower()  # noqa: PTH122  pathlib costs 10 ms


def write_reports(report: Report, arguments: Namespace, *, stdout_taken: bool = False) -> None:
    """Write a report in each requested format; `stdout_taken` sends it to standard error instead of standard output."""
    from sealock import reports  # noqa: PLC0415  15 ms, which commands without a report do without

    for name, output in pairs(arguments.format, arguments.output):
        text: str | Iterator[str]
        if name == "terminal":
            text = reports.render(
                name,
                report,
                **page_style(output, arguments.color),
                show_suppressed=arguments.show_suppressed,
                verbose=arguments.verbose,
                every=getattr(arguments, "all", False),
            )
        else:
            text = reports.pieces(name, _explained(report) if name in reports.EXPLAINING else report)
        if name == "github":
            _summarise(report)
        if stdout_taken and not output:
            _write_to_stderr(text)
        elif output or not (arguments.quiet and name == "terminal" and report.status == 0 and not report.fails):
            print_output(text, output, exact=name != "terminal")


def _summarise(report: Report) -> None:
    """Append the Markdown report to the file that GitHub shows as the job's summary. Failing at it fails no run."""
    if not (path := os.environ.get("GITHUB_STEP_SUMMARY", "")):
        return
    from sealock import reports  # noqa: PLC0415  as above

    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as handle:  # noqa: PTH123  pathlib costs 10 ms
            handle.write(reports.render("markdown", report))
    except OSError as error:
        complain(f"the summary {path} could not be written: {reason_of(error)}")


def _write_to_stderr(text: str | Iterator[str]) -> None:
    try:
        sys.stderr.writelines((text,) if isinstance(text, str) else text)
        sys.stderr.flush()
    except OSError as error:
        discard(sys.stderr.fileno())
        raise OutputError(_cause("standard error", error)) from None


def knows_unicode() -> bool:
    """Whether standard output can show characters beyond ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _explained(report: Report) -> Report:
    """The report with the manual's pages of its rules."""
    from msgspec.structs import replace  # noqa: PLC0415  as above

    from sealock.scan.manual import pages  # noqa: PLC0415  loads all rules

    rules = {finding.rule for target in report.targets for finding in target.findings}
    return replace(report, pages={page.id: page for page in pages() if page.id in rules})


class Progress:
    """Shows what a run does on a terminal's standard error, once it takes more than a second.

    With a `total`, each step is one of so many things called `noun`.
    """

    PATIENCE: Final = 1.0
    """Seconds."""

    def __init__(self, noun: str = "", total: int = 0, *, quiet: bool = False) -> None:
        self.noun, self.total, self.count, self.printed = noun, total, 0, 0.0
        self.on = not quiet and sys.stderr.isatty() and os.name == "posix"
        self.start = monotonic()
        self._name = ""
        self._former: Any = None
        """What an alarm did before."""

    def __enter__(self) -> Self:
        """Start the clock."""
        if self.on:
            import signal  # noqa: PLC0415  only for a terminal

            # The first step may be the long one. A thread would keep an image's layers from being read in processes.
            self._former = signal.signal(signal.SIGALRM, lambda *_: self._print())
            signal.setitimer(signal.ITIMER_REAL, self.PATIENCE)
        return self

    def __call__(self, name: str) -> None:
        """Begin the next step."""
        self.count += 1
        self._name = name
        now = monotonic()
        if self.on and now - self.start > self.PATIENCE and now - self.printed > 0.1:
            self._print()

    def _print(self) -> None:
        if not self._name:
            return
        self.printed = monotonic()
        step = f"{self.noun} {min(self.count, self.total)} of {self.total}" if self.total else "now"
        text = f"\r\x1b[K{step}: {visible(self._name)[-60:]} ({self.printed - self.start:.0f} s)"
        with suppress(OSError):  # by the descriptor: an alarm may come while the stream is written
            os.write(sys.stderr.fileno(), text.encode(errors="replace"))

    def __exit__(self, *_: object) -> None:
        """Wipe the line."""
        if self.on:
            import signal  # noqa: PLC0415  as above

            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._former or signal.SIG_DFL)
        if self.printed:
            comment("\r\x1b[K")
