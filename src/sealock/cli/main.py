"""The command line: runs a command and turns its errors into an exit status."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from sealock import __version__
from sealock.cli.streams import discard, open_streams


def start() -> int:
    """Run the command line as a program, and return its exit status.

    An error that no command expects ends with 2: Python's own status for it, 1, would say "findings".
    """
    # Modules and texts make many objects that stay: looking for garbage after each 700 takes 5 ms of a start.
    gc.set_threshold(10_000)
    try:
        open_streams()
        status = main()
    except KeyboardInterrupt:
        status = 130
    except BaseException as error:  # noqa: BLE001  a panic of a library in Rust is no Exception
        status = 2
        _report_internal_error(error)
    # What cannot be flushed now would fail again when the interpreter exits, and change the status.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            discard(stream.fileno())
    # At exit the interpreter looks for garbage among all objects; sparing it the live ones takes an eighth off a cold
    # check of one Dockerfile (128 against 145 ms).
    gc.freeze()
    return status


def _report_internal_error(error: BaseException) -> None:
    """Print an unexpected error on one line, or with its traceback where SEALOCK_TRACEBACK is set."""
    with suppress(OSError):
        if os.environ.get("SEALOCK_TRACEBACK"):
            from traceback import print_exception  # noqa: PLC0415  only for internal errors

            print_exception(error)
            hint = ""
        else:
            hint = " (for a traceback set SEALOCK_TRACEBACK=1)"
        if isinstance(error, ImportError):
            sys.stderr.write(f"sealock: a part of sealock cannot be loaded: {error}; install sealock again{hint}\n")
        else:
            sys.stderr.write(f"sealock: internal error of sealock: {error!r}{hint}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = sys.argv[1:] if words is None else words
    if list(words) == ["--version"]:
        sys.stdout.write(f"sealock {__version__}\n")
        status = 0
    else:
        status = _run(words)
    try:
        sys.stdout.flush()
    except OSError as error:
        from sealock.cli.output import complain, output_error  # noqa: PLC0415  --version does without

        if message := str(output_error(error)):
            complain(message)
        return 2
    return status


def _run(words: Sequence[str]) -> int:
    from sealock.cli.output import complain  # noqa: PLC0415  --version does without
    from sealock.cli.parsers import parse, refuse_file_names  # noqa: PLC0415  as above
    from sealock.errors import SealockError  # noqa: PLC0415  as above

    try:
        refuse_file_names(words[1:])
        arguments = parse(words)
    except SystemExit as end:
        # argparse printed the help or an error.
        return int(end.code or 0)
    except SealockError as error:
        complain(str(error))
        return 2
    try:
        os.getcwd()  # noqa: PTH109  pathlib costs 10 ms
    except FileNotFoundError:
        # It would look like an empty directory.
        complain("the working directory was removed: change to one that exists")
        return 2
    try:
        status: int = import_module(f"sealock.cli.{arguments.command}").run(arguments)
    except SealockError as error:
        # No text: the reader of standard output left, who misses nothing.
        if str(error):
            complain(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    return status
