"""`sealock inspect`: one screen on a target."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from shlex import split
from typing import Final

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, colour, complain, knows_unicode, width, write
from sealock.errors import UsageError
from sealock.targets.outputs import write_output

FORMATS: Final = ("terminal", "json")


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="an image archive (docker save, OCI), an OCI layout, a root file system (a folder or a tar), an image in "
        "its registry (REF or image:REF) or of the engine (docker:NAME); or what runs: container:NAME, pid:N, self (in "
        "a container: that one)",
    )
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="how to tell (default: terminal)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="which image of a multi-platform index")
    parser.add_argument("--start", default="", metavar="COMMAND", help="take this for what the image starts")
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    parser.add_argument(
        "--engine", default="", metavar="WHERE", help="which engine: an address or a context (default: Docker's own)"
    )
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where something could not be read."""
    kind, colon, rest = arguments.target.partition(":")
    if arguments.target in LIVE or (colon and kind in LIVE):
        return running(kind, rest, arguments)
    inspected = KINDS.get(kind) if colon else None
    return inspected(rest, arguments) if inspected else image(arguments.target, arguments)


def image(target: str, arguments: Namespace) -> int:
    """Tell what an image in a file or folder holds, what it needs of that, and which smaller base would do."""
    from sealock.reports import bases  # noqa: PLC0415  as above
    from sealock.scan.baseimages import advised  # noqa: PLC0415  other kinds of target do without
    from sealock.scan.inventories import options_for  # noqa: PLC0415  as above
    from sealock.scan.settings import Settings  # noqa: PLC0415  as above
    from sealock.targets.resolve import image_of  # noqa: PLC0415  as above

    settings = Settings(
        platform=arguments.platform,
        verify=not arguments.no_verify,
        cache=cache_directory(arguments),
        engine=arguments.engine,
        limits=limits(arguments),
    )
    opens = image_of(target)
    with Progress("layers read", quiet=arguments.quiet) as progress:
        found = advised(opens, options_for(opens, settings), _words(arguments.start), progress)
    if found.others:
        complain(f"{target} holds {len(found.others) + 1} images; the first is shown, not {'; '.join(found.others)}")
    text = bases.render(
        arguments.format,
        found.advice,
        width=width(),
        colour=colour(arguments.color) and not arguments.output,
        unicode=bool(arguments.output) or knows_unicode(),
    )
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format != "terminal")
    for error in found.errors:
        complain(f"{error.location.file}: {error.message}")
    return 2 if found.errors else 0


def running(kind: str, name: str, arguments: Namespace) -> int:
    """Tell what a container or process sees, may use and may do, as the kernel shows it."""
    from sealock.reports import inspected  # noqa: PLC0415  as above
    from sealock.runtime.inspect import as_json, inspect  # noqa: PLC0415  images do without the engine and the kernel

    found = inspect(kind, name, arguments.engine)
    if arguments.format == "json":
        text = inspected.as_json(as_json(found))
    else:
        text = inspected.render(
            found,
            width=width(),
            colour=colour(arguments.color) and not arguments.output,
            unicode=bool(arguments.output) or knows_unicode(),
        )
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format != "terminal")
    return 0


LIVE: Final = ("container", "pid", "self")
"""What runs, and is shown by the kernel."""
KINDS: Final[dict[str, Callable[[str, Namespace], int]]] = {"archive": image, "rootfs": image}
"""What stands before the colon of a target, and who inspects that kind; anything else is a path."""


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(split(text))
    except ValueError as error:
        message = f"--start {text!r} cannot be split into words: {error}"
        raise UsageError(message) from None
