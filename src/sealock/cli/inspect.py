"""`sealock inspect`: one screen on a target."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from shlex import split
from typing import Final

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.limits import add_limits, limits
from sealock.cli.output import Progress, complain, page_style, print_output
from sealock.errors import TargetError, UsageError
from sealock.reports import bases, inspected
from sealock.runtime.containers import observe
from sealock.runtime.engine import connect
from sealock.runtime.inspect import as_json, inspect
from sealock.scan.settings import Settings
from sealock.targets.names import image_of

FORMATS: Final = ("terminal", "json", "files")
EPILOG: Final = """\
exit status:
  0  all of it could be read
  2  something could not be read, or the command line is wrong
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="a running container:NAME, pid:N or self (inside a container: that container); or an image archive "
        "(docker save, OCI), an OCI layout, a root file system (a directory or a tar), an image in a registry (REF or "
        "image:REF) or in the engine (docker:NAME)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="terminal",
        help="output format; files lists what the programs of an image need (default: terminal)",
    )
    parser.add_argument("--output", metavar="FILE", help="output file (default: standard output)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="the platform of a multi-platform index")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="of what runs: what each line means, the command that shows it, and what the seccomp filter blocks",
    )
    parser.add_argument("--start", default="", metavar="COMMAND", help="assume that the image starts this command")
    parser.add_argument(
        "--profile", default="", metavar="FILE", help="list the packages that this profile never saw in use instead"
    )
    parser.add_argument("--no-verify", action="store_true", help="do not check digests")
    parser.add_argument(
        "--engine", default="", metavar="WHERE", help="engine address or context (default: as Docker's client)"
    )
    add_cache(parser)
    add_limits(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where something could not be read."""
    kind, colon, rest = arguments.target.partition(":")
    if arguments.profile:
        return never_used(kind, rest, arguments)
    if arguments.target in LIVE or (colon and kind in LIVE):
        return running(kind, rest, arguments)
    inspect_image = KINDS.get(kind) if colon else None
    return inspect_image(rest, arguments) if inspect_image else image(arguments.target, arguments)


def image(target: str, arguments: Namespace) -> int:
    """Show what an image contains, what it needs of that, and which smaller base would do."""
    # Both import all analyzers, which a container does not need.
    from sealock.scan.baseimages import advised  # noqa: PLC0415  see above
    from sealock.scan.inventories import options_for  # noqa: PLC0415  see above

    settings = Settings(
        platform=arguments.platform,
        verify=not arguments.no_verify,
        cache=cache_directory(arguments),
        engine=arguments.engine,
        limits=limits(arguments),
    )
    opens = image_of(target)
    with Progress(quiet=arguments.quiet) as progress:
        advice = advised(opens, options_for(settings), _words(arguments.start), progress)
    if advice.others:
        complain(f"{target} has {len(advice.others) + 1} images; showing the first, not {'; '.join(advice.others)}")
    text = bases.render(
        arguments.format,
        advice.advice,
        **page_style(arguments.output, arguments.color),
    )
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    for error in advice.errors:
        complain(f"{error.location.file}: {error.message}")
    return 2 if advice.errors else 0


def never_used(kind: str, name: str, arguments: Namespace) -> int:
    """List the packages that a profile never saw in use, and what removing them would save."""
    from sealock.reports import unused  # noqa: PLC0415  most inspections have no profile
    from sealock.scan.unusedpackages import unused_packages  # noqa: PLC0415  loads all analyzers

    if arguments.format == "files" or kind in {"pid", "self"}:
        message = "--profile is for an image or a container:NAME, and goes with --format terminal or json"
        raise UsageError(message)
    settings = Settings(
        platform=arguments.platform,
        verify=not arguments.no_verify,
        cache=cache_directory(arguments),
        engine=arguments.engine,
        limits=limits(arguments),
        profile=arguments.profile,
        offline=True,
    )
    target = arguments.target if kind != "container" else f"docker:{_image_of(name, arguments.engine)}"
    with Progress(quiet=arguments.quiet) as progress:
        found = unused_packages(target, settings, progress)
    if arguments.format == "json":
        text = unused.as_json(found)
    else:
        text = unused.render(found, **page_style(arguments.output, arguments.color))
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    return 0


def _image_of(container: str, engine: str) -> str:
    """The id of a container's image."""
    with connect(engine) as client:
        observed = next(observe(client, (container,)))
    if not observed.image:
        message = f"the engine does not say which image container {container} is of"
        raise TargetError(message)
    return observed.image


def running(kind: str, name: str, arguments: Namespace) -> int:
    """Show what a container or process sees, may use and may do, as the kernel shows it."""
    if arguments.format == "files":
        message = "--format files is for images: it lists the files that an image needs to start its programs"
        raise UsageError(message)
    inspection = inspect(kind, name, arguments.engine, filters=arguments.explain)
    if arguments.format == "json":
        text = inspected.as_json(as_json(inspection))
    else:
        text = inspected.render(
            inspection,
            **page_style(arguments.output, arguments.color),
            explain=arguments.explain,
        )
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    return 0


LIVE: Final = ("container", "pid", "self")
"""Targets that run, which the kernel shows."""
KINDS: Final[dict[str, Callable[[str, Namespace], int]]] = {"archive": image, "rootfs": image}
"""The prefixes of image targets, each with its function; anything else is a path or a reference."""


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(split(text))
    except ValueError as error:
        message = f"--start {text!r} cannot be split into words: {error}"
        raise UsageError(message) from None
